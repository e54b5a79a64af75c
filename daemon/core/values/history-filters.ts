import { RULE_OUTCOMES } from '../flow/outcomes.ts';
import { ANY_CLASSES } from '../delivery/classes.ts';
import { DELIVERY_STATES } from '../delivery/delivery.ts';
import type { Parameters } from './parameter.ts';
import { TYPE_FILTER } from '../match/type-filter.ts';
import { ATTRIBUTE, count, TIME_OR_AGO, NAME, oneOf, someOf, TEXT } from './value-kind.ts';

export const DEFAULT_LIMIT = 50;
export const MAX_PAGE_SIZE = 1000;

const COMMON = {
  since: { kind: TIME_OR_AGO, about: 'received at or after this time, or this duration ago' },
  until: { kind: TIME_OR_AGO, about: 'received before this time, or this duration ago' },
  source: { kind: ATTRIBUTE, about: 'the source of the event' },
  type: { kind: TYPE_FILTER, about: 'the type of the event; `*` matches any text' },
  rule: { kind: NAME, about: 'a rule that has an outcome for the event' },
  key: { kind: TEXT, about: 'the key of the rule' },
  text: { kind: NAME, about: 'a part of any text in it; case is ignored' },
  order: { kind: oneOf(['desc', 'asc']), about: '`desc` (newest first) or `asc`' },
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

const DELIVERY = {
  event: { kind: NAME, about: 'the id of the event' },
  channel: { kind: NAME, about: 'the channel' },
  state: { kind: someOf(DELIVERY_STATES), about: 'the state; several are separated by commas' },
} as const satisfies Parameters;

/** Filters by the reason of a failure, which the live feed does not have. */
const FAILURE = {
  class: { kind: oneOf(ANY_CLASSES), about: 'the class of its last attempt, or of its death' },
  code: { kind: NAME, about: 'the code of its last attempt, such as `http.401`' },
} as const satisfies Parameters;

/** Filters of a list of deliveries. */
export const DELIVERY_FILTERS = {
  ...COMMON,
  ...DELIVERY,
  ...FAILURE,
} as const satisfies Parameters;

/** Parameters of a list of deliveries. */
export const DELIVERY_QUERY = {
  ...DELIVERY_FILTERS,
  message: { kind: oneOf(['true', 'false']), about: '`true`: with the message of each delivery' },
} as const satisfies Parameters;

/** Filters of the live feed, which has no past and no pages. */
export const FEED_FILTERS = {
  source: COMMON.source,
  type: COMMON.type,
  rule: COMMON.rule,
  key: COMMON.key,
  text: COMMON.text,
  outcome: EVENT_FILTERS.outcome,
  ...DELIVERY,
} as const satisfies Parameters;
