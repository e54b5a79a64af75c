import { existsSync } from 'node:fs';
import { type App, openApp } from '../../app/app.ts';
import { InvalidRules } from '../../app/open-state.ts';
import { configPath } from '../../app/paths.ts';
import { tryIt } from '../../app/demo-rules.ts';
import { problemText } from '../../core/problems/problem-text.ts';
import { EXIT } from '../../core/problems/failure.ts';
import type { Registry } from '../../core/compile/registry.ts';
import { check, checkCommand } from './rules/check.ts';
import { tuneEngine } from '../engine.ts';
import type { CommonOptions, Terminal } from '../render/terminal.ts';

export interface RunOptions extends CommonOptions {
  readonly tryIt?: boolean;
}

/** The daemon, in the foreground, until a signal or a failure of the machine ends it. */
export async function runCommand(
  terminal: Terminal,
  version: string,
  registry: Registry,
  options: RunOptions,
): Promise<number> {
  const config = configPath(options.config, terminal.env, terminal.cwd, existsSync);
  const validate = (path?: string) =>
    check({ paths: [path ?? config], env: terminal.env, cwd: terminal.cwd, registry });
  const reload = (running: App): void =>
    void running.reload().catch((error: unknown) => {
      terminal.stderr.write(`belfry: the rules could not be reloaded: ${(error as Error).message}\n`);
    });
  let app: App | undefined;
  let isReloadDue = false;
  const offHangup = terminal.onHangup(() => {
    if (app === undefined) isReloadDue = true;
    else reload(app);
  });
  try {
    app = await openApp({ config, terminal, version, check: validate });
    if (isReloadDue) reload(app);
    tuneEngine();
    if (options.tryIt) terminal.stdout.write(tryIt(app, terminal.env));
    const failure = await Promise.race([app.failed, aborted(terminal.interrupted)]);
    if (failure !== undefined) terminal.stderr.write(`belfry: ${failure.message}\n`);
    await app.stop(failure === undefined);
    return failure?.exit ?? EXIT.ok;
  } catch (error) {
    if (!(error instanceof InvalidRules)) throw error;
    terminal.stderr.write(`belfry: ${error.message}\n\n`);
    const code = await checkCommand({ paths: [config], format: 'text', registry, terminal });
    if (code !== EXIT.ok) return code;
    // They load, but their tests speak against them.
    for (const problem of error.problems) terminal.stdout.write(`${problemText(problem, undefined)}\n\n`);
    return error.exit;
  } finally {
    offHangup();
  }
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}
