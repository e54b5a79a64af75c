import type { DeadLetter } from '../../core/delivery/delivery.ts';
import type { ResendPlan, ResendProgress, ResendRequest, ResendSum } from '../../core/delivery/resend.ts';
import { BelfryError } from '../../core/problems/failure.ts';
import type { RunControl } from '../../lib/async/run-control.ts';
import { BatchedChanges } from '../dead-letters/batched-changes.ts';
import type { ResendingDeps } from './resend-deps.ts';
import { plannedOf, planOf, select } from './resend-plan.ts';
import { ResendRun } from './resend-run.ts';
import { ResentRegistry } from './resent-registry.ts';

/** Records that one resend has taken, oldest first, and their plan. */
export interface PreparedResend {
  readonly request: ResendRequest;
  readonly records: readonly DeadLetter[];
  readonly plan: ResendPlan['plan'];
}

/** Refusal to change a record that a resend would send as it was. */
export function inJob(): BelfryError {
  return new BelfryError(
    'dead.in_job',
    'a job is sending this dead letter; wait for its end, or cancel it: see `belfry jobs`',
  );
}

/**
 * Resends dead letters: the plan first, then oldest first, all channels at once, each within its own rate. A record leaves the
 * file only after the store has recorded its delivery as delivered. A record that fails stays, with the new attempt added.
 * A record belongs to one resend until that has ended, so two at once never send it twice.
 */
export class Resending {
  readonly #deps: ResendingDeps;
  readonly #registry: ResentRegistry;
  /** Ids of the records that resends and drops have taken. */
  readonly #taken = new Set<string>();
  /** Number of edits so far. */
  #edits = 0;

  constructor(deps: ResendingDeps) {
    this.#deps = deps;
    this.#registry = new ResentRegistry(deps.store, deps.clock);
  }

  /** To be called before an edit of a record is written. False: a resend has taken the record, and would send it as it was. */
  allowsEdit(id: string): boolean {
    if (this.#taken.has(id)) return false;
    this.#edits += 1;
    return true;
  }

  /** Removes records from the file that were resent, decided anew or dropped before a crash. Resolves to their number. */
  async reconcile(): Promise<number> {
    const { deadLetters } = this.#deps;
    const done = new Map<string, null>();
    for await (const line of deadLetters.read()) {
      if (!('record' in line)) continue;
      if ((await this.#registry.lookUp(line.record.id)).isDone) done.set(line.record.id, null);
    }
    await deadLetters.change(done);
    await this.#registry.clear();
    return done.size;
  }

  async plan(request: ResendRequest): Promise<ResendPlan> {
    const { deadLetters, clock } = this.#deps;
    const now = clock.now();
    const selected = await select(request, deadLetters, now, plannedOf);
    return { plan: planOf(request, selected, { now, isTaken: (id) => this.#taken.has(id) }).plan };
  }

  /** Takes the records that a request selects. `run` or `giveBack` must follow. */
  async prepare(request: ResendRequest): Promise<PreparedResend> {
    const { deadLetters, clock } = this.#deps;
    const now = clock.now();
    let edits = this.#edits;
    let selected = await select(request, deadLetters, now, (record) => record);
    // A record that was edited while the file was read would be sent as it was before.
    while (edits !== this.#edits) {
      edits = this.#edits;
      selected = await select(request, deadLetters, now, (record) => record);
    }
    const { records, plan } = planOf(request, selected, { now, isTaken: (id) => this.#taken.has(id) });
    // Taken in the turn in which those of other resends were left out, so that two requests at once never get the same one.
    for (const { id } of records) this.#taken.add(id);
    return { request, records, plan };
  }

  giveBack({ records }: PreparedResend): void {
    for (const { id } of records) this.#taken.delete(id);
  }

  /**
   * Sends the records, and yields the result of each, then their numbers. After a cancel it begins no more attempts, and yields no
   * numbers: those in flight end, and what was not sent stays in the file.
   */
  async *run(prepared: PreparedResend, control: RunControl): AsyncIterable<ResendProgress | ResendSum> {
    const { request, records } = prepared;
    const changes = new BatchedChanges(this.#deps.deadLetters, records.length);
    const run = new ResendRun({ ...this.#deps, registry: this.#registry, request, changes, control });
    let delivered = 0;
    let failed = 0;
    let isRead = false;
    try {
      for await (const progress of run.start(records)) {
        if (progress.state === 'dead') failed += 1;
        else if (progress.state !== 'sending') delivered += 1;
        yield progress;
      }
      isRead = true;
    } finally {
      // The reader may have ended early, or a worker have failed: attempts in flight end, and delivered records leave the file.
      if (!isRead) control.cancel();
      await run.ended();
      await changes.write().finally(() => this.giveBack(prepared));
    }
    if (!control.cancelled.aborted) yield { delivered, failed, left: await this.#countRecords() };
  }

  /** Yields the plan and, unless it is a dry run, what `run` yields. */
  async *resend(request: ResendRequest, control: RunControl): AsyncIterable<ResendPlan | ResendProgress | ResendSum> {
    if (request.dryRun) {
      yield this.plan(request);
      return;
    }
    const prepared = await this.prepare(request);
    yield { plan: prepared.plan };
    yield* this.run(prepared, control);
  }

  /** Deletes a dead letter. Resolves to false if there is none with this id. Rejects with `dead.in_job` while a resend has it. */
  async drop(id: string): Promise<boolean> {
    const { deadLetters, store } = this.#deps;
    if (this.#taken.has(id)) throw inJob();
    // Taken, so that a resend that begins meanwhile leaves it out.
    this.#taken.add(id);
    try {
      if ((await deadLetters.find(id)) === undefined) return false;
      // Between the two writes of a death the delivery is still in the queue, and would be dead without a record.
      await store.deliveries.settle(id, { state: 'cancelled' });
      await store.deliveries.resolveDead(id, { state: 'cancelled' });
      await deadLetters.change(new Map([[id, null]]));
      return true;
    } finally {
      this.#taken.delete(id);
    }
  }

  async #countRecords(): Promise<number> {
    let count = 0;
    for await (const line of this.#deps.deadLetters.read()) if ('record' in line) count += 1;
    return count;
  }
}
