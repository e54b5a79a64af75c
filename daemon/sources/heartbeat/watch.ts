import { missed, type Named, recovered, type Signal, type Turn, turnOf } from './events.ts';
import { checkpointsOf } from './checkpoints.ts';
import { outsetOf, type OutsetWords } from './baseline.ts';
import type { Rhythm } from './schedule.ts';
import { type Absence, Known, UNKNOWN, changed } from './state.ts';
import { InTurn } from '../../lib/async/keyed-mutex.ts';
import { persevere } from '../../lib/async/retry.ts';
import type { Checkpoint, Observation, SourceIo } from '../source.ts';

export interface WatchSettings extends OutsetWords {
  readonly rhythm: Rhythm;
}

/** More than these are refused. */
export const MOST_KEYS = 10_000;
/** A key that is down and silent for so many periods is forgotten, but not before a week, so that it can come back; when room is needed, at once. */
const FORGOTTEN_AFTER = 30;
const FORGOTTEN_NOT_BEFORE = 7 * 24 * 60 * 60_000;
/** How long at most nobody looks, and how old the stored sign of the daemon's own life may become. */
const LOOK_EVERY = 30_000;
/** The same where the clock cannot jump and nobody can stop. */
const LOOK_EVERY_STEADY = 24 * 60 * 60_000;
/** A look that is later than this by more, or a wall clock that went so much further than time, means that nobody listened. */
const SLACK = 5_000;
/** So many events go into one commit together. */
const AT_ONCE = 256;
const MAX_BATCH = 1000;

/** The heartbeats of one source: stores what comes in, notices what does not. */
export class HeartbeatWatch {
  readonly #settings: WatchSettings;
  readonly #io: SourceIo;
  readonly #signal: AbortSignal;
  readonly #lookEvery: number;
  readonly #turns = new InTurn();
  #known = new Map<string, Known>();
  /** Beats seen in events before what is stored had been read. */
  readonly #early = new Map<string, number>();
  #isReady = false;
  /** Keys that were stored though there was no room. */
  #strays: string[] = [];
  #isFull = false;
  #intakeTrouble: string | undefined;
  /** Since when beats may have been lost because nothing could be stored. */
  #blindSince: number | undefined;
  #looked = { wall: 0, monotonic: 0 };
  #planned = 0;
  #alive = 0;
  #stirred = false;
  #wake: () => void = () => undefined;

  constructor(settings: WatchSettings, io: SourceIo, signal: AbortSignal) {
    this.#settings = settings;
    this.#io = io;
    this.#signal = signal;
    this.#lookEvery = io.clock.steady === true ? LOOK_EVERY_STEADY : LOOK_EVERY;
  }

  get now(): number {
    return this.#io.clock.now();
  }

  /** By key; what has one only has it under the empty key. */
  get known(): ReadonlyMap<string, Known> {
    return this.#known;
  }

