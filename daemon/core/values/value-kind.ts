import { formatDuration, parseDuration } from '../../lib/time/duration.ts';
import { rfc3339 } from '../../lib/time/rfc3339.ts';
import { isTimezone, readInstant } from '../time/due-times.ts';
import { localTimezone } from '../time/time-faults.ts';

/** Kind of a value that is given as text: an option of the command line or a parameter of the API. */
export interface ValueKind<T> {
  /** Name by which tests find values that this kind refuses. */
  readonly name: string;
  /** Allowed values, to follow the word `give`: `a duration such as 2h`. */
  readonly allowed: string;
  /** Reads the value; undefined if the text is not allowed. */
  readonly read: (text: string) => T | undefined;
}

/** A time, milliseconds since the epoch, or a duration before now. */
export type TimeOrAgo = { readonly at: number } | { readonly ago: number };

/** Any text, also an empty one. */
export const TEXT: ValueKind<string> = { name: 'text', allowed: 'any text', read: (text) => text };

/** A name, an id or a path: any text that is not empty. */
export const NAME: ValueKind<string> = {
  name: 'name',
  allowed: 'a text that is not empty',
  read: (text) => (text.trim() === '' ? undefined : text),
};

/** A text for people, such as a name or a reason, of at most `max` characters. */
export function shortText(max: number): ValueKind<string> {
  return {
    name: 'short text',
    allowed: `a text of 1 to ${max} characters`,
    read: (text) => (text.trim() === '' || text.length > max ? undefined : text),
  };
}

/** Name of a person or a program who does something. */
export const PERSON = shortText(200);

/** Reason or note of a person. */
export const REASON = shortText(1000);

/** An attribute of an event: its type, id, source or subject. */
export const ATTRIBUTE: ValueKind<string> = {
  name: 'attribute',
  allowed: 'a text of 1 to 1024 characters without control characters',
  // oxlint-disable-next-line no-control-regex
  read: (text) => (text === '' || text.length > 1024 || /[\u0000-\u001F\u007F]/.test(text) ? undefined : text),
};

/** A token as it goes into a header (RFC 6750, 2.1). */
export const TOKEN: ValueKind<string> = {
  name: 'token',
  allowed: 'a token: printable ASCII characters without spaces',
  read: (text) => (/^[\x21-\x7E]+$/.test(text) ? text : undefined),
};

/** The address of a daemon, without a slash at its end. */
export const ADDRESS: ValueKind<string> = {
  name: 'address',
  allowed: 'an address such as http://127.0.0.1:8765 or https://example.com/belfry',
  read(text) {
    if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return undefined;
    const { protocol, host, pathname, search, hash, username, password } = new URL(text);
    const isBare = [search, hash, username, password].every((part) => part === '');
    return isBare ? `${protocol}//${host}${pathname.replace(/\/+$/, '')}` : undefined;
  },
};

const TIME = 'a time such as 2026-11-23T09:00:00+08:00';

/** A point in time, in the zone of this machine if it has no offset. Milliseconds since the epoch. */
export const INSTANT: ValueKind<number> = {
  name: 'instant',
  allowed: TIME,
  read: (text) => readInstant(text, localTimezone()),
};

/** A point in time as text; without an offset, another setting gives its zone. */
export const WALL_TIME: ValueKind<string> = {
  name: 'wall time',
  allowed: 'a time such as 2026-11-23T09:00, with or without an offset such as +08:00, or a date',
  read: (text) => (readInstant(text, 'UTC') === undefined ? undefined : text),
};

export const TIMEZONE: ValueKind<string> = {
  name: 'time zone',
  allowed: 'an IANA time zone such as Europe/Berlin',
  read: (text) => (isTimezone(text) ? text : undefined),
};

export const TIME_OR_AGO: ValueKind<TimeOrAgo> = {
  name: 'time or duration ago',
  allowed: `${TIME}, or a duration ago such as 2h`,
  read(text) {
    const ago = parseDuration(text);
    if (ago !== undefined) return { ago };
    const at = INSTANT.read(text);
    return at === undefined ? undefined : { at };
  },
};

/** Text from which `TIME_OR_AGO` reads the same time in every zone. */
export function timeText(time: TimeOrAgo): string {
  return 'at' in time ? rfc3339(time.at) : formatDuration(time.ago);
}

/** The time in milliseconds since the epoch. */
export function resolveTime(time: TimeOrAgo, now: number): number {
  return 'at' in time ? time.at : now - time.ago;
}

/** Milliseconds. */
export function duration({ min = 0, max = Number.MAX_SAFE_INTEGER } = {}): ValueKind<number> {
  const bounds = [
    ...(min > 0 ? [`of at least ${formatDuration(min)}`] : []),
    ...(max < Number.MAX_SAFE_INTEGER ? [`of at most ${formatDuration(max)}`] : []),
  ].join(' and ');
  return {
    name: 'duration',
    allowed: `a duration such as \`2h\` or \`1h30m\`${bounds === '' ? '' : `, ${bounds}`}`,
    read(text) {
      const ms = parseDuration(text);
      return ms === undefined || ms < min || ms > max ? undefined : ms;
    },
  };
}

/** Longest wait of a client for the deliveries of its events, milliseconds. */
export const MAX_WAIT_MS = 5 * 60_000;

export function count(min: number, max: number): ValueKind<number> {
  return {
    name: 'count',
    allowed: `a number from ${min} to ${max}`,
    read(text) {
      const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
      return number >= min && number <= max ? number : undefined;
    },
  };
}

export function oneOf<const T extends string>(values: readonly T[]): ValueKind<T> {
  return {
    name: 'one of a list',
    allowed: `one of ${values.map((value) => `\`${value}\``).join(', ')}`,
    read: (text) => values.find((value) => value === text),
  };
}

/** One or more of these words, separated by commas. */
export function someOf<const T extends string>(values: readonly T[]): ValueKind<readonly T[]> {
  const one = oneOf(values);
  return {
    name: 'some of a list',
    allowed: `${one.allowed}, or several separated by commas`,
    read(text) {
      const read = text.split(',').map((word) => one.read(word));
      return read.every((word) => word !== undefined) ? read : undefined;
    },
  };
}
