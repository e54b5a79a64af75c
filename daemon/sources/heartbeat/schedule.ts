import { cronTimes } from '../../core/time/due-times.ts';

/** The next expected beat. Times are milliseconds since the epoch. */
export interface ExpectedBeat {
  readonly due: number;
  /** Earliest time at which a beat counts as this one. */
  readonly opens: number;
  /** The beat is missed if it has not come by then. */
  readonly deadline: number;
}

export interface BeatSchedule {
  /** The beat that is expected after a beat, or after the start of counting; undefined when there is none. */
  after(time: number): ExpectedBeat | undefined;
  /** Length of the period that begins about `at`, milliseconds. */
  period(at: number): number;
}

/** Exactly one of `every` and `cron` is set. Durations in milliseconds. */
export interface BeatScheduleSettings {
  readonly every?: number;
  readonly cron?: string;
  readonly grace?: number;
}

const MIN_GRACE_MS = 10_000;
const MAX_GRACE_MS = 10 * 60_000;
const MAX_EARLY_MS = 60_000;
const DAY = 24 * 60 * 60_000;

/** With `every` a beat is due that long after the last one; with `cron` at the next time of the pattern in the time zone. */
export function beatSchedule({ every, cron, grace }: BeatScheduleSettings, zone: string): BeatSchedule {
  const expect = (due: number, period: number): ExpectedBeat => {
    const late = grace ?? defaultGrace(period);
    return { due, opens: due - Math.max(late, earlyFor(period)), deadline: due + late };
  };
  if (every !== undefined) return { after: (time) => expect(time + every, every), period: () => every };
  const times = cronTimes(cron!, zone);
  const gapAfter = (due: number): number => (times.next(due) ?? due + DAY) - due;
  return {
    after(time) {
      const next = times.next(time);
      if (next === undefined) return undefined;
      const gap = gapAfter(next);
      // A beat shortly before a due time counts for it, since the clock of another machine may be ahead.
      if (next - time > earlyFor(gap)) return expect(next, gap);
      return expect(next + gap, gapAfter(next + gap));
    },
    period: (at) => gapAfter(times.next(at) ?? at),
  };
}

/** A tenth of the period, at least 10 s and at most 10 min. */
function defaultGrace(period: number): number {
  return Math.min(MAX_GRACE_MS, Math.max(MIN_GRACE_MS, Math.round(period / 10)));
}

function earlyFor(period: number): number {
  return Math.min(MAX_EARLY_MS, Math.round(period / 10));
}
