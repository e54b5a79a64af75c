import { BelfryError, EXIT } from '../../../core/problems/failure.ts';
import { type CounterChange, type Counters, FACT, added } from './counters.ts';
import type { EnginePort } from '../engine/client.ts';
import type { Committed, Reply, Value } from '../engine/protocol.ts';
import type { Reserve } from '../disk/reserve.ts';
import type { WriteName } from '../engine/statements.ts';

/** Rows to be written together. */
export class Writes {
  readonly names: WriteName[] = [];
  readonly values: Value[] = [];

  add(name: WriteName, ...values: Value[]): this {
    this.names.push(name);
    this.values.push(...values);
    return this;
  }
}

export interface Operation {
  readonly writes: Writes;
  readonly counts?: CounterChange;
  /** It rests on rule states that may not be on disk yet, so it falls with the commit that was to bring them there. */
  readonly decided: boolean;
  /** Called when it is on disk, in the order of the commits, before anything else learns of it. */
  readonly committed?: (results: readonly unknown[]) => void;
}

interface Queued {
  readonly operation: Operation;
  readonly resolve: (results: readonly unknown[]) => void;
  readonly reject: (error: Error) => void;
  tried: boolean;
}

/** A transaction that is with the engine. */
interface UnderWay {
  readonly batch: readonly Queued[];
  /** With this batch in them. */
  readonly counters: Counters;
}

/** So many transactions: the engine goes on with the next while the answer to the last one is on its way here. */
const MOST_UNDER_WAY = 2;

/** Parameters in one transaction at most, so that a flood of them does not hold up what is asked beside it. */
const MOST_VALUES = 50_000;

const NOTHING_FOUND: readonly unknown[] = [];

/**
 * Group commit: what arrives while transactions are under way becomes the next. Those of one generation stand upon each other:
 * when one fails, the engine refuses the ones behind it, which are taken back here at once, and a new generation begins.
 */
export class Committer {
  readonly #port: EnginePort;
  readonly #reserve: Reserve;
  readonly #recover: () => Promise<void>;
  readonly #fatal: ((error: Error) => void)[] = [];
  #queue: Queued[] = [];
  readonly #underWay: UnderWay[] = [];
  #generation = 0;
  #scheduled = false;
  #idle: (() => void)[] = [];
  #counters: Counters;
  #bytes: number;
  /** The last look at the disk found no room, although nothing has failed yet. */
  #isShort = false;
  #failure: BelfryError | undefined;
  #recovery: Promise<void> | undefined;

  /** `recover` brings memory back to what is on disk after decisions were undone. */
  constructor(
    port: EnginePort,
    start: { readonly counters: Counters; readonly bytes: number; readonly reserve: Reserve },
    recover: () => Promise<void>,
  ) {
    this.#port = port;
    this.#counters = start.counters;
    this.#bytes = start.bytes;
    this.#reserve = start.reserve;
    this.#recover = recover;
    port.onFault((message) => this.fail(message));
  }

  get counters(): Counters {
    return this.#counters;
  }

  get bytes(): number {
    return this.#bytes;
  }

  set bytes(bytes: number) {
    this.#bytes = bytes;
  }

  onFatal(listener: (error: Error) => void): void {
    this.#fatal.push(listener);
  }

