import { setMaxListeners } from 'node:events';
import type { DeadLetter, Delivery } from '../../core/delivery/delivery.ts';
import { messageFor } from '../../core/delivery/fallback.ts';
import type { ResendPlan, ResendProgress, ResendRequest, ResendSum } from '../../core/delivery/resend.ts';
import type { Event } from '../../core/event/event.ts';
import type { Clock } from '../../lib/time/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Scrubber } from '../../lib/secrets/scrubber.ts';
import type { Store } from '../../store/store.ts';
import { BatchedChanges } from '../dead-letters/batched-changes.ts';
import type { DeadLetters } from '../dead-letters/dead-letters.ts';
import { unmasked } from '../dead-letters/unmasked.ts';
import type { ManualResult } from './attempt.ts';
import { groupBy, planOf } from './resend-plan.ts';
import { ResentRegistry } from './resent-registry.ts';
import { ResultStream } from './result-stream.ts';

export interface ResendingDeps {
  readonly deadLetters: DeadLetters;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** Scrubber that masked the dead letters. */
  readonly scrubber: Pick<Scrubber, 'scrubJson'>;
  /** Makes one attempt with the live settings of a channel; undefined if there is no such channel. `signal` ends the wait for its turn. */
  readonly attempt: (channel: string, delivery: Delivery, signal: AbortSignal) => Promise<ManualResult | undefined>;
  readonly channelType: (channel: string) => string | undefined;
  /** Number of concurrent attempts of a channel: the upper bound of attempts that were delivered and are not yet recorded. */
  readonly concurrency: (channel: string) => number;
  /** Decides an event anew by the live rules; durable when it resolves. Repeated with the same `deadLetterId` after a crash, it is the same request. */
  readonly requeue: (event: Event, deadLetterId: string) => Promise<void>;
}

type Failure = NonNullable<ResendProgress['error']>;

/** State of one channel in a run. `stop` aborts when the run is over, or when the channel refuses our credentials: repeating that for every record could lock the account. */
interface ChannelRun {
  readonly stop: AbortController;
  refusal: Failure | undefined;
}

/** State of one call of `resend`. */
interface Run {
  readonly request: ResendRequest;
  readonly changes: BatchedChanges;
  readonly results: ResultStream<ResendProgress>;
  /** Aborts when the caller has disconnected: records whose attempt has not begun stay in the file. */
  readonly over: AbortController;
  readonly channels: Map<string, ChannelRun>;
  /** Events that were decided anew: once for all dead letters of one event. */
  readonly requeuedEvents: Set<string>;
}

const BUSY: Failure = { class: 'busy', code: 'resend.busy', message: 'another resend is sending it' };
const NOT_ENDED: Failure = {
  class: 'busy',
  code: 'resend.owed',
  message: 'its delivery has not ended; nothing was sent',
};
const GONE: Failure = { class: 'busy', code: 'resend.gone', message: 'it was dropped or decided anew meanwhile' };
const UNKNOWN_CHANNEL: Failure = {
  class: 'permanent',
  code: 'channel.removed',
  message: 'there is no channel of that name; edit the record or use --to',
};

/**
 * Resends dead letters: the plan first, then oldest first, all channels at once, each within its own rate. A record leaves the
 * file only after the store has recorded its delivery as delivered. A record that fails stays, with the new attempt added.
 */
export class Resending {
  readonly #deps: ResendingDeps;
  readonly #registry: ResentRegistry;
  /** Ids of dead letters that a resend is working on. */
  readonly #busy = new Set<string>();

