import { cronTimes } from './due-times.ts';

/** Stretches of time that come again. Instants are milliseconds since the epoch. */
export interface Windows {
  /** When the window that is open at `at` ends; undefined when none is. */
  activeUntil(at: number): number | undefined;
  /** When the next one begins after `at`. */
  next(at: number): number | undefined;
}

/** Windows that begin by a cron pattern and stay open for so long; those that overlap are one. Throws when the pattern is none. */
export function recurringWindows(cron: string, length: number, timezone: string): Windows {
  const times = cronTimes(cron, timezone);
  return {
    activeUntil(at) {
      let until: number | undefined;
      for (let due = times.next(at - length); due !== undefined && due <= (until ?? at); due = times.next(due)) {
        until = due + length;
        if (until > at + MOST_JOINED) break;
      }
      return until;
    },
    next: (at) => times.next(at),
  };
}

/** Windows that always overlap have no end worth looking for. */
const MOST_JOINED = 400 * 86_400_000;
