import { readMoment } from '../core/time/due-times.ts';

const OFFSET = /(?:[Zz]|([+-])(\d\d):(\d\d))$/;
const HOUR = 3_600_000;
const MINUTE = 60_000;

/** How far the wall clock of a time as it is written is ahead of UTC, milliseconds; 0 when it does not say. */
export function offsetOf(text: string): number {
  const [, sign, hours, minutes] = OFFSET.exec(text) ?? [];
  if (sign === undefined) return 0;
  return (sign === '-' ? -1 : 1) * (Number(hours) * HOUR + Number(minutes) * MINUTE);
}

/** RFC 3339, or the same without an offset, which is then `offset`; milliseconds since the epoch, undefined when it is neither. */
export function momentOf(text: string, offset: number): number | undefined {
  const read = readMoment(text, 'UTC');
  if (read === undefined || isComplete(text)) return read;
  return read - offset;
}

/** A date alone ends like an offset (`2026-11-23`), but has no time before it. */
export function isComplete(text: string): boolean {
  return /[Tt ]/.test(text) && OFFSET.test(text);
}
