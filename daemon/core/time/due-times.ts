import { onDemand } from '../../lib/on-demand.ts';

const croner = onDemand<typeof import('croner')>('croner');

/** When something is due: all in milliseconds since the epoch. */
export interface DueTimes {
  /** The first due time strictly after this instant; undefined when there is none any more. */
  next(after: number): number | undefined;
}

const SECOND = 1000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** No zone is further than this from UTC, and no two changes of an offset are closer than twice as much. */
const FAR = 40 * HOUR;
const EVERY_HOUR = /^(?:\*|\*\/1|0-23)$/;

export function isTimezone(name: string): boolean {
  try {
    return Intl.DateTimeFormat('en-US', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/**
 * Due times of a cron pattern of 5 or 6 fields (the first of 6 is the second). The pattern is read on the wall clock of the
 * zone. Hours that are named are due once a day whatever the clock does: in the skipped hour at the first instant after it, in
 * the repeated hour the first time. A pattern for every hour is an interval and goes by hours that really pass.
 * Throws when the pattern is none. Patterns: https://croner.56k.guru/usage/pattern/
 */
export function cronTimes(pattern: string, timezone: string): DueTimes {
  const fields = pattern.trim().split(/\s+/);
  const nickname = pattern.trim().startsWith('@');
  if (!nickname && fields.length !== 5 && fields.length !== 6)
    throw new TypeError(`it has ${fields.length} fields instead of 5 or 6`);
  // The wall clock is UTC to the calculator, which then knows of no changes: those are decided here. An offset, since a
  // zone by its name takes ten times as long.
  const cron = new (croner().Cron)(pattern.trim(), { utcOffset: 0, paused: true });
  const nextWall = (wall: number): number | undefined => cron.nextRun(new Date(wall))?.getTime();
  const zone = zoneOf(timezone);
  const everyHour = nickname ? pattern.trim() === '@hourly' : EVERY_HOUR.test(fields.at(-4)!);
  return remembering({ next: (after) => (everyHour ? nextInterval : nextFixed)(after, zone, nextWall) });
}

/** Asked again before the last answer is due, it gives the same one: a pattern takes long to work out, and is asked often. */
function remembering(times: DueTimes): DueTimes {
  let known: { readonly after: number; readonly next: number | undefined } | undefined;
  return {
    next(after) {
      if (known === undefined || after < known.after || after >= (known.next ?? Number.POSITIVE_INFINITY))
        known = { after, next: times.next(after) };
      return known.next;
    },
  };
}

/** Due every so many milliseconds after `anchor`. */
export function everyTimes(anchor: number, every: number): DueTimes {
  return { next: (after) => anchor + Math.max(1, Math.floor((after - anchor) / every) + 1) * every };
}

/** Due at each of these. */
export function atTimes(moments: readonly number[]): DueTimes {
  const sorted = moments.toSorted((a, b) => a - b);
  return { next: (after) => sorted.find((at) => after < at) };
}

const MOMENT = /^\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?([Zz]|[+-]\d\d:\d\d)?$/;

/** RFC 3339, or the same without an offset, on the wall clock of the zone; undefined when it is neither. */
export function readInstant(text: string, timezone: string): number | undefined {
  const [whole, offset] = MOMENT.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const wall = Date.parse(
    `${whole.length === 10 ? `${whole}T00:00` : whole.replace(' ', 'T').toUpperCase()}${offset === undefined ? 'Z' : ''}`,
  );
  // `Date.parse` takes the 30th of February for the 1st of March.
  if (Number.isNaN(wall) || !isDay(whole.slice(0, 10))) return undefined;
  return offset === undefined ? zoneOf(timezone).instantOf(wall) : wall;
}

function isDay(date: string): boolean {
  const parsed = new Date(`${date}T00:00:00Z`);
  return !Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(date);
}

export interface Overdue {
  /** The latest of them, the oldest first, at most `MAX_KEPT`. */
  readonly latest: readonly number[];
  /** How many there were; counted to `MAX_COUNTED`. */
  readonly count: number;
}

export const MAX_KEPT = 100;
export const MAX_COUNTED = 10_000;

/** What fell due after `after` until `now`. */
export function overdue(times: DueTimes, after: number, now: number): Overdue {
  const walked = walk(times, after, now);
  if (walked.count < MAX_COUNTED) return walked;
  // So many that they are not worth counting: look at ever longer times before now instead.
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
  /** Wall clock minus UTC, in milliseconds. */
  readonly offset: (instant: number) => number;
  /** The first instant at which the wall clock shows this; if it never does, the first instant after the gap. */
  readonly instantOf: (wall: number) => number;
}

function nextFixed(after: number, zone: Zone, nextWall: NextWall): number | undefined {
  let wall = nextWall(after + zone.offset(after));
  // While an hour repeats, its due times are past already.
  while (wall !== undefined && zone.instantOf(wall) <= after) wall = nextWall(wall);
  return wall === undefined ? undefined : zone.instantOf(wall);
}

function nextInterval(after: number, zone: Zone, nextWall: NextWall): number | undefined {
  const offset = zone.offset(after);
  const wall = nextWall(after + offset);
  if (wall === undefined) return undefined;
  const instant = wall - offset;
  // Nothing is due in between, and within three days the offset changes once at most.
  if (instant - after > 3 * DAY) return nextInterval(instant - 2 * DAY, zone, nextWall);
  if (zone.offset(instant) === offset) return instant;
  const change = transitionBetween(zone.offset, after, instant);
  const changed = zone.offset(change);
  const first = nextWall(change + changed - SECOND);
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
    const before = offset(wall - FAR);
    const after = offset(wall + FAR);
    if (offset(wall - before) === before) return wall - before;
    if (offset(wall - after) === after) return wall - after;
    return transitionBetween(offset, wall - FAR, wall + FAR);
  };
  return { offset, instantOf };
}

/** The instant between these two at which the offset becomes another. */
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
