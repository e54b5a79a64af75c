import { cronTimes } from './due-times.ts';

/** Stretches of time that come again. Instants are milliseconds since the epoch. */
export interface Windows {
  /** When the window that is open at `at` ends, at the earliest if that is more than 400 days ahead; undefined when none is open. */
  activeUntil(at: number): number | undefined;
  /** When the next one begins after `at`; undefined when the present one has no end in sight. */
  next(at: number): number | undefined;
}

/** What has no end within this is not followed any further. */
const HORIZON = 400 * 86_400_000;
/** Nor what so many windows make that follow one another: more than there are minutes of a weekend. */
const MOST_JOINED = 3000;

/** A time through which the windows are either open or closed. */
interface Stretch {
  readonly from: number;
  readonly until: number;
  readonly open: boolean;
  readonly endless: boolean;
}

/**
 * Windows that begin by a cron pattern and stay open for `length` milliseconds that really pass; those that overlap or touch are
 * one. Throws when the pattern is none.
 */
export function recurringWindows(cron: string, length: number, timezone: string): Windows {
  const times = cronTimes(cron, timezone);
  /** Later than `until`, the end of a window, if windows that begin before it was over make it so. */
  const longer = (until: number): number => {
    for (const back of [length / 2, length]) {
      const due = times.next(until - back);
      if (due !== undefined && due <= until) return due + length;
    }
    return until;
  };
  const look = (at: number): Stretch => {
    const due = times.next(at - length) ?? Number.POSITIVE_INFINITY;
    if (due > at) return { from: at, until: due, open: false, endless: false };
    let until = due + length;
    for (let count = 0; count < MOST_JOINED && until <= at + HORIZON; count += 1) {
      const later = longer(until);
      if (later === until) return { from: at, until, open: true, endless: false };
      until = later;
    }
    return { from: at, until, open: true, endless: true };
  };
  // The same until something changes: a pattern is slow to compute, and every event asks.
  let known: Stretch | undefined;
  const stretchAt = (at: number): Stretch => {
    if (known === undefined || at < known.from || at >= known.until) known = look(at);
    return known;
  };
  return {
    activeUntil(at) {
      const { open, until } = stretchAt(at);
      return open ? until : undefined;
    },
    next(at) {
      const { open, until, endless } = stretchAt(at);
      if (endless) return undefined;
      return open ? times.next(until) : Number.isFinite(until) ? until : undefined;
    },
  };
}
