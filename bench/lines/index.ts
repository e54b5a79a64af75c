import type { Line } from '../line.ts';
import { backlog } from './backlog.ts';
import { delivered } from './delivered.ts';
import { files } from './files.ts';
import { history } from './history.ts';
import { matcher } from './matcher.ts';
import { pending } from './pending.ts';
import { push } from './push.ts';
import { recovery } from './recovery.ts';
import { rules } from './rules.ts';
import { start } from './start.ts';

/** Lines in the order of the table. */
export const lines: readonly Line[] = [
  delivered,
  matcher,
  recovery,
  backlog,
  pending,
  push,
  start,
  rules,
  files,
  history,
];
