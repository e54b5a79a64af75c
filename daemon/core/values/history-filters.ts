import { RULE_OUTCOMES } from '../flow/outcomes.ts';
import { DELIVERY_STATES } from '../delivery/delivery.ts';
import type { Parameters } from './parameter.ts';
import { ATTRIBUTE, count, TIME_OR_AGO, NAME, oneOf, someOf, TEXT } from './value-kind.ts';

export const DEFAULT_LIMIT = 50;
const MAX_PAGE_SIZE = 1000;

const COMMON = {
  since: { kind: TIME_OR_AGO, about: 'not before a time, or a duration ago' },
  until: { kind: TIME_OR_AGO, about: 'before a time, or a duration ago' },
  source: { kind: ATTRIBUTE, about: 'of this source' },
  type: { kind: ATTRIBUTE, about: 'of this type; `*` stands for any part' },
  rule: { kind: NAME, about: 'to which this rule applied' },
  key: { kind: TEXT, about: 'of this key' },
  text: { kind: NAME, about: 'with this somewhere in its texts, in upper or lower case' },
  order: { kind: oneOf(['desc', 'asc']), about: '`desc`, the newest first, or `asc`' },
  limit: {
    kind: count(1, MAX_PAGE_SIZE),
    about: `how many on a page: ${DEFAULT_LIMIT} if not set, ${MAX_PAGE_SIZE} at most`,
  },
  cursor: { kind: NAME, about: 'the page after that one' },
} as const satisfies Parameters;

/** Filters of a list of events; all given ones must match. */
export const EVENT_FILTERS = {
  ...COMMON,
  outcome: { kind: oneOf(RULE_OUTCOMES), about: 'where a rule had this outcome' },
} as const satisfies Parameters;

/** Filters of a list of deliveries. */
export const DELIVERY_FILTERS = {
  ...COMMON,
  event: { kind: NAME, about: 'of the event with this id' },
  channel: { kind: NAME, about: 'of this channel' },
  state: { kind: someOf(DELIVERY_STATES), about: 'in this state; several are separated by commas' },
} as const satisfies Parameters;