  /** Throws when nothing can be promised any more. */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Resolves when decisions may be made: memory agrees with the disk, and there is room. Throws `store.full` otherwise. */
  async ready(): Promise<void> {
    while (this.#recovery !== undefined) await this.#recovery;
    this.check();
    if (this.#isShort || (!this.#reserve.whole && !(await this.#reserve.restore()))) throw full();
  }

  /** Nothing has to be waited for before deciding. */
  get isReady(): boolean {
    return this.#recovery === undefined && this.refusing === undefined;
  }

  /** Why nothing new is taken; undefined while it is. */
  get refusing(): string | undefined {
    if (this.#failure !== undefined) return this.#failure.message;
    return this.#isShort || !this.#reserve.whole ? full().message : undefined;
  }

  /** Takes in what a look at the disk found; tries to set the reserve aside again where it had to be given up. */
  async noteRoom(hasRoom: boolean): Promise<void> {
    this.#isShort = !hasRoom;
    if (hasRoom && !this.#reserve.whole) await this.#reserve.restore();
  }

  /** Resolves when it is on disk, with what its computing writes found, in order. */
  submit(operation: Operation): Promise<readonly unknown[]> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#queue.push({ operation, resolve, reject, tried: false });
      this.#schedule();
    });
  }

  /** Resolves when nothing is under way. */
  drained(): Promise<void> {
    if (this.#isIdle) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** The medium failed, or the store was closed: every call from now on is refused with this. */
  fail(message: string, closed = false): void {
    if (this.#failure !== undefined) return;
    this.#failure = closed
      ? new BelfryError('store.closed', 'the store is closed')
      : new BelfryError('store.failed', `the disk failed, nothing more is promised: ${message}`, { exit: EXIT.disk });
    const failure = this.#failure;
    for (const operation of this.#queue.splice(0)) operation.reject(failure);
    if (!closed) for (const listener of this.#fatal) listener(failure);
  }

  get #isIdle(): boolean {
    return this.#underWay.length === 0 && this.#queue.length === 0;
  }

  get #mayCommit(): boolean {
    return this.#underWay.length < MOST_UNDER_WAY && this.#queue.length > 0;
  }

  #schedule(): void {
    if (this.#scheduled || !this.#mayCommit) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (this.#mayCommit) void this.#commit(this.#take());
    });
  }

  /** What failed once goes alone, so that it takes nothing else down with it. */
  #take(): Queued[] {
    if (this.#queue[0]?.tried === true) return this.#queue.splice(0, 1);
    let values = 0;
    let count = 0;
    while (count < this.#queue.length && values < MOST_VALUES) {
      values += this.#queue[count]!.operation.writes.values.length;
      count += 1;
    }
    return this.#queue.splice(0, count);
  }

  async #commit(batch: readonly Queued[]): Promise<void> {
    const names: WriteName[] = [];
    const values: Value[] = [];
    const changes: CounterChange[] = [];
    for (const { operation } of batch) {
      for (const name of operation.writes.names) names.push(name);
      for (const value of operation.writes.values) values.push(value);
      if (operation.counts !== undefined) changes.push(operation.counts);
    }
    const before = this.#underWay.at(-1)?.counters ?? this.#counters;
    const counters = added(before, changes);
    if (counters !== before) {
      names.push('fact');
      values.push(FACT.counters, JSON.stringify(counters));
    }
    const generation = this.#generation;
    this.#underWay.push({ batch, counters });
    const reply = await this.#port.ask({ kind: 'commit', writes: names, values, generation });
    // Taken back already, with the one that failed before it.
    if (generation !== this.#generation) return;
    this.#underWay.shift();
    if (reply.ok) this.#done(batch, counters, reply.value as Committed);
    else this.#undone(batch, reply);
    this.#schedule();
    if (this.#isIdle) for (const resolve of this.#idle.splice(0)) resolve();
  }

  #done(batch: readonly Queued[], counters: Counters, committed: Committed): void {
    this.#counters = counters;
    this.#bytes = committed.bytes;
    let from = 0;
    for (const { operation, resolve } of batch) {
      const to = from + operation.writes.names.length;
      const results =
        committed.results.length === 0
          ? NOTHING_FOUND
          : committed.results.filter(([at]) => at >= from && at < to).map(([, found]) => found);
      from = to;
      operation.committed?.(results);
      resolve(results);
    }
  }

  /** What was decided falls, with all that was decided upon it; what only has to be written is tried once more with the reserve's room. */
  #undone(batch: readonly Queued[], reply: Reply & { ok: false }): void {
    if (reply.fault !== 'full' && reply.fault !== 'broken') {
      this.fail(reply.message);
      for (const operation of batch) operation.reject(this.#failure!);
      return;
    }
    const error =
      reply.fault === 'full' ? full() : new BelfryError('store.broken', `a commit failed: ${reply.message}`);
    const isDecided = ({ operation }: Queued): boolean => operation.decided;
    const behind = [...this.#underWay.splice(0).flatMap((next) => next.batch), ...this.#queue];
    this.#generation += 1;
    const kept = behind.filter((queued) => !isDecided(queued));
    const fallen = [...batch, ...behind].filter(isDecided);
    const again = batch.filter((queued) => !isDecided(queued) && !queued.tried);
    const given = batch.filter((queued) => !isDecided(queued) && queued.tried);
    if (reply.fault === 'full') this.#reserve.release();
    for (const operation of again) operation.tried = true;
    this.#queue = [...again, ...kept];
    if (fallen.length > 0) this.#startRecovery();
    for (const operation of [...fallen, ...given]) operation.reject(error);
  }

  #startRecovery(): void {
    const recovery = this.#recover().catch((error: unknown) => this.fail(String(error)));
    this.#recovery = recovery;
    void recovery.then(() => {
      if (this.#recovery === recovery) this.#recovery = undefined;
    });
  }
}

function full(): BelfryError {
  return new BelfryError(
    'store.full',
    'the disk is full: nothing was taken, nothing was lost; it goes on when there is room',
  );
}
