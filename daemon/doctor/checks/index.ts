import type { DoctorCheck } from '../check.ts';
import { daemonChecks } from './daemon.ts';
import { diskChecks } from './disk.ts';
import { exposureChecks } from './exposure.ts';
import { machineChecks } from './machine.ts';
import { networkChecks } from './network.ts';
import { ruleChecks } from './rules.ts';
import { secretChecks } from './secrets.ts';
import { serviceChecks } from './service.ts';
import { stateChecks } from './state.ts';

/** All checks, in the order of the list. Those of one channel type are in the type. */
export const CHECKS: readonly DoctorCheck[] = [
  ...ruleChecks,
  ...secretChecks,
  ...stateChecks,
  ...diskChecks,
  ...machineChecks,
  ...networkChecks,
  ...exposureChecks,
  ...daemonChecks,
  ...serviceChecks,
];
