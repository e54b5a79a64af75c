import { KeyedMutex } from '../../lib/async/keyed-mutex.ts';
import { retry } from '../../lib/async/retry.ts';
import { saveInBatches } from '../kit/save-checkpoints.ts';
import { WakeablePause } from '../kit/wait.ts';
import type { Checkpoint, Observation, SourceIo } from '../source.ts';
import { aliveCheckpoint, baselineOf, type BaselineSettings, checkpointsOf } from './checkpoints.ts';
import { type HeartbeatId, missed, type Ping, recovered, type Transition, transitionOf } from './events.ts';
import type { BeatSchedule } from './schedule.ts';
import type { PingLog } from './facts.ts';
import { EMPTY_RECORD, type Gap, Heartbeat, patched } from './state.ts';

export interface WatchSettings extends BaselineSettings {
  readonly schedule: BeatSchedule;
  readonly log: PingLog;
}

/** Further keys are refused. */
export const MAX_KEYS = 10_000;
/** A key is forgotten when it has been down and silent for this many periods and for a week; without the week if there is no room. */
const FORGET_AFTER_PERIODS = 30;
const FORGET_AFTER_MS = 7 * 24 * 60 * 60_000;
/** Longest pause between two rounds, and the interval at which the `alive` checkpoint is saved. */
const ROUND_INTERVAL_MS = 30_000;
/** The same with a virtual clock, which does not jump. */
const VIRTUAL_ROUND_INTERVAL_MS = 24 * 60 * 60_000;
/** Delay of a round, or difference between the wall clock and the monotonic clock, above which there is a gap. */
const MAX_DRIFT_MS = 5_000;
/** Events that are emitted in parallel, so that they share a commit. */
const MAX_PARALLEL = 256;

/** The heartbeats of one source: saves beats, and emits events about missed, failed and recovered ones. */
export class HeartbeatWatch {
  readonly #settings: WatchSettings;
  readonly #io: SourceIo;
  readonly #signal: AbortSignal;
  readonly #interval: number;
  readonly #mutex = new KeyedMutex();
  readonly #pause = new WakeablePause();
  #heartbeats = new Map<string, Heartbeat>();
  /** Beats observed in events before the stored state was read. */
  readonly #earlyBeats = new Map<string, number>();
  #isReady = false;
  /** Keys whose beats were saved although there was no room. */
  #orphans: string[] = [];
  #isFull = false;
  #intakeFault: string | undefined;
  /** Time since which beats may have been lost because nothing could be saved. */
  #gapSince: number | undefined;
  #lastRound = { wall: 0, monotonic: 0 };
  #plannedRound = 0;
  #aliveSaved = 0;
  #roundRequested = false;

  constructor(settings: WatchSettings, io: SourceIo, signal: AbortSignal) {
    this.#settings = settings;
    this.#io = io;
    this.#signal = signal;
    this.#interval = io.clock.steady === true ? VIRTUAL_ROUND_INTERVAL_MS : ROUND_INTERVAL_MS;
  }

  get now(): number {
    return this.#io.clock.now();
  }

  /** By key; a source without keys has one under the empty key. */
  get heartbeats(): ReadonlyMap<string, Heartbeat> {
    return this.#heartbeats;
  }

