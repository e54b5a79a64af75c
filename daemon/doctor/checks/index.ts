import type { DoctorCheck } from '../check.ts';
import { daemonChecks } from './daemon.ts';
import { diskChecks } from './disk.ts';
import { exposureChecks } from './exposure.ts';
import { machineChecks } from './machine.ts';
import { networkChecks } from './network.ts';
import { postgresChecks } from './postgres.ts';
import { ruleChecks } from './rules.ts';
import { secretChecks } from './secrets.ts';
import { serviceChecks } from './service.ts';
import { stateChecks } from './state.ts';

/** All checks except those of one channel type, which are in the type. docs/doctor.md has them in this order. */
export const CHECKS: readonly DoctorCheck[] = [
  ...ruleChecks,
  ...secretChecks,
  ...stateChecks,
  ...diskChecks,
  ...postgresChecks,
  ...machineChecks,
  ...networkChecks,
  ...exposureChecks,
  ...daemonChecks,
  ...serviceChecks,
];
