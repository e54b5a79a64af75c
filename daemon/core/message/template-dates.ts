import type { Context, Liquid } from 'liquidjs';
import { zoneOf } from '../time/due-times.ts';
import { memoize } from '../../lib/memoize.ts';

type DateFilter = (this: { readonly context: Context }, value: unknown, ...rest: unknown[]) => unknown;

const MINUTE = 60_000;

/**
 * Corrects the date filters of Liquid, so that their result does not depend on the machine: `now` and `today` are the time of the
 * decision, a date without a time is that day (the engine reads it as midnight UTC), and times in another zone are also correct on
 * days with a clock change of this machine.
 */
export function mendDateFilters(engine: Liquid): void {
  for (const name of Object.keys(engine.filters).filter((filter) => filter.startsWith('date'))) {
    const format = engine.filters[name] as DateFilter;
    const mended: DateFilter = function mended(value, ...rest) {
      const isNow = value === 'now' || value === 'today';
      const given = isNow ? this.context.getSync(['now']) : value;
      // Only `date` takes a zone as its second argument.
      const [pattern, zone] = name === 'date' ? rest : [];
      const { shown, offset } = shiftedTo(zone, given);
      // `%Z` is the name of the zone.
      const isNamed = offset === undefined || String(pattern).includes('%Z');
      return format.call(this, shown, rest[0], ...(isNamed ? rest.slice(1) : [offset]));
    };
    engine.registerFilter(name, mended);
  }
}

const HAS_TIME = /\d:\d|\dT\d/i;
/** Seconds since the epoch. */
const NUMBER = /^\s*[-+]?\d+(?:\.\d+)?\s*$/;
/** Form of a date that JavaScript reads as midnight UTC; it reads every other form as midnight in the local zone. */
const ISO_DAY = /^\s*\d{4}-\d\d(?:-\d\d)?\s*$/;

const aheadOf = memoize((zone: string) => zoneOf(zone).offset);

interface Shifted {
  /** Value for the engine in place of the given one. */
  readonly shown: unknown;
  /** Offset of the zone west of UTC, minutes; undefined without a zone. */
  readonly offset?: number;
}

function shiftedTo(zone: unknown, value: unknown): Shifted {
  const midnight = beginningOf(value);
  if (typeof zone !== 'string' && typeof zone !== 'number') return { shown: midnight ?? value };
  const ahead = typeof zone === 'number' ? () => -zone * MINUTE : aheadOf(zone);
  if (midnight !== undefined) {
    const instant = shownAs(midnight.getTime(), ahead);
    return { shown: new Date(instant), offset: -ahead(instant) / MINUTE };
  }
  const seconds = typeof value === 'number' || (typeof value === 'string' && NUMBER.test(value));
  const instant = seconds ? Number(value) * 1000 : new Date(value as string).getTime();
  if (Number.isNaN(instant)) return { shown: value };
  const offset = ahead(instant);
  return { shown: new Date(shownAs(hereLike(instant + offset), () => offset)), offset: -offset / MINUTE };
}

/** Beginning of a date in the zone of this machine; undefined if the value is not a date, or has a time. */
function beginningOf(value: unknown): Date | undefined {
  if (typeof value !== 'string' || HAS_TIME.test(value) || NUMBER.test(value)) return undefined;
  const read = new Date(value.trim());
  if (Number.isNaN(read.getTime())) return undefined;
  return ISO_DAY.test(value)
    ? new Date(read.getUTCFullYear(), read.getUTCMonth(), read.getUTCDate())
    : new Date(read.getFullYear(), read.getMonth(), read.getDate());
}

/** Instant at which the clock of this machine shows what a UTC clock shows at `wall`. */
function hereLike(wall: number): number {
  const at = new Date(wall);
  const [hours, minutes, seconds, rest] = [
    at.getUTCHours(),
    at.getUTCMinutes(),
    at.getUTCSeconds(),
    at.getUTCMilliseconds(),
  ];
  return new Date(at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate(), hours, minutes, seconds, rest).getTime();
}

/** Smallest change of a clock. */
const STEP = 30 * MINUTE;
/** Enough rounds for the changes of two clocks. */
const MAX_ROUNDS = 4;

/** Instant that the engine shows as `wanted`: it shows another zone by moving the instant by both offsets. */
function shownAs(wanted: number, ahead: (instant: number) => number): number {
  const shown = (instant: number): number => instant + new Date(instant).getTimezoneOffset() * MINUTE + ahead(instant);
  let instant = wanted;
  for (let round = 0; round < MAX_ROUNDS; round += 1) instant += wanted - shown(instant);
  // In zones where clocks go forward at midnight, the day begins later.
  for (let round = 0; round < MAX_ROUNDS && shown(instant) < wanted; round += 1) instant += STEP;
  return instant;
}
