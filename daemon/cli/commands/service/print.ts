import { EXIT } from '../../../core/problems/failure.ts';
import type { Verb } from '../../context.ts';
import { jsonLine } from '../../render/terminal.ts';
import { accountOptions, openManager, requestOf, scopeOptions, type ServiceOptions } from './manager.ts';

export const declarePrint: Verb = (service, { terminal, run }) => {
  const print = async (options: ServiceOptions): Promise<number> => {
    const manager = await openManager(terminal, options);
    const text = await manager.print(await requestOf(terminal, options));
    if (options.json) jsonLine(terminal, { text });
    else terminal.stdout.write(text);
    return EXIT.ok;
  };
  accountOptions(scopeOptions(service.command('print')))
    .description('print the unit or property list of the service')
    .action((options: ServiceOptions) => run(() => print(options)));
};
