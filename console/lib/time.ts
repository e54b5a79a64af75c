import { signal } from '@preact/signals';

/** Current time, milliseconds since the epoch; moves on every 5 s, so that relative times stay true. */
export const now = signal(Date.now());
setInterval(() => {
  now.value = Date.now();
}, 5_000);

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const;

/** Duration of two units at most: `2h 5m`, `12s`, `340ms`. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)}ms`;
  const first = UNITS.findIndex(([, size]) => ms >= size);
  const [name, size] = UNITS[first]!;
  const count = Math.floor(ms / size);
  const next = UNITS[first + 1];
  const rest = next === undefined ? 0 : Math.floor((ms - count * size) / next[1]);
  return rest > 0 && next !== undefined ? `${count}${name} ${rest}${next[0]}` : `${count}${name}`;
}

/** Exact time in the reader's zone, with its name: `2026-11-30 09:15:02.123 GMT+8`. */
export function exact(at: string | number): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return String(at);
  const two = (value: number, width = 2): string => String(value).padStart(width, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${two(date.getMilliseconds(), 3)}`;
  return `${day} ${time} ${zoneOf(date)}`;
}

/** Begin of a day in the reader's zone, as RFC 3339. `days` from today. */
export function startOfDay(days: number): string {
  const date = new Date(now.value);
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() + days).toISOString();
}

/** Time of day of a recent time, else the day: `09:15:02`, `11-28 09:15`. */
export function short(at: string | number, from: number): string {
  const [day = '', time = ''] = exact(at).split(' ');
  const isToday = exact(from).startsWith(day);
  return isToday ? time.slice(0, 8) : `${day.slice(5)} ${time.slice(0, 5)}`;
}

function zoneOf(date: Date): string {
  const parts = new Intl.DateTimeFormat('en', { timeZoneName: 'short' }).formatToParts(date);
  return parts.find(({ type }) => type === 'timeZoneName')?.value ?? '';
}
