import type { App } from '../../../app/app.ts';
import { EXIT } from '../../../core/problems/failure.ts';
import { problemText } from '../../../core/problems/problem-text.ts';
import type { Clock } from '../../../lib/time/clock.ts';
import { LONG_GRACE_MS, type Verb } from '../../context.ts';
import type { CommonOptions, Terminal } from '../../render/terminal.ts';
import { checkAndReport } from '../rules/check.ts';

interface RunOptions extends CommonOptions {
  readonly tryIt?: boolean;
}

export const verb: Verb = (program, { terminal, version, clock, config, run }) => {
  program
    .command('run')
    .description('run the daemon in the foreground')
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
    import('../../../app/state/open-state.ts'),
    import('../../check-rules.ts'),
    import('../../registry.ts'),
  ]);
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
    app = await openApp({ config, terminal, version, clock, check: validate });
    if (isReloadDue) reload(app);
    if (options.tryIt) {
      const { tryIt } = await import('../../../app/demo-rules.ts');
      terminal.stdout.write(tryIt(app, terminal.env));
    }
    const failure = await Promise.race([app.failed, aborted(terminal.interrupted)]);
    if (failure !== undefined) terminal.stderr.write(`belfry: ${failure.message}\n`);
    await app.stop(failure === undefined);
    return failure?.exit ?? EXIT.ok;
  } catch (error) {
    if (!(error instanceof InvalidRules)) throw error;
    terminal.stderr.write(`belfry: ${error.message}\n\n`);
    const code = await checkAndReport({ paths: [config], format: 'text', registry, terminal });
    if (code !== EXIT.ok) return code;
    // The rules load, but their tests fail.
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
