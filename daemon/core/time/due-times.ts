import { onDemand } from '../../lib/on-demand.ts';
import { isCalendarDate } from './calendar-dates.ts';

const croner = onDemand<typeof import('croner')>('croner');

/** Due times of something, in milliseconds since the epoch. */
export interface DueTimes {
  /** Returns the first due time strictly after an instant; undefined when there is none. */
  next(after: number): number | undefined;
}

const SECOND = 1000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** No zone differs more than this from UTC, and no two transitions of an offset are closer than twice this. */
const MAX_OFFSET = 40 * HOUR;
const EVERY_HOUR = /^(?:\*|\*\/1|0-23)$/;

export function isTimezone(name: string): boolean {
  try {
    return Intl.DateTimeFormat('en-US', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/**
 * Due times of a cron pattern of 5 or 6 fields (the first of 6 is the second), in the local time of a zone. A fixed hour is due
 * once a day: if it is skipped in spring, at the first instant after the gap; if it repeats in autumn, the first time only. A
 * pattern for every hour is an interval in elapsed time. Throws when the pattern is invalid. https://croner.56k.guru/usage/pattern/
 */
export function cronTimes(pattern: string, timezone: string): DueTimes {
  const fields = pattern.trim().split(/\s+/);
  const nickname = pattern.trim().startsWith('@');
  if (!nickname && fields.length !== 5 && fields.length !== 6)
    throw new TypeError(`it has ${fields.length} fields instead of 5 or 6`);
  // The calculator gets local times as UTC, and transitions are handled here. A fixed offset is ten times faster than a zone name.
  const cron = new (croner().Cron)(pattern.trim(), { utcOffset: 0, paused: true });
  const nextWall = (wall: number): number | undefined => cron.nextRun(new Date(wall))?.getTime();
  const zone = zoneOf(timezone);
  const everyHour = nickname ? pattern.trim() === '@hourly' : EVERY_HOUR.test(fields.at(-4)!);
  return memoizeNext({ next: (after) => (everyHour ? nextInterval : nextFixed)(after, zone, nextWall) });
}

/** Memoizes the last result until it is due, since a pattern is slow to compute and needed often. */
function memoizeNext(times: DueTimes): DueTimes {
  let known: { readonly after: number; readonly next: number | undefined } | undefined;
  return {
    next(after) {
      if (known === undefined || after < known.after || after >= (known.next ?? Number.POSITIVE_INFINITY))
        known = { after, next: times.next(after) };
      return known.next;
    },
  };
}

/** Due times at an interval in milliseconds, counted from `anchor`. */
export function everyTimes(anchor: number, every: number): DueTimes {
  return { next: (after) => anchor + Math.max(1, Math.floor((after - anchor) / every) + 1) * every };
}

/** Due times from a list. */
export function atTimes(instants: readonly number[]): DueTimes {
  const sorted = instants.toSorted((a, b) => a - b);
  return { next: (after) => sorted.find((at) => after < at) };
}

const INSTANT = /^\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?([Zz]|[+-]\d\d:\d\d)?$/;

/** Reads RFC 3339, or the same without an offset as local time of the zone; undefined when it is neither. */
export function readInstant(text: string, timezone: string): number | undefined {
  const [whole, offset] = INSTANT.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const wall = Date.parse(
    `${whole.length === 10 ? `${whole}T00:00` : whole.replace(' ', 'T').toUpperCase()}${offset === undefined ? 'Z' : ''}`,
  );
  if (Number.isNaN(wall) || !isCalendarDate(whole.slice(0, 10))) return undefined;
  return offset === undefined ? zoneOf(timezone).instantOf(wall) : wall;
}

export interface Overdue {
  /** Latest due times, oldest first, at most `MAX_KEPT`. */
  readonly latest: readonly number[];
  /** Number of due times, at most `MAX_COUNTED`. */
  readonly count: number;
}

export const MAX_KEPT = 100;
export const MAX_COUNTED = 10_000;

/** Due times after `after` until `now`. */
export function overdue(times: DueTimes, after: number, now: number): Overdue {
  const walked = walk(times, after, now);
  if (walked.count < MAX_COUNTED) return walked;
  // There are too many to count, so the latest ones are searched in ever longer spans before now.
  for (let span = MAX_KEPT * SECOND; now - span > after; span *= 2) {
    const { latest, count } = walk(times, now - span, now);
    if (count >= MAX_KEPT && count < MAX_COUNTED) return { latest, count: MAX_COUNTED };
  }
  return walked;
}

function walk(times: DueTimes, after: number, now: number): Overdue {
  const found: number[] = [];
  for (let at = times.next(after); at !== undefined && at <= now && found.length < MAX_COUNTED; at = times.next(at))
    found.push(at);
  return { latest: found.slice(-MAX_KEPT), count: found.length };
}

type NextWall = (wall: number) => number | undefined;

export interface Zone {
  /** Local time minus UTC, in milliseconds. */
  readonly offset: (instant: number) => number;
  /** First instant of a local time; if that is skipped, the first instant after the gap. */
  readonly instantOf: (wall: number) => number;
}

function nextFixed(after: number, zone: Zone, nextWall: NextWall): number | undefined {
  let wall = nextWall(after + zone.offset(after));
  // In the second of two repeated hours the due times have passed already.
  while (wall !== undefined && zone.instantOf(wall) <= after) wall = nextWall(wall);
  return wall === undefined ? undefined : zone.instantOf(wall);
}

function nextInterval(after: number, zone: Zone, nextWall: NextWall): number | undefined {
  const offset = zone.offset(after);
  const wall = nextWall(after + offset);
  if (wall === undefined) return undefined;
  const instant = wall - offset;
  // No due time is in between, and within three days the offset changes once at most.
  if (instant - after > 3 * DAY) return nextInterval(instant - 2 * DAY, zone, nextWall);
  if (zone.offset(instant) === offset) return instant;
  const transition = transitionBetween(zone.offset, after, instant);
  const changed = zone.offset(transition);
  const first = nextWall(transition + changed - SECOND);
  return first === undefined ? undefined : first - changed;
}

/** `11/23/2026, 09:00:00` */
const WALL = /^(\d+)\/(\d+)\/(\d+), (\d+):(\d+):(\d+)$/;

export function zoneOf(timezone: string): Zone {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: timezone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
  const offset = (instant: number): number => {
    const whole = Math.floor(instant / SECOND) * SECOND;
    const [, month, day, year, hour, minute, second] = WALL.exec(format.format(whole)) ?? [];
    return Date.parse(`${year!.padStart(4, '0')}-${month}-${day}T${hour}:${minute}:${second}Z`) - whole;
  };
  const instantOf = (wall: number): number => {
    const before = offset(wall - MAX_OFFSET);
    const after = offset(wall + MAX_OFFSET);
    if (offset(wall - before) === before) return wall - before;
    if (offset(wall - after) === after) return wall - after;
    return transitionBetween(offset, wall - MAX_OFFSET, wall + MAX_OFFSET);
  };
  return { offset, instantOf };
}

/** Instant between two others at which the offset changes. */
function transitionBetween(offset: (instant: number) => number, from: number, to: number): number {
  const before = offset(from);
  let low = Math.floor(from / SECOND);
  let high = Math.ceil(to / SECOND);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offset(middle * SECOND) === before) low = middle;
    else high = middle;
  }
  return high * SECOND;
}
