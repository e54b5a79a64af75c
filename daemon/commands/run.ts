import { existsSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { type App, openApp } from '../app/app.ts';
import { InvalidRules } from '../app/foundation.ts';
import { configPath } from '../app/paths.ts';
import { tryIt } from '../app/try-it.ts';
import { problemText } from '../core/problem-text.ts';
import { EXIT } from '../core/failure.ts';
import type { Registry } from '../core/types.ts';
import { check, checkCommand } from './check.ts';
import type { CommonOptions, Terminal } from './terminal.ts';

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
  let app: App | undefined;
  // Before it runs there is nothing to reload, but the signal must not kill it either.
  const offHangup = terminal.onHangup(() => void app?.reload());
  try {
    app = await openApp({ config, terminal, version, check: validate });
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

/**
 * For V8. The heap grows by half of what lives in it, not by all, before what is dead is collected: a backlog of a million then
 * takes a sixth less memory. What runs often is compiled to machine code after half as long, and long functions no later than
 * short ones: the first ten thousand events take a seventh less of the processor, and the later ones as much as before.
 */
const ENGINE = ['--heap-growing-percent=50', '--interrupt-budget=33000', '--bytecode-size-allowance-per-tick=400'];

/** Once everything runs: Node's own modules and threads come compiled for the flags that the process began with, and what is loaded under other ones is compiled anew. */
function tuneEngine(): void {
  for (const flag of ENGINE) setFlagsFromString(flag);
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}
