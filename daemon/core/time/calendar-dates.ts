/**
 * A range of days, both ends included. `yearly`: `from` and `to` are month * 100 + day, in every year; if `to` is smaller, the
 * range includes New Year. Otherwise they are year * 10,000 + month * 100 + day.
 */
export interface DateRange {
  readonly yearly: boolean;
  readonly from: number;
  readonly to: number;
}

export type ReadDates =
  | { readonly ok: true; readonly range: DateRange }
  | { readonly ok: false; readonly message: string; readonly mend: string };

const DATE = /^(?:(\d{4})-)?(\d\d)-(\d\d)$/;
/** Year for dates without one; a leap year, so that every date exists. */
const ANY_LEAP_YEAR = 2000;

/** Reads `2026-12-24`, `12-24` (of every year), or a range of either: `12-24..01-02`. */
export function readDates(text: string): ReadDates {
  const [first, last = first, ...more] = text.split('..').map((part) => part.trim());
  const from = readDate(first!);
  const to = readDate(last!);
  if (from === undefined || to === undefined || more.length > 0) {
    const mend = 'write it as `2026-12-24`, as `12-24` for every year, or as a range: `12-24..01-02`';
    return { ok: false, message: `\`${text}\` is not a date or a range of dates`, mend };
  }
  if (!from.exists || !to.exists) {
    const message = `there is no day \`${from.exists ? last! : first!}\``;
    return { ok: false, message, mend: 'choose a day that the month has' };
  }
  if (from.yearly !== to.yearly) {
    const message = `one end of \`${text}\` has a year, and the other has none`;
    return { ok: false, message, mend: 'give a year to both, or to neither' };
  }
  if (!from.yearly && to.number < from.number) {
    return { ok: false, message: `\`${text}\` ends before it begins`, mend: 'put the earlier date first' };
  }
  return { ok: true, range: { yearly: from.yearly, from: from.number, to: to.number } };
}

function readDate(text: string) {
  const [whole, year, month, day] = DATE.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const exists = isCalendarDate(`${year ?? ANY_LEAP_YEAR}-${month}-${day}`);
  return { yearly: year === undefined, number: Number(`${year ?? ''}${month}${day}`), exists };
}

/** Whether a date such as `2026-02-28` exists: `Date` reads the 30th of February as the 1st of March. */
export function isCalendarDate(date: string): boolean {
  const parsed = new Date(`${date}T00:00:00Z`);
  return !Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(date);
}

/** Returns whether a day is in one of the ranges; `wall` is its local midnight in milliseconds, as if local time were UTC. */
export function isOneOf(ranges: readonly DateRange[], wall: number): boolean {
  const date = new Date(wall);
  const ofYear = (date.getUTCMonth() + 1) * 100 + date.getUTCDate();
  const whole = date.getUTCFullYear() * 10_000 + ofYear;
  return ranges.some(({ yearly, from, to }) => {
    const number = yearly ? ofYear : whole;
    return from <= to ? number >= from && number <= to : number >= from || number <= to;
  });
}
