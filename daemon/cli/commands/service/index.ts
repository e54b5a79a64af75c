import type { Verb } from '../../context.ts';
import { declareInstall } from './install.ts';
import { declarePrint } from './print.ts';
import { declareStatus } from './status.ts';
import { declareUninstall } from './uninstall.ts';

export const verb: Verb = (program, context) => {
  const service = program.command('service').description('run the daemon as a service of systemd or launchd');
  declareInstall(service, context);
  declareUninstall(service, context);
  declareStatus(service, context);
  declarePrint(service, context);
};
