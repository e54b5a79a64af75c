import { EXIT } from '../../../core/problems/failure.ts';
import type { ServiceStatus } from '../../../service/manager.ts';
import type { Verb } from '../../context.ts';
import { jsonLine, line, table } from '../../render/terminal.ts';
import { openManager, refuseForeign, scopeOptions, type ServiceOptions } from './manager.ts';

export const declareStatus: Verb = (service, { terminal, run }) => {
  const show = async (options: ServiceOptions): Promise<number> => {
    refuseForeign(options);
    const status = await (await openManager(terminal, options)).status();
    if (options.json) jsonLine(terminal, status);
    else line(terminal, statusText(status));
    return exitOf(status);
  };
  scopeOptions(service.command('status'))
    .description('show whether the service is installed, enabled and active')
    .action((options: ServiceOptions) => run(() => show(options)));
};

function exitOf({ installed, active }: ServiceStatus): number {
  if (!installed) return EXIT.nothing;
  return active ? EXIT.ok : EXIT.failed;
}

function statusText({ installed, enabled, active, unit, user, config, state }: ServiceStatus): string {
  if (!installed) return 'the service is not installed';
  return table([
    ['service', `${active ? 'active' : 'not active'}, ${enabled ? 'enabled' : 'not enabled'}`],
    ['unit', unit ?? ''],
    ['user', user ?? ''],
    ['rules', config ?? ''],
    ['state', state ?? ''],
  ]);
}
