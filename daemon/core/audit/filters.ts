import { AUDIT_ACTIONS } from './entry.ts';
import { DEFAULT_LIMIT, MAX_PAGE_SIZE } from '../values/history-filters.ts';
import type { Parameters } from '../values/parameter.ts';
import { count, NAME, oneOf, TIME_OR_AGO } from '../values/value-kind.ts';

const MAX_LINES = 1_000_000_000_000;

/** Filters of the audit log; all given ones must match. */
export const AUDIT_FILTERS = {
  since: { kind: TIME_OR_AGO, about: 'done at or after this time, or this duration ago' },
  until: { kind: TIME_OR_AGO, about: 'done before this time, or this duration ago' },
  actor: { kind: NAME, about: 'who did it: the whole name, or that of the person or the token in it' },
  action: { kind: oneOf(AUDIT_ACTIONS), about: 'what was done' },
  limit: {
    kind: count(1, MAX_PAGE_SIZE),
    about: `size of a page: ${DEFAULT_LIMIT} if not set, at most ${MAX_PAGE_SIZE}`,
  },
  cursor: { kind: count(1, MAX_LINES), about: '`next` of the page before' },
} as const satisfies Parameters;
