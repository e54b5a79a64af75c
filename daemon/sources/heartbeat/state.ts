import type { Expectation, Rhythm } from './schedule.ts';

/** A moment that counts for as long as `beat` is the last one. Milliseconds. */
export interface Since {
  readonly at: number;
  readonly beat: number | null;
}

/** Down since `at`. A beat other than `beat` ends it. */
export interface Down extends Since {
  readonly cause: 'missed' | 'failed';
  /** The last sign of life: a run that began, or another failure. */
  readonly seen: number;
}

/** All that is known of one heartbeat. Each field is a checkpoint of its own, so that a beat can be stored beside whatever else happens. */
export interface Pulse {
  /** The last beat. */
  readonly beat: number | null;
  /** From where the next one is counted instead of from the last: it was just configured, or nobody could listen. */
  readonly counted: Since | null;
  /** A run that began. */
  readonly run: Since | null;
  readonly down: Down | null;
}

export type Change = Partial<Pulse>;

export const UNKNOWN: Pulse = { beat: null, counted: null, run: null, down: null };

export function changed(pulse: Pulse, change: Change): Pulse {
  const { down } = change;
  // Every beat that is stored by now came before this failure, also one that was not known when it was reported.
  if (down?.cause === 'failed') return { ...pulse, ...change, down: { ...down, beat: pulse.beat } };
  return { ...pulse, ...change };
}

export type Standing = 'new' | 'up' | 'late' | 'down';

/** A pulse, and what follows from it by the rhythm; worked out when it is first asked for. */
export class Known {
  readonly pulse: Pulse;
  readonly #rhythm: Rhythm;
  #period: number | undefined;
  #expected: { readonly what: Expectation | undefined } | undefined;

  constructor(pulse: Pulse, rhythm: Rhythm) {
    this.pulse = pulse;
    this.#rhythm = rhythm;
  }

  get expected(): Expectation | undefined {
    this.#expected ??= { what: this.#rhythm.after(this.#countedFrom()) };
    return this.#expected.what;
  }

  /** When the run began that has not ended; undefined when there is none. */
  get running(): number | undefined {
    const { run, beat } = this.pulse;
    return run?.beat === beat ? run.at : undefined;
  }

  /** It is down, and has beaten since. */
  get isBack(): boolean {
    const { down, beat } = this.pulse;
    return down !== null && down.beat !== beat;
  }

  isMissed(now: number): boolean {
    return this.pulse.down === null && this.expected !== undefined && now >= this.expected.deadline;
  }

  standing(now: number): Standing {
    if (this.pulse.down !== null) return 'down';
    if (this.expected !== undefined && now > this.expected.due) return 'late';
    return this.pulse.beat === null ? 'new' : 'up';
  }

  /** How long it has been down without a sign of life, in periods. */
  silentPeriods(now: number): number {
    const { down } = this.pulse;
    if (down === null) return 0;
    this.#period ??= this.#rhythm.period(down.seen);
    return (now - down.seen) / this.#period;
  }

  #countedFrom(): number {
    const { beat, counted } = this.pulse;
    return counted !== null && counted.beat === beat ? counted.at : (beat ?? 0);
  }

  /** Counted anew from a moment, as if a beat had come. */
  recounted(at: number): Change {
    return { counted: { at, beat: this.pulse.beat } };
  }

  /**
   * What changes because nobody could listen from `from` to `to`: a beat that would have come then may have come, so that the
   * whole period is given again. `to` before `from` is a clock that was set back; nothing is counted from the future.
   * Undefined when nothing changes.
   */
  afterAbsence({ from, to }: Absence): Change | undefined {
    if (this.pulse.down !== null || this.expected === undefined) return undefined;
    const { opens, deadline } = this.expected;
    const missable = opens <= to && deadline > from;
    return missable || this.#countedFrom() > to ? this.recounted(to) : undefined;
  }
}

export interface Absence {
  readonly from: number;
  readonly to: number;
}
