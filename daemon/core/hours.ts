import { type Zone, zoneOf } from './due-times.ts';

/** Named times of the week. Instants are milliseconds since the epoch. */
export interface Hours {
  readonly name: string;
  active(at: number): boolean;
  /** The first instant after `at` at which `active` changes; undefined when it does not within 400 days. */
  nextChange(at: number): number | undefined;
}

/** One span, compiled: minutes of the day on the wall clock; `to` beyond 24 h is the next day. */
export interface HoursSpan {
  /** 0 is Sunday. */
  readonly days: ReadonlySet<number>;
  readonly from: number;
  readonly to: number;
  readonly timezone: string;
}

interface Interval {
  readonly from: number;
  readonly until: number;
}

const MINUTE = 60_000;
const DAY = 86_400_000;
/** Beyond this nothing is looked for. */
const HORIZON = 400;

/**
 * A boundary in the hour that the clock skips is the first instant after it, one in the hour that it repeats is the first of the
 * two. The day of a span that goes over midnight is the one on which it begins.
 */
export function compileHours(name: string, spans: readonly HoursSpan[]): Hours {
  const zones = spans.map(({ timezone }) => zoneOf(timezone));
  let known: { readonly from: number; readonly until: number; readonly active: boolean } | undefined;
  const look = (at: number): NonNullable<typeof known> => {
    if (known !== undefined && at >= known.from && at < known.until) return known;
    known = stretchAt(at, spans, zones);
    return known;
  };
  return {
    name,
    active: (at) => look(at).active,
    nextChange: (at) => {
      const { until } = look(at);
      return Number.isFinite(until) ? until : undefined;
    },
  };
}

/** The stretch of time from `at` until the next change. */
function stretchAt(at: number, spans: readonly HoursSpan[], zones: readonly Zone[]) {
  for (let days = 9; ; days = Math.min(days * 8, HORIZON)) {
    const intervals = joined(spans.flatMap((span, index) => intervalsOf(span, zones[index]!, at, days)));
    const present = intervals.find(({ from, until }) => from <= at && at < until);
    const next = present === undefined ? intervals.find(({ from }) => from > at)?.from : present.until;
    const known = at + (days - 2) * DAY;
    if ((next !== undefined && next < known) || days === HORIZON)
      return {
        from: at,
        until: next !== undefined && next < known ? next : Number.POSITIVE_INFINITY,
        active: present !== undefined,
      };
  }
}

function intervalsOf({ days, from, to }: HoursSpan, zone: Zone, at: number, count: number): Interval[] {
  const today = Math.floor((at + zone.offset(at)) / DAY) * DAY;
  const found: Interval[] = [];
  for (let wall = today - 2 * DAY; wall < today + count * DAY; wall += DAY) {
    if (!days.has(new Date(wall).getUTCDay())) continue;
    const interval = { from: zone.instantOf(wall + from * MINUTE), until: zone.instantOf(wall + to * MINUTE) };
    if (interval.until > interval.from) found.push(interval);
  }
  return found;
}

/** In order, with those that touch made one. */
function joined(intervals: Interval[]): Interval[] {
  const result: Interval[] = [];
  for (const interval of intervals.sort((a, b) => a.from - b.from)) {
    const last = result.at(-1);
    if (last === undefined || interval.from > last.until) result.push(interval);
    else result[result.length - 1] = { from: last.from, until: Math.max(last.until, interval.until) };
  }
  return result;
}

/** Inside all that is wanted and nothing that is not: `during` is any of them, or always when there is none. */
export function allowed(at: number, during: readonly Hours[], notDuring: readonly Hours[]): boolean {
  return (
    (during.length === 0 || during.some((hours) => hours.active(at))) && !notDuring.some((hours) => hours.active(at))
  );
}

/** The first instant after `at` at which it is allowed; undefined when it is not within 400 days. */
export function nextAllowed(at: number, during: readonly Hours[], notDuring: readonly Hours[]): number | undefined {
  const all = [...during, ...notDuring];
  for (let next = nextOf(all, at); next !== undefined && next < at + HORIZON * DAY; next = nextOf(all, next)) {
    if (allowed(next, during, notDuring)) return next;
  }
  return undefined;
}

function nextOf(all: readonly Hours[], at: number): number | undefined {
  const changes = all.flatMap((hours) => hours.nextChange(at) ?? []);
  return changes.length === 0 ? undefined : Math.min(...changes);
}
