import { memoize } from '../../lib/memoize.ts';
import { type DateRange, isOneOf } from './calendar-dates.ts';
import { zoneOf } from './due-times.ts';

/** An entry of `hours`. Instants are milliseconds since the epoch. */
export interface Hours {
  readonly name: string;
  active(at: number): boolean;
  /** First instant after `at` at which `active` changes; undefined when it does not within 400 days. */
  nextTransition(at: number): number | undefined;
}

/** One compiled span, in minutes of the day in local time; `to` beyond 24 h is on the next day. */
export interface HoursSpan {
  /** Weekdays on which the span begins; 0 is Sunday. */
  readonly days: ReadonlySet<number>;
  readonly from: number;
  readonly to: number;
  readonly timezone: string;
  /** Dates on which the span begins, if they are also among `days`. */
  readonly dates?: readonly DateRange[];
  /** Dates on which the span does not begin. */
  readonly exceptDates?: readonly DateRange[];
}

const MINUTE = 60_000;
const DAY = 86_400_000;
/** Limit of the search for the next transition. */
const HORIZON = 400 * DAY;
/** First span of the search; longer ones are seldom needed. */
const NEAR = 40 * DAY;
/** Length of the computed time beyond which the computation starts again. */
const MAX_COMPUTED = 2000 * DAY;

/**
 * Union of some spans. A span begins at the first instant whose local time is `from` or later, and ends at the first instant whose
 * local time is `to` or later. So a boundary in the hour that is skipped in spring is the first instant after the gap, and a
 * boundary in the hour that repeats in autumn is the first of the two; adjacent spans neither leave a gap nor overlap. A span within
 * the skipped hour begins after it and keeps its length. A span over midnight belongs to the day on which it begins.
 */
export function compileHours(
  name: string,
  spans: readonly HoursSpan[],
  converters: LocalTimeConverters = localTimeConverters(),
): Hours {
  return new Calendar(name, spans, converters);
}

/** Returns whether a span begins on a day; `wall` is its local midnight in milliseconds, as if local time were UTC. */
export function beginsOn({ days, dates, exceptDates }: Omit<HoursSpan, 'timezone'>, wall: number): boolean {
  if (!days.has((((wall / DAY + 4) % 7) + 7) % 7)) return false;
  if (dates !== undefined && !isOneOf(dates, wall)) return false;
  return exceptDates === undefined || !isOneOf(exceptDates, wall);
}

interface Stretch {
  readonly from: number;
  readonly until: number;
}

type InstantOf = (wall: number) => number;

/** Hours that keep the computed stretches of time from `#from` to `#until`, because every event needs them. */
class Calendar implements Hours {
  readonly name: string;
  readonly #spans: readonly (readonly [HoursSpan, InstantOf])[];
  /** Active stretches in order, with a gap between any two. */
  #stretches: readonly Stretch[] = [];
  #from = 0;
  #until = 0;
  /** Index of the last result, which is tried first. */
  #last = 0;

  constructor(name: string, spans: readonly HoursSpan[], converters: LocalTimeConverters) {
    this.name = name;
    this.#spans = spans.map((span) => [span, converters(span.timezone)]);
  }

  active(at: number): boolean {
    this.#computeFor(at, 0);
    const stretch = this.#stretches[this.#indexOf(at)];
    return stretch !== undefined && at < stretch.until;
  }

