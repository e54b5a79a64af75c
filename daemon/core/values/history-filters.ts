import { RULE_OUTCOMES } from '../flow/outcomes.ts';
import { DELIVERY_STATES } from '../delivery/delivery.ts';
import type { Parameters } from './parameter.ts';
import { ATTRIBUTE, count, PAST_TIME, NAME, oneOf, someOf, TEXT } from './value-kind.ts';

export const DEFAULT_LIMIT = 50;
const MAX_PAGE_SIZE = 1000;

const COMMON = {
  since: { kind: PAST_TIME, about: 'not before a time, or a duration ago' },
  until: { kind: PAST_TIME, about: 'before a time, or a duration ago' },
  source: { kind: ATTRIBUTE, about: 'of this source' },
  type: { kind: ATTRIBUTE, about: 'of this type; `*` stands for any part' },
  rule: { kind: NAME, about: 'to which this rule applied' },
  key: { kind: TEXT, about: 'of this key' },
  text: { kind: NAME, about: 'with this somewhere in its texts, in upper or lower case' },
  order: { kind: oneOf(['desc', 'asc']), about: '`desc`, the newest first, or `asc`' },
  limit: {
    kind: count(1, MAX_PAGE_SIZE),
    about: `size of a page: ${DEFAULT_LIMIT} if not set, at most ${MAX_PAGE_SIZE}`,
  },
  cursor: { kind: NAME, about: '`next` of the page before' },
} as const satisfies Parameters;

/** Filters of a list of events; all given ones must match. */
export const EVENT_FILTERS = {
  ...COMMON,
  outcome: { kind: oneOf(RULE_OUTCOMES), about: 'an outcome that a rule had for the event' },
} as const satisfies Parameters;

/** Filters of a list of deliveries. */
export const DELIVERY_FILTERS = {
  ...COMMON,
  event: { kind: NAME, about: 'the id of the event' },
  channel: { kind: NAME, about: 'the channel' },
  state: { kind: someOf(DELIVERY_STATES), about: 'the state; several are separated by commas' },
} as const satisfies Parameters;
