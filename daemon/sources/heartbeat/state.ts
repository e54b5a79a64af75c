import type { BeatSchedule, ExpectedBeat } from './schedule.ts';

/** A time that is valid while `beat` is the last beat. Milliseconds. */
export interface SinceBeat {
  readonly at: number;
  readonly beat: number | null;
}

/** Down since `at`, until a beat other than `beat`. */
export interface Down extends SinceBeat {
  readonly cause: 'missed' | 'failed';
  /** The last sign of life: a run that began, or another failure. */
  readonly seen: number;
}

/** The stored state of one heartbeat. Each field is a checkpoint of its own, so that a beat can be saved beside any other change. */
export interface BeatRecord {
  /** Time of the last beat. */
  readonly beat: number | null;
  /** Start of the present period if it is not the last beat: the heartbeat is new, or beats may have been lost. */
  readonly counted: SinceBeat | null;
  /** Start of a run. */
  readonly run: SinceBeat | null;
  readonly down: Down | null;
}

export type RecordPatch = Partial<BeatRecord>;

export const EMPTY_RECORD: BeatRecord = { beat: null, counted: null, run: null, down: null };

export function patched(record: BeatRecord, patch: RecordPatch): BeatRecord {
  const { down } = patch;
  // A beat that was saved during the handling of the failure came before the failure.
  if (down?.cause === 'failed') return { ...record, ...patch, down: { ...down, beat: record.beat } };
  return { ...record, ...patch };
}

/** A time in which beats may have been lost: the daemon was down, the machine was suspended, or the disk was full. */
export interface Gap {
  readonly from: number;
  readonly to: number;
}

export type BeatStatus = 'new' | 'up' | 'late' | 'down';

/** A record with the values that follow from it and the schedule, memoized. Immutable. */
export class Heartbeat {
  readonly record: BeatRecord;
  readonly #schedule: BeatSchedule;
  #period: number | undefined;
  #expected: { readonly beat: ExpectedBeat | undefined } | undefined;

  constructor(record: BeatRecord, schedule: BeatSchedule) {
    this.record = record;
    this.#schedule = schedule;
  }

  get expected(): ExpectedBeat | undefined {
    this.#expected ??= { beat: this.#schedule.after(this.since) };
    return this.#expected.beat;
  }

  /** Start of the current run; undefined when none is running. */
  get running(): number | undefined {
    const { run, beat } = this.record;
    return run?.beat === beat ? run.at : undefined;
  }

  /** Whether it is down but has had a beat since. */
  get isBack(): boolean {
    const { down, beat } = this.record;
    return down !== null && down.beat !== beat;
  }

  isMissed(now: number): boolean {
    return this.record.down === null && this.expected !== undefined && now >= this.expected.deadline;
  }

  status(now: number): BeatStatus {
    if (this.record.down !== null) return 'down';
    if (this.expected !== undefined && now > this.expected.due) return 'late';
    return this.record.beat === null ? 'new' : 'up';
  }

  /** Periods since the last sign of life while it is down. */
  silentPeriods(now: number): number {
    const { down } = this.record;
    if (down === null) return 0;
    this.#period ??= this.#schedule.period(down.seen);
    return (now - down.seen) / this.#period;
  }

  /** Start of the present period: the last beat, or later if beats may have been lost. */
  /** Start of the present period: the last beat, or later if beats may have been lost. */
  get since(): number {
    const { beat, counted } = this.record;
    return counted !== null && counted.beat === beat ? counted.at : (beat ?? 0);
  }

  /** Starts a new period at `at`, as if a beat had come. */
  newPeriod(at: number): RecordPatch {
    return { counted: { at, beat: this.record.beat } };
  }

  /**
   * Starts a new period after a gap in which the expected beat may have been lost. A gap that ends before it begins is a clock
   * that was set back: then a period that would begin in the future starts anew. Undefined when nothing changes.
   */
  afterGap({ from, to }: Gap): RecordPatch | undefined {
    if (this.record.down !== null || this.expected === undefined) return undefined;
    const { opens, deadline } = this.expected;
    const mayBeLost = opens <= to && deadline > from;
    return mayBeLost || this.since > to ? this.newPeriod(to) : undefined;
  }
}

const STATUSES: readonly BeatStatus[] = ['up', 'new', 'late', 'down'];
const MAX_NAMED = 3;

/** Text for `belfry status`: `late, due 2026-11-23T09:00:00.000Z`, or with keys `3 up, 1 down (db1)`. */
export function statusText(heartbeats: ReadonlyMap<string, Heartbeat>, now: number): string | undefined {
  const only = heartbeats.get('');
  if (only !== undefined) return singleStatus(only, now);
  if (heartbeats.size === 0) return 'no beat yet';
  const keys = new Map<BeatStatus, string[]>(STATUSES.map((status) => [status, []]));
  for (const [key, each] of heartbeats) keys.get(each.status(now))!.push(key);
  return STATUSES.filter((status) => keys.get(status)!.length > 0)
    .map((status) => {
      const found = keys.get(status)!;
      const isNamed = status === 'late' || status === 'down';
      return `${found.length} ${status}${isNamed ? ` (${listed(found)})` : ''}`;
    })
    .join(', ');
}

function singleStatus(heartbeat: Heartbeat, now: number): string {
  const status = heartbeat.status(now);
  const { record, expected, running } = heartbeat;
  const time = record.down?.at ?? expected?.due;
  const label = record.down === null ? 'due' : `${record.down.cause} at`;
  return [
    time === undefined ? status : `${status}, ${label} ${new Date(time).toISOString()}`,
    ...(running === undefined ? [] : [`running since ${new Date(running).toISOString()}`]),
  ].join(', ');
}

function listed(keys: readonly string[]): string {
  const more = keys.length - MAX_NAMED;
  return `${keys.slice(0, MAX_NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
