import { EXIT } from '../../../core/problems/failure.ts';
import type { Verb } from '../../context.ts';
import { CommandError, line } from '../../render/terminal.ts';
import { follow, openManager, refuseForeign, scopeOptions, type ServiceOptions, UNDO_GRACE_MS } from './manager.ts';

interface UninstallOptions extends ServiceOptions {
  readonly purge?: boolean;
}

export const declareUninstall: Verb = (service, context) => {
  const { terminal, run } = context;
  const uninstall = async (options: UninstallOptions): Promise<number> => {
    const { purge = false } = options;
    refuseForeign(options, options.dryRun);
    const manager = await openManager(terminal, options);
    const { config, state } = await manager.status();
    const steps = await manager.uninstall(purge);
    if (steps === undefined) throw new CommandError(EXIT.nothing, 'the service is not installed');
    await follow(context, steps, options);
    if (!purge && !options.dryRun && !options.json && config !== null && state !== null)
      line(terminal, `the rules in ${config} and the state in ${state} stay; --purge removes them`);
    return EXIT.ok;
  };
  scopeOptions(service.command('uninstall'))
    .option('--purge', 'also remove the state, the rules in their default place, and the user of the service')
    .option('--dry-run', 'print the steps and change nothing')
    .description('stop and remove the service; its state and rules stay')
    .action((options: UninstallOptions) => run(() => uninstall(options), UNDO_GRACE_MS));
};
