import type { App } from '../../../app/app.ts';
import { EXIT, type Problem } from '../../../core/problems/failure.ts';
import { problemText } from '../../../core/problems/problem-text.ts';
import type { Clock } from '../../../lib/time/clock.ts';
import { LONG_GRACE_MS, type Verb } from '../../context.ts';
import type { CommonOptions, Terminal } from '../../render/terminal.ts';
import { checkAndReport } from '../rules/check.ts';

interface RunOptions extends CommonOptions {
  readonly tryIt?: boolean;
  readonly strict?: boolean;
}

export const verb: Verb = (program, { terminal, version, clock, config, run }) => {
  program
    .command('run')
    .description('run the daemon in the foreground')
    .option('--strict', 'end with 78 when the rules do not load, also if their last good version is kept')
    .option('--try-it', 'print commands to try at the start')
    .action((options: RunOptions) =>
      run(() => runDaemon({ terminal, version, clock, config: config(options) }, options), LONG_GRACE_MS),
    );
};

interface RunDeps {
  readonly terminal: Terminal;
  readonly version: string;
  readonly clock: Clock;
  readonly config: string;
}

/** Runs the daemon in the foreground until a signal or a failure of the machine ends it. */
async function runDaemon({ terminal, version, clock, config }: RunDeps, options: RunOptions): Promise<number> {
  const [{ openApp }, { InvalidRules }, { check }, { registry }] = await Promise.all([
    import('../../../app/app.ts'),
    import('../../../app/state/invalid-rules.ts'),
    import('../../check-rules.ts'),
    import('../../registry.ts'),
  ]);
  const validate = (paths: readonly string[] = [config]) =>
    check({ paths, env: terminal.env, cwd: terminal.cwd, registry, now: clock.now(), names: 'absolute' });
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
    app = await openApp({ config, terminal, version, clock, check: validate, strict: options.strict === true });
    if (isReloadDue) reload(app);
    if (options.tryIt) {
      const { tryIt } = await import('../../../app/starter/demo-rules.ts');
      terminal.stdout.write(await tryIt(app, terminal.env));
    }
    const failure = await Promise.race([app.failed, aborted(terminal.interrupted)]);
    if (failure !== undefined) terminal.stderr.write(`belfry: ${failure.message}\n`);
    await app.stop(failure === undefined);
    return failure?.exit ?? EXIT.ok;
  } catch (error) {
    if (!(error instanceof InvalidRules)) throw error;
    terminal.stderr.write(`belfry: ${error.message}\n\n`);
    const code = await checkAndReport({ paths: [config], format: 'text', registry, terminal });
    // Otherwise the rules load, but their tests fail.
    if (code === EXIT.ok) writeProblems(error.problems, terminal);
    if (error.keptProblems.length > 0) {
      terminal.stderr.write('belfry: the last good version of these rules cannot be used either\n\n');
      writeProblems(error.keptProblems, terminal);
    }
    return error.exit;
  } finally {
    offHangup();
  }
}

function writeProblems(problems: readonly Problem[], terminal: Terminal): void {
  for (const problem of problems) terminal.stdout.write(`${problemText(problem, undefined)}\n\n`);
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}