  /** Reads what is stored, until that works; false when it is to stop before. */
  async begin(): Promise<boolean> {
    const begun = await persevere(() => this.#outset(), this.#trying());
    return begun === true;
  }

  /** Until `signal` aborts. Does not reject: what goes wrong is reported and tried again. */
  async run(): Promise<void> {
    while (!this.#signal.aborted) {
      await persevere(() => this.#round(), this.#trying());
      await this.#rest();
    }
  }

  /** Stores until when it listened. */
  async close(): Promise<void> {
    const { now } = this;
    if (!this.#isReady || this.#absence(now) !== undefined) return;
    await this.#io
      .saveCheckpoints([aliveCheckpoint(now)])
      .catch((error: unknown) => this.#io.log.warn({ err: error }, 'the moment of stopping was not stored'));
  }

  /** Resolves when it is durable, with its event if it has one; false: there are too many keys. Rejects as `emit` does. */
  async take(key: string, signal: Signal): Promise<boolean> {
    if (!this.#hasRoomFor(key)) return false;
    const isBeatOnly = signal.kind === 'beat' && this.#at(key).pulse.down === null;
    // A plain beat waits for nothing: many at once are stored at once.
    if (isBeatOnly) await this.#commit(key, { change: { beat: signal.at } });
    else await this.#turns.take(key, () => this.#answer(key, signal));
    return true;
  }

  /** A beat found in an event of another source. */
  glimpse(key: string, at: number): Observation | undefined {
    if (!this.#hasRoomFor(key)) return undefined;
    return { checkpoints: checkpointsOf(key, { beat: at }), committed: () => this.#glimpsed(key, at) };
  }

  #glimpsed(key: string, at: number): void {
    if (this.#isReady) this.#apply(key, { change: { beat: at } });
    else this.#early.set(key, at);
  }

  #hasRoomFor(key: string): boolean {
    if (this.#known.has(key) || this.#early.has(key) || this.#known.size + this.#early.size < MOST_KEYS) return true;
    this.#isFull = true;
    this.#stir();
    return false;
  }

  async #answer(key: string, signal: Signal): Promise<void> {
    if (this.#at(key).isBack) await this.#tell(key, this.now);
    await this.#commit(key, turnOf(this.#named(key), this.#at(key), signal));
  }

  async #outset(): Promise<true> {
    const { now, monotonic } = { now: this.now, monotonic: this.#io.clock.monotonic() };
    const { known, checkpoints } = outsetOf(
      this.#settings,
      this.#settings.rhythm,
      await this.#io.readCheckpoints(),
      now,
    );
    // The sign of life goes last: until then the absence is found again.
    await this.#save([...checkpoints, aliveCheckpoint(now)]);
    this.#known = known;
    this.#looked = { wall: now, monotonic };
    this.#planned = now + this.#lookEvery;
    this.#alive = now;
    this.#isReady = true;
    for (const [key, at] of this.#early) this.#apply(key, { change: { beat: at } });
    this.#early.clear();
    return true;
  }

  async #round(): Promise<void> {
    const { now, monotonic } = { now: this.now, monotonic: this.#io.clock.monotonic() };
    const absence = this.#absence(now);
    this.#planned = now + this.#lookEvery;
    if (absence !== undefined) await this.#forgive(absence);
    this.#looked = { wall: now, monotonic };
    if (absence !== undefined || Math.abs(now - this.#alive) >= this.#lookEvery) {
      await this.#save([aliveCheckpoint(now)]);
      this.#alive = now;
    }
    await this.#tellAll(now);
    await this.#forget(now);
    this.#report();
  }

  /** The time in which a beat may have come without being heard. */
  #absence(now: number): Absence | undefined {
    const { wall, monotonic } = this.#looked;
    const jump = now - wall - (this.#io.clock.monotonic() - monotonic);
    const wasAsleep = now > this.#planned + SLACK || Math.abs(jump) > SLACK;
    const blind = this.#blindSince;
    if (!wasAsleep) return blind === undefined ? undefined : { from: blind, to: now };
    return { from: Math.min(wall, blind ?? wall), to: now };
  }

  /** Stored before it counts, so that a restart in between does not take it back. */
  async #forgive(absence: Absence): Promise<void> {
    this.#blindSince = absence.from;
    const changes = [...this.#known].flatMap(([key, known]) => {
      const change = known.afterAbsence(absence);
      return change === undefined ? [] : [{ key, change }];
    });
    await this.#save(changes.flatMap(({ key, change }) => checkpointsOf(key, change)));
    for (const { key, change } of changes) this.#apply(key, { change });
    this.#blindSince = undefined;
    if (changes.length > 0)
      this.#io.log.info(
        { heartbeats: changes.length, ...absence },
        'beats may have gone unheard; a new period is given',
      );
  }

  async #tellAll(now: number): Promise<void> {
    const owing = [...this.#known].filter(([, known]) => known.isBack || known.isMissed(now)).map(([key]) => key);
    for (let from = 0; from < owing.length && !this.#signal.aborted; from += AT_ONCE) {
      const told = await Promise.allSettled(
        owing.slice(from, from + AT_ONCE).map((key) => this.#turns.take(key, () => this.#tell(key, now))),
      );
      const refusal = told.find((result) => result.status === 'rejected');
      if (refusal !== undefined) throw refusal.reason;
    }
  }

  /** What is owed about one by now; nothing may be, when its turn comes. */
  async #tell(key: string, now: number): Promise<void> {
    const known = this.#at(key);
    if (known.isBack) await this.#commit(key, recovered(this.#named(key), known, { at: known.pulse.beat! }));
    else if (known.isMissed(now)) await this.#commit(key, missed(this.#named(key), known, now));
  }

  async #forget(now: number): Promise<void> {
    const strays = this.#strays.splice(0).filter((key) => !this.#known.has(key));
    await this.#save(strays.flatMap((key) => checkpointsOf(key, UNKNOWN)));
    const silent = [...this.#known].filter(([key, known]) => key !== '' && this.#isForgotten(known, now));
    if (silent.length === 0) return;
    await this.#save(silent.flatMap(([key]) => checkpointsOf(key, UNKNOWN)));
    for (const [key, known] of silent) {
      // It came back at this very moment.
      if (this.#known.get(key) !== known) await this.#commit(key, { change: this.#at(key).pulse });
      else this.#known.delete(key);
    }
    this.#isFull = false;
    this.#io.log.info({ heartbeats: silent.length }, 'down and silent for long; forgotten');
  }

  #isForgotten(known: Known, now: number): boolean {
    const { down } = known.pulse;
    if (down === null || known.isBack) return false;
    const isOld = this.#isFull || now - down.seen >= FORGOTTEN_NOT_BEFORE;
    return isOld && known.silentPeriods(now) >= FORGOTTEN_AFTER;
  }

  async #commit(key: string, { change, event }: Turn): Promise<void> {
    const checkpoints = checkpointsOf(key, change);
    try {
      if (event === undefined) await this.#io.saveCheckpoints(checkpoints);
      else await this.#io.emit(event, checkpoints);
    } catch (error) {
      this.#blindSince ??= this.now;
      throw error;
    }
    this.#apply(key, { change });
  }

  #apply(key: string, { change }: Turn): void {
    const before = this.#known.get(key);
    if (before === undefined && this.#known.size >= MOST_KEYS) {
      this.#strays.push(key);
      this.#isFull = true;
      return this.#stir();
    }
    const known = new Known(changed(before?.pulse ?? UNKNOWN, change), this.#settings.rhythm);
    this.#known.set(key, known);
    // One that is up only becomes due later by this; the others may be due before the next look.
    if (before === undefined || known.isBack || before.pulse.down !== null) this.#stir();
  }

  async #save(checkpoints: readonly Checkpoint[]): Promise<void> {
    try {
      for (let from = 0; from < checkpoints.length; from += MAX_BATCH)
        await this.#io.saveCheckpoints(checkpoints.slice(from, from + MAX_BATCH));
    } catch (error) {
      this.#blindSince ??= this.now;
      throw error;
    }
  }

  /** Until something is due, or something came in that has to be looked at. */
  #rest(): Promise<void> {
    const { now } = this;
    const next = this.#stirred ? now : this.#nextDue(now + this.#lookEvery);
    this.#planned = Math.max(now, next);
    this.#stirred = false;
    if (next <= now || this.#signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        cancel();
        this.#signal.removeEventListener('abort', done);
        this.#wake = () => undefined;
        resolve();
      };
      const cancel = this.#io.clock.after(next - now, done);
      this.#signal.addEventListener('abort', done);
      this.#wake = done;
    });
  }

  #stir(): void {
    this.#stirred = true;
    this.#wake();
  }

  #nextDue(latest: number): number {
    let next = latest;
    for (const known of this.#known.values()) {
      if (known.isBack) return 0;
      if (known.pulse.down === null && known.expected !== undefined) next = Math.min(next, known.expected.deadline);
    }
    return next;
  }

  #at(key: string): Known {
    return this.#known.get(key) ?? new Known(UNKNOWN, this.#settings.rhythm);
  }

  #named(key: string): Named {
    return { heartbeat: this.#io.name, key };
  }

  #trying() {
    const refused = (why: string | undefined): void => {
      this.#intakeTrouble = why === undefined ? undefined : `nothing can be stored: ${why}`;
      this.#report();
    };
    return { clock: this.#io.clock, signal: this.#signal, refused };
  }

  #report(): void {
    const full = `${MOST_KEYS} keys are known, as many as there may be; beats of others are refused`;
    this.#io.report(this.#intakeTrouble ?? (this.#isFull ? full : undefined));
  }
}

function aliveCheckpoint(now: number): Checkpoint {
  return { key: 'alive', value: JSON.stringify(now) };
}
