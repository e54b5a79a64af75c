import { cronTimes } from '../../core/time/due-times.ts';

/** When a beat is expected: all in milliseconds since the epoch. */
export interface Expectation {
  readonly due: number;
  /** A beat from here on is the one that is expected. */
  readonly opens: number;
  /** Without a beat until then it was missed. */
  readonly deadline: number;
}

export interface Rhythm {
  /** What is expected after a beat, or after the counting began; undefined when nothing ever is again. */
  after(moment: number): Expectation | undefined;
  /** How long a period takes that begins about then, milliseconds. */
  period(at: number): number;
}

/** Milliseconds. */
export interface RhythmWords {
  readonly every?: number;
  readonly cron?: string;
  readonly grace?: number;
}

const SHORTEST_GRACE = 10_000;
const LONGEST_GRACE = 10 * 60_000;
const MOST_EARLY = 60_000;
const DAY = 24 * 60 * 60_000;

/** By `every` the next beat is due that long after the last one; by `cron` at the pattern's next due time, on the wall clock of `zone`. */
export function rhythmOf({ every, cron, grace }: RhythmWords, zone: string): Rhythm {
  const expect = (due: number, period: number): Expectation => {
    const patience = grace ?? graceFor(period);
    return { due, opens: due - Math.max(patience, earlyFor(period)), deadline: due + patience };
  };
  if (every !== undefined) return { after: (moment) => expect(moment + every, every), period: () => every };
  const times = cronTimes(cron!, zone);
  const gapAfter = (due: number): number => (times.next(due) ?? due + DAY) - due;
  return {
    after(moment) {
      const next = times.next(moment);
      if (next === undefined) return undefined;
      const gap = gapAfter(next);
      // The clock of another machine may be ahead: a beat right before a due time is the one of that due time.
      if (next - moment > earlyFor(gap)) return expect(next, gap);
      return expect(next + gap, gapAfter(next + gap));
    },
    period: (at) => gapAfter(times.next(at) ?? at),
  };
}

/** A tenth of the period, at least 10 s and at most 10 min. */
function graceFor(period: number): number {
  return Math.min(LONGEST_GRACE, Math.max(SHORTEST_GRACE, Math.round(period / 10)));
}

function earlyFor(period: number): number {
  return Math.min(MOST_EARLY, Math.round(period / 10));
}
