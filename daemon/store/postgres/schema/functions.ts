import { commit, knownRows, writeNew } from './functions/commit.ts';
import { writeFollowUps } from './functions/follow-ups.ts';
import { historyFunctions } from './functions/history.ts';
import { memberFunctions } from './functions/members.ts';
import { writeOthers } from './functions/others.ts';
import { pushCursors, writePushes } from './functions/pushes.ts';
import { takePermits } from './functions/rates.ts';
import { writeSettlements } from './functions/settlements.ts';
import { changedStates, writeStates } from './functions/states.ts';

/** A function follows those that it calls. */
const FUNCTIONS: readonly ((s: string) => string)[] = [
  changedStates,
  knownRows,
  writeNew,
  writeStates,
  writeSettlements,
  writeOthers,
  writeFollowUps,
  pushCursors,
  writePushes,
  memberFunctions,
  commit,
  takePermits,
  historyFunctions,
];

/** Functions of the schema `s`. They are replaced together with the tables, at a migration. */
export const functions = (s: string): string => FUNCTIONS.map((one) => one(s)).join('\n');