  /** Reads the stored state, with retries; false when the source stops before. */
  async begin(): Promise<boolean> {
    return (await retry(() => this.#restore(), this.#retrying())) === true;
  }

  /** Runs until `signal` aborts. Never rejects: errors are reported and the work is retried. */
  async run(): Promise<void> {
    while (!this.#signal.aborted) {
      await retry(() => this.#round(), this.#retrying());
      await this.#waitForNext();
    }
  }

  /** Saves the time until which the source has received beats. */
  async close(): Promise<void> {
    const { now } = this;
    if (!this.#isReady || this.#gap(now) !== undefined) return;
    await this.#io
      .saveCheckpoints([aliveCheckpoint(now)])
      .catch((error: unknown) => this.#io.log.warn({ err: error }, 'the time of stopping was not saved'));
  }

  /** Handles a ping. Resolves when it is durable, with its event if there is one; false: no room for the key. Rejects like `emit`. */
  async take(key: string, ping: Ping): Promise<boolean> {
    if (!this.#hasRoomFor(key)) return false;
    const isBeatOnly = ping.kind === 'beat' && this.#at(key).record.down === null;
    // A beat without an event needs no mutex, so that many beats share a commit.
    if (isBeatOnly) await this.#commit(key, { patch: { beat: ping.at } });
    else await this.#mutex.run(key, () => this.#handle(key, ping));
    this.#settings.log.add(key, ping, 'request');
    return true;
  }

  /** A beat in an event of another source. */
  observe(key: string, at: number): Observation | undefined {
    if (!this.#hasRoomFor(key)) return undefined;
    return { checkpoints: checkpointsOf(key, { beat: at }), committed: () => this.#observed(key, at) };
  }

  #observed(key: string, at: number): void {
    this.#settings.log.add(key, { kind: 'beat', at }, 'event');
    if (this.#isReady) this.#apply(key, { patch: { beat: at } });
    else this.#earlyBeats.set(key, at);
  }

  #hasRoomFor(key: string): boolean {
    const isKnown = this.#heartbeats.has(key) || this.#earlyBeats.has(key);
    if (isKnown || this.#heartbeats.size + this.#earlyBeats.size < MAX_KEYS) return true;
    this.#isFull = true;
    this.#requestRound();
    return false;
  }

  async #handle(key: string, ping: Ping): Promise<void> {
    if (this.#at(key).isBack) await this.#emitDue(key, this.now);
    await this.#commit(key, transitionOf(this.#idOf(key), this.#at(key), ping));
  }

  async #restore(): Promise<true> {
    const { now, monotonic } = { now: this.now, monotonic: this.#io.clock.monotonic() };
    const stored = await this.#io.readCheckpoints();
    const { heartbeats, checkpoints } = baselineOf(this.#settings, this.#settings.schedule, stored, now);
    // `alive` is saved last: after a crash before it the gap is found again.
    await this.#save([...checkpoints, aliveCheckpoint(now)]);
    this.#heartbeats = heartbeats;
    this.#lastRound = { wall: now, monotonic };
    this.#plannedRound = now + this.#interval;
    this.#aliveSaved = now;
    this.#isReady = true;
    for (const [key, at] of this.#earlyBeats) this.#apply(key, { patch: { beat: at } });
    this.#earlyBeats.clear();
    return true;
  }

  async #round(): Promise<void> {
    const { now, monotonic } = { now: this.now, monotonic: this.#io.clock.monotonic() };
    const gap = this.#gap(now);
    this.#plannedRound = now + this.#interval;
    if (gap !== undefined) await this.#applyGap(gap);
    this.#lastRound = { wall: now, monotonic };
    if (gap !== undefined || Math.abs(now - this.#aliveSaved) >= this.#interval) {
      await this.#save([aliveCheckpoint(now)]);
      this.#aliveSaved = now;
    }
    await this.#emitAllDue(now);
    await this.#forget(now);
    this.#report();
  }

  #gap(now: number): Gap | undefined {
    const { wall, monotonic } = this.#lastRound;
    const jump = now - wall - (this.#io.clock.monotonic() - monotonic);
    const hasJumped = now > this.#plannedRound + MAX_DRIFT_MS || Math.abs(jump) > MAX_DRIFT_MS;
    const since = this.#gapSince;
    if (!hasJumped) return since === undefined ? undefined : { from: since, to: now };
    return { from: Math.min(wall, since ?? wall), to: now };
  }

  /** Starts a new period for the heartbeats that the gap affects. It is saved before it is applied, so that a restart does not undo it. */
  async #applyGap(gap: Gap): Promise<void> {
    this.#gapSince = gap.from;
    const changes = [...this.#heartbeats].flatMap(([key, heartbeat]) => {
      const patch = heartbeat.afterGap(gap);
      return patch === undefined ? [] : [{ key, patch }];
    });
    await this.#save(changes.flatMap(({ key, patch }) => checkpointsOf(key, patch)));
    for (const { key, patch } of changes) this.#apply(key, { patch });
    this.#gapSince = undefined;
    if (changes.length > 0)
      this.#io.log.info({ heartbeats: changes.length, ...gap }, 'beats may have been lost; a new period begins');
  }

  async #emitAllDue(now: number): Promise<void> {
    const due = [...this.#heartbeats].filter(([, each]) => each.isBack || each.isMissed(now)).map(([key]) => key);
    for (let from = 0; from < due.length && !this.#signal.aborted; from += MAX_PARALLEL) {
      const batch = due.slice(from, from + MAX_PARALLEL);
      const results = await Promise.allSettled(batch.map((key) => this.#mutex.run(key, () => this.#emitDue(key, now))));
      const refusal = results.find((result) => result.status === 'rejected');
      if (refusal !== undefined) throw refusal.reason;
    }
  }

  /** Emits the event that is due for a key, if it still is. */
  async #emitDue(key: string, now: number): Promise<void> {
    const current = this.#at(key);
    if (current.isBack) await this.#commit(key, recovered(this.#idOf(key), current, { at: current.record.beat! }));
    else if (current.isMissed(now)) {
      await this.#commit(key, missed(this.#idOf(key), current, now));
      this.#io.countMissed('beat', 1);
    }
  }

  async #forget(now: number): Promise<void> {
    const orphans = this.#orphans.splice(0).filter((key) => !this.#heartbeats.has(key));
    await this.#save(orphans.flatMap((key) => checkpointsOf(key, EMPTY_RECORD)));
    const silent = [...this.#heartbeats].filter(([key, each]) => key !== '' && this.#isForgotten(each, now));
    if (silent.length === 0) return;
    await this.#save(silent.flatMap(([key]) => checkpointsOf(key, EMPTY_RECORD)));
    for (const [key, heartbeat] of silent) {
      // A ping arrived during the save, so the record is saved again.
      if (this.#heartbeats.get(key) !== heartbeat) await this.#commit(key, { patch: this.#at(key).record });
      else this.#heartbeats.delete(key);
    }
    this.#isFull = false;
    this.#io.log.info(
      { heartbeats: silent.length },
      'heartbeats that were down and silent for a long time were forgotten',
    );
  }

  #isForgotten(heartbeat: Heartbeat, now: number): boolean {
    const { down } = heartbeat.record;
    if (down === null || heartbeat.isBack) return false;
    const isOld = this.#isFull || now - down.seen >= FORGET_AFTER_MS;
    return isOld && heartbeat.silentPeriods(now) >= FORGET_AFTER_PERIODS;
  }

  async #commit(key: string, { patch, event }: Transition): Promise<void> {
    const checkpoints = checkpointsOf(key, patch);
    try {
      if (event === undefined) await this.#io.saveCheckpoints(checkpoints);
      else await this.#io.emit(event, checkpoints);
    } catch (error) {
      this.#gapSince ??= this.now;
      throw error;
    }
    this.#apply(key, { patch });
  }

  #apply(key: string, { patch }: Transition): void {
    const before = this.#heartbeats.get(key);
    if (before === undefined && this.#heartbeats.size >= MAX_KEYS) {
      this.#orphans.push(key);
      this.#isFull = true;
      return this.#requestRound();
    }
    const heartbeat = new Heartbeat(patched(before?.record ?? EMPTY_RECORD, patch), this.#settings.schedule);
    this.#heartbeats.set(key, heartbeat);
    // A beat of a heartbeat that is up only moves its due time to later; in other cases an event may be due before the planned round.
    if (before === undefined || heartbeat.isBack || before.record.down !== null) this.#requestRound();
  }

  async #save(checkpoints: readonly Checkpoint[]): Promise<void> {
    try {
      await saveInBatches(this.#io, checkpoints);
    } catch (error) {
      this.#gapSince ??= this.now;
      throw error;
    }
  }

  async #waitForNext(): Promise<void> {
    const { now } = this;
    const next = this.#roundRequested ? now : this.#nextDue(now + this.#interval);
    this.#plannedRound = Math.max(now, next);
    this.#roundRequested = false;
    await this.#pause.wait(this.#io.clock, next - now, this.#signal);
  }

  #requestRound(): void {
    this.#roundRequested = true;
    this.#pause.wake();
  }

  #nextDue(latest: number): number {
    let next = latest;
    for (const heartbeat of this.#heartbeats.values()) {
      if (heartbeat.isBack) return 0;
      const { record, expected } = heartbeat;
      if (record.down === null && expected !== undefined) next = Math.min(next, expected.deadline);
    }
    return next;
  }

  #at(key: string): Heartbeat {
    return this.#heartbeats.get(key) ?? new Heartbeat(EMPTY_RECORD, this.#settings.schedule);
  }

  #idOf(key: string): HeartbeatId {
    return { heartbeat: this.#io.name, key };
  }

  #retrying() {
    const onFailure = (why: string | undefined): void => {
      this.#intakeFault = why === undefined ? undefined : `nothing can be stored: ${why}`;
      this.#report();
    };
    return { clock: this.#io.clock, signal: this.#signal, onFailure };
  }

  #report(): void {
    const full = `${MAX_KEYS} keys are known, which is the limit; beats of other keys are refused`;
    this.#io.report(this.#intakeFault ?? (this.#isFull ? full : undefined));
  }
}
