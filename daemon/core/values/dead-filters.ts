import { DEAD_CLASSES, type DeadLetter } from '../delivery/delivery.ts';
import { containsText } from './contains-text.ts';
import type { Parameters, ValuesOf } from './parameter.ts';
import { count, NAME, oneOf, resolveTime, TIME_OR_AGO, type ValueKind } from './value-kind.ts';

/** Filters that select dead letters; all given ones must match. */
export const DEAD_FILTERS = {
  channel: { kind: NAME, about: 'the channel of the dead letter' },
  rule: { kind: NAME, about: 'the rule of the dead letter' },
  class: { kind: oneOf(DEAD_CLASSES), about: DEAD_CLASSES.join(', ') },
  code: { kind: NAME, about: 'the code of the last failure, such as `http.422`' },
  since: { kind: TIME_OR_AGO, about: 'dead since this time, or this duration ago' },
  until: { kind: TIME_OR_AGO, about: 'dead before this time, or this duration ago' },
  text: { kind: NAME, about: 'a part of any text in it; case is ignored' },
} as const satisfies Parameters;

/** Size of a page, if none is given. */
export const DEFAULT_DEAD_LIMIT = 50;
export const MAX_PAGE_SIZE = 1000;

/** Place of a record in a list that is sorted by time of death and then by id. */
export interface DeadPosition {
  /** Milliseconds since the epoch; 0 for a record without a readable time. */
  readonly at: number;
  readonly id: string;
}

const CURSOR: ValueKind<DeadPosition> = {
  name: 'cursor',
  allowed: '`next` of the page before',
  read(text) {
    const [, at, id] = /^(\d{1,15})_(.+)$/su.exec(text) ?? [];
    return at === undefined || id === undefined ? undefined : { at: Number(at), id };
  },
};

export function cursorOf({ at, id }: DeadPosition): string {
  return `${at}_${id}`;
}

/** Parameters of a list of dead letters. It has pages if `order`, `limit` or `cursor` is given. */
export const DEAD_PAGE_QUERY = {
  ...DEAD_FILTERS,
  order: { kind: oneOf(['desc', 'asc']), about: '`desc` (newest first) or `asc`, for pages' },
  limit: {
    kind: count(1, MAX_PAGE_SIZE),
    about: `size of a page: ${DEFAULT_DEAD_LIMIT} if not set, at most ${MAX_PAGE_SIZE}`,
  },
  cursor: { kind: CURSOR, about: '`next` of the page before', code: 'dead.cursor' },
} as const satisfies Parameters;

export type DeadPageQuery = ValuesOf<typeof DEAD_PAGE_QUERY>;

export type DeadFilter = ValuesOf<typeof DEAD_FILTERS>;

/** Test whether a dead letter fits all filters that are given; durations count back from `now`, milliseconds since the epoch. */
export function deadLetterTest(given: DeadFilter, now: number): (letter: DeadLetter) => boolean {
  const { channel, rule, code, class: deadClass } = given;
  const since = given.since && resolveTime(given.since, now);
  const until = given.until && resolveTime(given.until, now);
  const text = given.text?.toLowerCase();
  return (letter) =>
    (channel === undefined || letter.channel === channel) &&
    (rule === undefined || letter.rule === rule) &&
    (deadClass === undefined || letter.class === deadClass) &&
    (code === undefined || letter.error?.code === code) &&
    (since === undefined || Date.parse(letter.dead_at) >= since) &&
    (until === undefined || Date.parse(letter.dead_at) < until) &&
    (text === undefined || containsText(letter, text));
}

/** Whether any filter is given. */
export function isFiltered(given: object): boolean {
  return Object.keys(DEAD_FILTERS).some((name) => Object.hasOwn(given, name));
}