  constructor(deps: ResendingDeps) {
    this.#deps = deps;
    this.#registry = new ResentRegistry(deps.store, deps.clock);
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

  /** Yields the plan, then the result of each record, then their numbers unless `signal` has aborted. */
  async *resend(request: ResendRequest, signal: AbortSignal): AsyncIterable<ResendPlan | ResendProgress | ResendSum> {
    const { records, plan } = await planOf(request, this.#deps.deadLetters, this.#deps.clock.now());
    yield { plan };
    if (request.dryRun) return;
    const run = newRun(request, records.length, this.#deps.deadLetters);
    const end = (): void => run.over.abort();
    if (signal.aborted) end();
    signal.addEventListener('abort', end, { once: true });
    let delivered = 0;
    let failed = 0;
    try {
      this.#startWorkers(records, run);
      for await (const progress of run.results.read()) {
        if (progress.state === 'dead') failed += 1;
        else if (progress.state !== 'sending') delivered += 1;
        yield progress;
      }
    } finally {
      // Runs also when the caller has disconnected: attempts in flight end, and delivered records leave the file.
      end();
      signal.removeEventListener('abort', end);
      await run.results.ended();
      await run.changes.write();
    }
    if (!signal.aborted) yield { delivered, failed, left: await this.#countRecords() };
  }

  /** Deletes a dead letter. Resolves to false if there is none with this id. */
  async drop(id: string): Promise<boolean> {
    const { deadLetters, store } = this.#deps;
    if ((await deadLetters.find(id)) === undefined) return false;
    await store.deliveries.resolveDead(id, { state: 'cancelled' });
    await deadLetters.change(new Map([[id, null]]));
    return true;
  }

  #startWorkers(records: readonly DeadLetter[], run: Run): void {
    const { request, results } = run;
    const group = request.requeue ? () => '' : ({ channel }: DeadLetter) => request.to ?? channel;
    for (const [channel, queue] of groupBy(records, group)) {
      const workers = request.requeue ? 1 : Math.min(this.#deps.concurrency(channel), queue.length);
      for (let worker = 0; worker < workers; worker += 1) results.addWorker(this.#work(queue, run));
    }
  }

  async #work(queue: DeadLetter[], run: Run): Promise<void> {
    while (!run.over.signal.aborted) {
      const record = queue.shift();
      if (record === undefined) return;
      const progress = await this.#resendOne(record, run);
      if (progress !== undefined) run.results.push(progress);
    }
  }

  /** Resends one record, or decides its event anew. Looks it up first: another resend may have finished it since the plan. */
  async #resendOne(record: DeadLetter, run: Run): Promise<ResendProgress | undefined> {
    const { id, channel } = record;
    if (this.#busy.has(id)) return { id, channel, state: 'dead', error: BUSY };
    this.#busy.add(id);
    try {
      const { stored, isDone } = await this.#registry.lookUp(id);
      if (isDone) {
        await run.changes.add(id, null);
        if (stored?.state !== 'delivered') return { id, channel, state: 'dead', error: GONE };
        return { id, channel, state: 'delivered', ...(stored.receipt !== undefined && { receipt: stored.receipt }) };
      }
      if (stored !== undefined && stored.state !== 'dead') return { id, channel, state: 'dead', error: NOT_ENDED };
      const original = unmasked(record, stored?.delivery, this.#deps.scrubber);
      return await (run.request.requeue
        ? this.#requeue(original, stored !== undefined, run)
        : this.#send(original, stored?.delivery.status, run));
    } finally {
      this.#busy.delete(id);
    }
  }

  /** Decides the event of a record anew. The new deliveries are durable before the record leaves the file. */
  async #requeue(record: DeadLetter, isStored: boolean, run: Run): Promise<ResendProgress> {
    const { changes, requeuedEvents, over } = run;
    const { id, channel, event } = record;
    const identity = JSON.stringify([event.source, event.id]);
    try {
      if (!requeuedEvents.has(identity)) await this.#deps.requeue(event, id);
    } catch (error) {
      const { code = 'internal', message } = error as Error & { readonly code?: string };
      return { id, channel, state: 'dead', error: { class: 'transient', code, message } };
    }
    requeuedEvents.add(identity);
    await this.#registry.recordRequeued(id, isStored, over.signal);
    await changes.add(id, null);
    return { id, channel, state: 'requeued' };
  }

  /** Makes one attempt. `status`: that of the stored delivery; undefined if the store does not have it. */
  async #send(
    record: DeadLetter,
    status: Delivery['status'] | undefined,
    run: Run,
  ): Promise<ResendProgress | undefined> {
    const { attempt, channelType, log, clock } = this.#deps;
    const { id } = record;
    const channel = run.request.to ?? record.channel;
    const type = channelType(channel);
    if (type === undefined) return { id, channel, state: 'dead', error: UNKNOWN_CHANNEL };
    const channelRun = channelRunOf(channel, run);
    const delivery = { ...deliveryOf(record, channel, type, clock.now()), ...(status !== undefined && { status }) };
    const result = await attempt(channel, delivery, channelRun.stop.signal);
    if (result === undefined) return { id, channel, state: 'dead', error: UNKNOWN_CHANNEL };
    switch (result.kind) {
      case 'killed':
        return channelRun.refusal && { id, channel, state: 'dead', error: channelRun.refusal };
      case 'delivered':
        await this.#registry.recordDelivered(id, status !== undefined, result, run.over.signal);
        await run.changes.add(id, null);
        log.info({ delivery: id, receipt: result.receipt.id }, `${channel}: resent`);
        return { id, channel, state: 'delivered', receipt: result.receipt };
      case 'awaiting':
        // The record leaves the file when the receipt comes.
        await run.changes.add(id, (current) => ({ ...current, attempts: [...current.attempts, result.attempt] }));
        return { id, channel, state: 'sending' };
      case 'failed':
        return this.#failed(id, channel, result, run.changes, channelRun);
    }
  }

  async #failed(
    id: string,
    channel: string,
    { attempt, error, class: failureClass, misconfigured }: Extract<ManualResult, { kind: 'failed' }>,
    changes: BatchedChanges,
    channelRun: ChannelRun,
  ): Promise<ResendProgress> {
    await changes.add(id, (current) => ({
      ...current,
      // The error of another channel does not replace that of the record's own.
      ...(current.channel === channel && { error }),
      attempts: [...current.attempts, attempt],
    }));
    const failure: Failure = { class: failureClass, code: error.code, message: error.message };
    if (misconfigured) {
      channelRun.refusal ??= failure;
      channelRun.stop.abort();
    }
    this.#deps.log.warn({ delivery: id, code: error.code, error: error.message }, `${channel}: resend failed`);
    return { id, channel, state: 'dead', error: failure };
  }

  async #countRecords(): Promise<number> {
    let count = 0;
    for await (const line of this.#deps.deadLetters.read()) if ('record' in line) count += 1;
    return count;
  }
}

function newRun(request: ResendRequest, total: number, deadLetters: DeadLetters): Run {
  return {
    request,
    changes: new BatchedChanges(deadLetters, total),
    results: new ResultStream(),
    over: new AbortController(),
    channels: new Map(),
    requeuedEvents: new Set(),
  };
}

function channelRunOf(channel: string, { channels, over }: Run): ChannelRun {
  const present = channels.get(channel);
  if (present !== undefined) return present;
  const created: ChannelRun = { stop: new AbortController(), refusal: undefined };
  // Every attempt that waits for its turn adds a listener.
  setMaxListeners(0, created.stop.signal);
  if (over.signal.aborted) created.stop.abort();
  over.signal.addEventListener('abort', () => created.stop.abort(), { once: true });
  channels.set(channel, created);
  return created;
}

/** Delivery of a record with its edits. The id stays, so a remote server that received the first message can deduplicate. */
function deliveryOf(record: DeadLetter, channel: string, channelType: string, now: number): Delivery {
  const { id, event, rule, key, attempts } = record;
  const message = messageFor(record.message, record.channel_type ?? channelType, channelType);
  return { id, event, rule, channel, channelType, key, status: 'firing', message, createdAt: now, attempts };
}
