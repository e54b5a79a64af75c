import { cronTimes } from './due-times.ts';

/** Recurring windows. Instants are milliseconds since the epoch. */
export interface Windows {
  /** End of the window that is open at `at`, or a lower bound if it is more than 400 days ahead; undefined when none is open. */
  activeUntil(at: number): number | undefined;
  /** Beginning of the next window after `at`; undefined when the present one has no end within the limit of the search. */
  next(at: number): number | undefined;
}

/** Limit of the search for the end of a window. */
const HORIZON = 400 * 86_400_000;
/** Bound on the windows that are joined to one: more than the minutes of a weekend. */
const MAX_JOINED = 3000;

/** Time in which the windows stay open or closed. */
interface Stretch {
  readonly from: number;
  readonly until: number;
  readonly open: boolean;
  readonly endless: boolean;
}

/**
 * Windows that begin by a cron pattern and stay open for `length` milliseconds of elapsed time; windows that overlap or touch are
 * joined. Throws when the pattern is invalid.
 */
export function recurringWindows(cron: string, length: number, timezone: string): Windows {
  const times = cronTimes(cron, timezone);
  /** Extends `until`, the end of a window, by a window that begins before it. */
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
    for (let count = 0; count < MAX_JOINED && until <= at + HORIZON; count += 1) {
      const later = longer(until);
      if (later === until) return { from: at, until, open: true, endless: false };
      until = later;
    }
    return { from: at, until, open: true, endless: true };
  };
  // Memoized, since a pattern is slow to compute and every event needs it.
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