  nextTransition(at: number): number | undefined {
    for (const ahead of [NEAR, HORIZON]) {
      this.#computeFor(at, ahead);
      const index = this.#indexOf(at);
      const present = this.#stretches[index];
      const change = present !== undefined && at < present.until ? present.until : this.#stretches[index + 1]?.from;
      if (change !== undefined && change < this.#until) return change <= at + HORIZON ? change : undefined;
    }
    return undefined;
  }

  /** Index of the last stretch that has begun; -1 when none has. */
  #indexOf(at: number): number {
    const stretches = this.#stretches;
    const began = (index: number): boolean => index < 0 || (stretches[index]?.from ?? Number.POSITIVE_INFINITY) <= at;
    if (began(this.#last) && !began(this.#last + 1)) return this.#last;
    let low = -1;
    let high = stretches.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (began(middle)) low = middle;
      else high = middle;
    }
    this.#last = low;
    return low;
  }

  /** Computes the stretches from `at` until at least `ahead` later; twice as far, so that the next calls need no computation. */
  #computeFor(at: number, ahead: number): void {
    if (at >= this.#from && at + ahead < this.#until) return;
    const isExtended = at >= this.#from && at < this.#until && at - this.#from < MAX_COMPUTED;
    this.#from = isExtended ? this.#from : at;
    this.#until = at + Math.max(2 * ahead, NEAR);
    // A local day begins up to a day earlier or later than in UTC, and a span that begins on it may last for two more days.
    const first = Math.floor(this.#from / DAY) - 3;
    const last = Math.ceil(this.#until / DAY) + 1;
    const found: Stretch[] = [];
    for (let day = first; day <= last; day += 1) {
      for (const [span, instantOf] of this.#spans) {
        const stretch = beginsOn(span, day * DAY) ? stretchOn(day * DAY, span, instantOf) : undefined;
        if (stretch !== undefined) found.push(stretch);
      }
    }
    this.#stretches = joined(found);
  }
}

/** Stretch of a span that begins on this day; undefined on a day that the calendar skips. */
function stretchOn(wall: number, { from, to }: HoursSpan, instantOf: InstantOf): Stretch | undefined {
  const begin = instantOf(wall + from * MINUTE);
  const end = instantOf(wall + to * MINUTE);
  if (end > begin) return { from: begin, until: end };
  if (instantOf(wall) === instantOf(wall + DAY)) return undefined;
  return { from: begin, until: begin + (to - from) * MINUTE };
}

/** Sorts stretches and joins those that touch. */
function joined(stretches: readonly Stretch[]): Stretch[] {
  const result: Stretch[] = [];
  for (const stretch of stretches.toSorted((a, b) => a.from - b.from)) {
    const last = result.at(-1);
    if (last === undefined || stretch.from > last.until) result.push(stretch);
    else result[result.length - 1] = { from: last.from, until: Math.max(last.until, stretch.until) };
  }
  return result;
}

/** Bound on the days whose offsets are kept for a zone. */
const MAX_DAYS = 5000;
/** Returns the conversion from local time to instants for a time zone. */
export type LocalTimeConverters = (timezone: string) => InstantOf;

/** Memoizes the conversions, so that hours in one zone share the offsets. */
export const localTimeConverters = (): LocalTimeConverters => memoize(localTimeConverter);

/** Converts a local time of a zone to its first instant; if the time is skipped, to the first instant after the gap. Fast on days without a transition. */
function localTimeConverter(timezone: string): InstantOf {
  const zone = zoneOf(timezone);
  const offsets = new Map<number, number>();
  const offsetOn = (day: number): number => {
    const kept = offsets.get(day);
    if (kept !== undefined) return kept;
    if (offsets.size >= MAX_DAYS) offsets.clear();
    const offset = zone.offset(day * DAY);
    offsets.set(day, offset);
    return offset;
  };
  return (wall) => {
    const day = Math.floor(wall / DAY);
    const offset = offsetOn(day - 1);
    return offset === offsetOn(day + 2) ? wall - offset : zone.instantOf(wall);
  };
}

/** True inside any of `during` (or always when that is empty) and outside all of `notDuring`. */
export function allowed(at: number, during: readonly Hours[], notDuring: readonly Hours[]): boolean {
  return (
    (during.length === 0 || during.some((hours) => hours.active(at))) && !notDuring.some((hours) => hours.active(at))
  );
}

/** First instant after `at` that is allowed; undefined when there is none within 400 days. */
export function nextAllowed(at: number, during: readonly Hours[], notDuring: readonly Hours[]): number | undefined {
  return nextInstant(at, during, notDuring, true);
}

/** End of the allowed time; undefined when `at` is not allowed, or all of the next 400 days are. */
export function allowedUntil(at: number, during: readonly Hours[], notDuring: readonly Hours[]): number | undefined {
  return allowed(at, during, notDuring) ? nextInstant(at, during, notDuring, false) : undefined;
}

function nextInstant(
  at: number,
  during: readonly Hours[],
  notDuring: readonly Hours[],
  wanted: boolean,
): number | undefined {
  const nextTransition = (from: number): number => {
    let next = Number.POSITIVE_INFINITY;
    for (const hours of during) next = Math.min(next, hours.nextTransition(from) ?? next);
    for (const hours of notDuring) next = Math.min(next, hours.nextTransition(from) ?? next);
    return next;
  };
  for (let next = at + 1; next <= at + HORIZON; next = nextTransition(next)) {
    if (allowed(next, during, notDuring) === wanted) return next;
  }
  return undefined;
}
