import { BelfryError } from '../../../core/problems/failure.ts';
import type { Clock } from '../../../lib/time/clock.ts';
import { type Counters, NO_COUNTS } from '../../shared/commit/counters.ts';
import type { Commits, Operation } from '../../shared/writes.ts';
import type { Database } from './database.ts';
import { causeOf, Collision, isTransient } from './errors.ts';
import { Round, Sweep, versionedOf, withVersion } from './round.ts';
import type { Answer, Task } from './task.ts';
import type { VersionedStates } from './versioned-states.ts';

export interface CommitterDeps {
  readonly database: Database;
  /** Name of the schema, quoted. */
  readonly schema: string;
  readonly states: VersionedStates;
  readonly clock: Clock;
  /** Number of this run of the instance; it changes when the instance has lost its deliveries and begins anew. */
  readonly owner: () => number;
  /** Called when another instance has taken over; resolves when this one has begun anew. */
  readonly onFenced: () => Promise<void>;
  /** Called after each transaction that was made, with what it counts and its size in characters. */
  readonly onCommitted: (change: Readonly<Record<string, number>>, chars: number) => void;
  /** Whether a commit waits for the disk of the server. */
  readonly synchronous: boolean;
  /** Called when PostgreSQL cannot be reached, and with undefined when it can again. */
  readonly onOutage: (reason: string | undefined) => void;
}

/** Tasks of one transaction. */
const MAX_TASKS = 1000;
/** Milliseconds after which a sender is refused, so that it has an answer within two seconds. */
const ANSWER_MS = 1500;
const FIRST_RETRY_MS = 100;
const MAX_RETRY_MS = 1000;
/** Milliseconds between two looks for tasks whose sender has waited too long. */
const CHECK_MS = 250;

/**
 * Group commit: tasks that come while a transaction is under way form the next one. One transaction at a time is under way, with a
 * number, so that it can be sent again after a lost connection without being made twice.
 */
export class Committer implements Commits {
  counters: Counters = NO_COUNTS;
  readonly #deps: CommitterDeps;
  readonly #queue: Task[] = [];
  /** Tasks of the transaction that is under way. */
  #current: Task[] = [];
  #number = 0;
  #running = false;
  #closed = false;
  /** Whether the daemon stops: from then on, no task waits for a server that is away. */
  #isEnding = false;
  #outage: string | undefined;
  /** Time since which a transaction waits for its answer. */
  #sentAt: number | undefined;
  readonly #sweep = new Sweep();
  #onIdle: (() => void)[] = [];
  #cancelCheck: () => void = () => undefined;

  constructor(deps: CommitterDeps) {
    this.#deps = deps;
    this.#watchAnswers();
  }

  /** Reason why PostgreSQL cannot be used; undefined while it can. */
  get outage(): string | undefined {
    return this.#outage;
  }

