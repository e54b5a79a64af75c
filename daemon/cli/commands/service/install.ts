import { EXIT } from '../../../core/problems/failure.ts';
import type { StatusView } from '../../../http/daemon-api.ts';
import { pause } from '../../../lib/time/clock.ts';
import type { CommandContext, Verb } from '../../context.ts';
import { harmless, jsonLine, line } from '../../render/terminal.ts';
import {
  accountOptions,
  follow,
  openManager,
  refuseForeign,
  requestOf,
  scopeOptions,
  type ServiceOptions,
  UNDO_GRACE_MS,
} from './manager.ts';

/** Longest wait for a daemon that was started. */
const READY_WAIT_MS = 60_000;
const ASK_AGAIN_MS = 200;

export const declareInstall: Verb = (service, context) => {
  accountOptions(scopeOptions(service.command('install')))
    .option('--dry-run', 'print the steps and change nothing')
    .description('install, enable and start the daemon as a service; again: update it in place')
    .action((options: ServiceOptions) => context.run(() => install(context, options), UNDO_GRACE_MS));
};

async function install(context: CommandContext, options: ServiceOptions): Promise<number> {
  const { terminal } = context;
  refuseForeign(options, options.dryRun);
  const manager = await openManager(terminal, options);
  const request = await requestOf(terminal, options);
  const { writeStarter } = await import('../rules/init.ts');
  const onObstacle = (reason: string): void => {
    terminal.stderr.write(`belfry: this is a dry run; an installation would end at once: ${reason}\n`);
  };
  const steps = await manager.install(request, {
    writeStarter,
    notReady: (config) => notReady(context, config),
    ...(options.dryRun && { onObstacle }),
  });
  await follow(context, steps, options);
  if (options.dryRun) return EXIT.ok;
  const status = await manager.status();
  if (options.json) jsonLine(terminal, status);
  else {
    const config = status.config ?? '';
    const lines = ['the daemon runs and is ready', ...(await faults(context, config)), ...manager.next(config)];
    for (const text of lines) line(terminal, text);
  }
  return EXIT.ok;
}

/** Lines about rules that are not applied and parts that do not work, such as a watched folder that the sandbox hides. */
async function faults({ access }: CommandContext, config: string): Promise<readonly string[]> {
  const { reasons } = await (await access.client({ config })).call<StatusView>('GET', '/v1/status');
  return reasons.map(harmless);
}

/** Asks the daemon of these rules until it is ready; resolves to the reason if it is not in time. */
async function notReady({ access, clock, terminal }: CommandContext, config: string): Promise<string | undefined> {
  const deadline = clock.monotonic() + READY_WAIT_MS;
  for (;;) {
    const reason = await access
      .client({ config })
      .then((client) => client.call<StatusView>('GET', '/v1/status'))
      .then(
        ({ ready, reasons }) => (ready ? undefined : `the daemon is not ready: ${reasons.join('; ')}`),
        (error: Error) => error.message,
      );
    if (reason === undefined || clock.monotonic() > deadline || terminal.interrupted.aborted) return reason;
    await pause(clock, ASK_AGAIN_MS, terminal.interrupted);
  }
}
