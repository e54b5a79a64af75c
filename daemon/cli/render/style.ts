import { type CommonOptions, type Paint, painter, type Terminal } from './terminal.ts';

/** Style of the output for people: colours, and the form of times. */
export interface Style {
  readonly paint: Paint;
  /** Shows a time that is given in RFC 3339. */
  readonly time: (at: string) => string;
  /** Shows the times inside a text of the daemon, such as `resting until 2026-11-23T09:00:00.000Z`. */
  readonly times: (text: string) => string;
}

/** Times in UTC as the daemon writes them. */
const RFC3339_UTC = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g;

/** Style for this terminal. A pipe gets RFC 3339 in UTC, a terminal the local time, or UTC with `--utc`. */
export function styleOf(terminal: Terminal, { utc = false }: Pick<CommonOptions, 'utc'>): Style {
  const paint = painter(terminal);
  if (terminal.stdout.isTTY !== true) return { paint, time: same, times: same };
  const time = utc ? utcTime : localTime;
  return { paint, time, times: (text) => text.replace(RFC3339_UTC, time) };
}

function same(text: string): string {
  return text;
}

/** `2026-11-23 09:00:05Z` */
function utcTime(at: string): string {
  const ms = Date.parse(at);
  return Number.isNaN(ms) ? at : `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')}Z`;
}

/** `2026-11-23 17:00:05`, in the time zone of this machine. `--since` and `--until` take this form, too. */
function localTime(at: string): string {
  const ms = Date.parse(at);
  if (Number.isNaN(ms)) return at;
  const date = new Date(ms);
  const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()].map(padded).join('-');
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(padded).join(':')}`;
}

function padded(number: number): string {
  return String(number).padStart(2, '0');
}