  check(): void {
    if (this.#closed) throw closed();
  }

  /** Begins to number transactions anew, for another owner. */
  restart(): void {
    this.#number = 0;
  }

  submit(operation: Operation): Promise<readonly unknown[]> {
    return new Promise((resolve, reject) => {
      let positions: number[] = [];
      this.run({
        isOwners: operation.isOwners === true,
        prepare(round) {
          positions = round.write(operation.writes);
          if (operation.counts !== undefined) round.count(operation.counts);
        },
        done(resultAt) {
          const results = positions.map(resultAt);
          operation.onCommitted?.(results);
          resolve(results);
        },
        failed: (error) => (error instanceof Fenced ? resolve([]) : reject(error as Error)),
      });
    });
  }

  /** Makes a transaction with what `prepare` adds to it; waits as long as it takes. */
  make(prepare: (round: Round) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.run({ prepare, done: () => resolve(), failed: (error) => reject(error as Error) });
    });
  }

  run(task: Task): void {
    if (this.#closed) return task.failed(closed());
    const mayWait = task.deadline === undefined && !this.#isEnding;
    if (this.#outage !== undefined && !mayWait) return task.failed(unavailable(this.#outage));
    task.owner = this.#deps.owner();
    this.#queue.push(task);
    if (!this.#running) void this.#work();
  }

  /** Deadline of a task that somebody waits for. */
  deadline(): number {
    return this.#deps.clock.monotonic() + ANSWER_MS;
  }

  drained(): Promise<void> {
    if (!this.#running) return Promise.resolve();
    return new Promise((resolve) => this.#onIdle.push(resolve));
  }

  /** From now on, what would wait for a server that is away is refused. */
  endWaits(): void {
    this.#isEnding = true;
    this.#refuseLate();
  }

  close(): void {
    this.#closed = true;
    this.#cancelCheck();
    for (const task of this.#queue.splice(0)) task.failed(closed());
  }

  async #work(): Promise<void> {
    this.#running = true;
    // Lets all calls of this turn of the event loop into one transaction.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#queue.length > 0) {
      this.#current = this.#queue.splice(0, MAX_TASKS);
      await this.#commit();
      this.#current = [];
    }
    this.#running = false;
    for (const resolve of this.#onIdle.splice(0)) resolve();
  }

  /** Makes the transaction of the current tasks; ends when each of them was answered. */
  async #commit(): Promise<void> {
    while (this.#current.length > 0) {
      const owner = this.#deps.owner();
      const round = this.#round(owner);
      if (round.isEmpty) return this.#done(round, { version: 0, results: [] }, 0);
      const argument = round.toJson(this.#deps.synchronous);
      const answer = await this.#sent(argument, owner);
      if (answer === undefined) continue;
      if (answer.version !== undefined) {
        this.#number += 1;
        return this.#done(round, answer, argument.length);
      }
      await this.#refused(answer);
    }
  }

  /** A new round of the current tasks, without those that fail and those about deliveries that an earlier run has lost. */
  #round(owner: number): Round {
    const now = this.#deps.clock.now();
    const round = new Round(this.#deps.states, now);
    this.#current = this.#current.filter((task) => {
      try {
        if (task.isOwners && task.owner !== owner) throw new Fenced();
        task.prepare(round);
        return true;
      } catch (error) {
        task.failed(error);
        return false;
      }
    });
    const expired = this.#sweep.due(round.now);
    if (!round.isEmpty && expired !== undefined) round.batch.record('statesDeleteExpired', { until: expired });
    return round;
  }

  #done(round: Round, { version = 0, results = [], counts }: Answer, chars: number): void {
    const { states, onCommitted } = this.#deps;
    if (round.changes.length > 0) states.apply(withVersion(round.changes, version));
    onCommitted(counts ?? {}, chars);
    const values = new Map(results);
    for (const task of this.#current) task.done((position) => values.get(position));
    this.#current = [];
  }

  async #refused(answer: Answer): Promise<void> {
    const { states, onFenced } = this.#deps;
    if (answer.fenced === true) return onFenced();
    if (answer.taken !== undefined || answer.request !== undefined) {
      await Promise.all(this.#current.map(async (task) => task.learn?.(answer)));
      return;
    }
    states.replace((answer.changed ?? []).map(versionedOf));
    for (const { rule, step, states: found } of answer.ranges ?? []) {
      const all = (found ?? []).map((state) => versionedOf({ ...state, rule, step }));
      const [first] =
        all.length > 0 ? all : [versionedOf({ rule, step, key: '', value: null, expires: 0, wake: null, version: 0 })];
      states.replaceStep(first!.rule, first!.step, all);
    }
  }

  /**
   * Sends the transaction until its outcome is known, always for the run that has prepared it. Undefined: it has to be prepared again.
   */
  async #sent(argument: string, owner: number): Promise<Answer | undefined> {
    const { database, schema } = this.#deps;
    for (let wait = FIRST_RETRY_MS; ; wait = Math.min(wait * 2, MAX_RETRY_MS)) {
      this.#sentAt ??= this.#deps.clock.monotonic();
      try {
        const answer = (await database.call(`${schema}.commit`, owner, this.#number + 1, argument)) as Answer;
        this.#sentAt = undefined;
        this.noteOutage(undefined);
        return answer;
      } catch (error) {
        if (!isTransient(error)) this.#sentAt = undefined;
        if (error instanceof Collision) return undefined;
        if (!isTransient(error)) return this.#broken(error);
        this.noteOutage(causeOf(error));
        if (this.#closed || this.#isEnding) {
          // It may have been made: its number is not used again.
          this.#number += 1;
          for (const task of this.#current.splice(0)) task.failed(error);
          return undefined;
        }
        await new Promise<void>((resolve) => this.#deps.clock.after(wait, resolve));
      }
    }
  }

  /** Rejects the task that PostgreSQL refuses: the tasks are sent one by one to find it. */
  #broken(error: unknown): undefined {
    if (this.#current.length === 1) {
      this.#current.pop()!.failed(error);
      return undefined;
    }
    this.#queue.unshift(...this.#current.splice(1));
    return undefined;
  }

  /** Takes what another statement has found: PostgreSQL answers, or the reason why not. */
  noteOutage(reason: string | undefined): void {
    const hasChanged = (this.#outage === undefined) !== (reason === undefined);
    this.#outage = reason;
    if (hasChanged) this.#deps.onOutage(reason);
    if (reason !== undefined) this.#refuseLate();
  }

  #watchAnswers(): void {
    this.#refuseLate();
    this.#cancelCheck = this.#deps.clock.after(CHECK_MS, () => this.#watchAnswers());
  }

  /**
   * Refuses tasks whose sender has waited too long, while PostgreSQL does not answer: a long queue alone is no reason. One that is under
   * way may have been stored all the same.
   */
  #refuseLate(): void {
    const now = this.#deps.clock.monotonic();
    const isSilent = this.#sentAt !== undefined && now - this.#sentAt >= ANSWER_MS;
    if (this.#outage === undefined && !isSilent) return;
    const isLate = ({ deadline = Number.POSITIVE_INFINITY }: Task): boolean =>
      deadline <= now || (this.#outage !== undefined && (Number.isFinite(deadline) || this.#isEnding));
    const late = this.#queue.filter(isLate);
    this.#queue.splice(0, this.#queue.length, ...this.#queue.filter((task) => !isLate(task)));
    const error = unavailable(this.#outage ?? 'it did not answer in time');
    for (const task of [...late, ...this.#current.filter(({ deadline }) => deadline !== undefined && deadline <= now)])
      task.failed(error);
  }
}

/** Another instance has the deliveries of this one. */
class Fenced extends BelfryError {
  constructor() {
    super('store.fenced', 'another instance has these deliveries now');
  }
}

function closed(): BelfryError {
  return new BelfryError('store.closed', 'the store is closed');
}

function unavailable(reason: string): BelfryError {
  return new BelfryError('store.unavailable', `PostgreSQL cannot be used now: ${reason}; send it again later`);
}
