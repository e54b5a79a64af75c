import { existsSync } from 'node:fs';
import { openApp } from '../app/app.ts';
import { configPath } from '../app/paths.ts';
import { tryIt } from '../app/try-it.ts';
import { EXIT } from '../core/failure.ts';
import { problemText } from '../core/problem-text.ts';
import type { CommonOptions, Terminal } from './terminal.ts';

export interface RunOptions extends CommonOptions {
  readonly tryIt?: boolean;
}

/** The daemon, in the foreground, until a signal or a failure of the machine ends it. */
export async function runCommand(terminal: Terminal, version: string, options: RunOptions): Promise<number> {
  const config = configPath(options.config, terminal.env, terminal.cwd, existsSync);
  const opened = await openApp({ config, terminal, version });
  if (opened.kind === 'invalid') {
    for (const problem of opened.problems)
      terminal.stderr.write(`${problemText(problem, opened.sourceOf(problem.file))}\n`);
    terminal.stderr.write(
      `belfry: the rules at ${config} do not load (${opened.problems.length} problems); nothing was touched\n`,
    );
    return EXIT.config;
  }
  const { app } = opened;
  if (options.tryIt) terminal.stdout.write(tryIt(app, terminal));
  const offHangup = terminal.onHangup(() => void app.reload());
  const failure = await Promise.race([app.failed, aborted(terminal.interrupted)]);
  offHangup();
  if (failure !== undefined) terminal.stderr.write(`belfry: ${failure.message}\n`);
  await app.stop(failure === undefined);
  return failure?.exit ?? EXIT.ok;
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}
