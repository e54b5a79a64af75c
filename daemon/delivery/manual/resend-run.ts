import { setMaxListeners } from 'node:events';
import type { DeadLetter, Delivery } from '../../core/delivery/delivery.ts';
import { messageFor } from '../../core/delivery/fallback.ts';
import type { ResendProgress, ResendRequest } from '../../core/delivery/resend.ts';
import { onAbort } from '../../lib/async/abort.ts';
import type { RunControl } from '../../lib/async/run-control.ts';
import type { BatchedChanges } from '../dead-letters/batched-changes.ts';
import { unmasked } from '../dead-letters/unmasked.ts';
import type { ManualResult } from './attempt.ts';
import type { ResendingDeps } from './resend-deps.ts';
import { groupBy } from './resend-plan.ts';
import type { ResentRegistry } from './resent-registry.ts';
import { ResultStream } from './result-stream.ts';

interface ResendRunDeps extends Omit<ResendingDeps, 'deadLetters' | 'store'> {
  readonly request: ResendRequest;
  readonly registry: ResentRegistry;
  readonly changes: BatchedChanges;
  readonly control: RunControl;
}

type Failure = NonNullable<ResendProgress['error']>;

/** State of one channel in a run. After it has refused our credentials nothing more is sent: repeating that for every record could lock the account. */
interface ChannelRun {
  refusal: Failure | undefined;
  /** Ends the waits for a turn: at a refusal, and when `interruptedBy` aborts. */
  stop: AbortController;
  interruptedBy: AbortSignal;
}

const NOT_ENDED: Failure = {
  class: 'busy',
  code: 'resend.owed',
  message: 'its delivery has not ended; nothing was sent',
};
const GONE: Failure = { class: 'busy', code: 'resend.gone', message: 'it was dropped or decided anew meanwhile' };
const STOPPED: Failure = {
  class: 'busy',
  code: 'resend.stopped',
  message: 'its channel was stopped; nothing was sent',
};
const UNKNOWN_CHANNEL: Failure = {
  class: 'permanent',
  code: 'channel.removed',
  message: 'there is no channel of that name; edit the record or use --to',
};

/** One run over the records of a resend: workers for each channel, or one worker that decides events anew. */
export class ResendRun {
  readonly #deps: ResendRunDeps;
  readonly #results = new ResultStream<ResendProgress>();
  readonly #channels = new Map<string, ChannelRun>();
  /** Events that were decided anew: once for all dead letters of one event. */
  readonly #requeuedEvents = new Set<string>();

  constructor(deps: ResendRunDeps) {
    this.#deps = deps;
  }

  /** Starts the workers. Yields the result of each record; ends when all are done, or after a cancel when those in flight have ended. */
  start(records: readonly DeadLetter[]): AsyncIterable<ResendProgress> {
    const { request, concurrency } = this.#deps;
    const group = request.requeue ? () => '' : ({ channel }: DeadLetter) => request.to ?? channel;
    for (const [channel, queue] of groupBy(records, group)) {
      const workers = request.requeue ? 1 : Math.min(concurrency(channel), queue.length);
      for (let worker = 0; worker < workers; worker += 1) this.#results.addWorker(this.#work(queue));
    }
    return this.#results.read();
  }

  /** Resolves when all workers have ended, also if they failed. */
  ended(): Promise<void> {
    return this.#results.ended();
  }

  async #work(queue: DeadLetter[]): Promise<void> {
    while (await this.#deps.control.proceed()) {
      const record = queue.shift();
      if (record === undefined) return;
      const progress = await this.#resendOne(record);
      if (progress === undefined) queue.unshift(record);
      else this.#results.push(progress);
    }
  }

  /** Resends one record, or decides its event anew; undefined when the run was interrupted before. Looks it up first: another resend may have finished it since the plan. */
  async #resendOne(record: DeadLetter): Promise<ResendProgress | undefined> {
    const { registry, changes, scrubber, request } = this.#deps;
    const { id, channel } = record;
    const { stored, isDone } = await registry.lookUp(id);
    if (isDone) {
      await changes.add(id, null);
      if (stored?.state !== 'delivered') return { id, channel, state: 'dead', error: GONE };
      return { id, channel, state: 'delivered', ...(stored.receipt !== undefined && { receipt: stored.receipt }) };
    }
    if (stored !== undefined && stored.state !== 'dead') return { id, channel, state: 'dead', error: NOT_ENDED };
    const original = unmasked(record, stored?.delivery, scrubber);
    return request.requeue
      ? this.#requeue(original, stored !== undefined)
      : this.#send(original, stored?.delivery.status);
  }

  /** Decides the event of a record anew. The new deliveries are durable before the record leaves the file. */
  async #requeue(record: DeadLetter, isStored: boolean): Promise<ResendProgress> {
    const { requeue, registry, changes, control } = this.#deps;
    const { id, channel, event } = record;
    const identity = JSON.stringify([event.source, event.id]);
    try {
      if (!this.#requeuedEvents.has(identity)) await requeue(event, id);
    } catch (error) {
      const { code = 'internal', message } = error as Error & { readonly code?: string };
      return { id, channel, state: 'dead', error: { class: 'transient', code, message } };
    }
    this.#requeuedEvents.add(identity);
    await registry.recordRequeued(id, isStored, control.cancelled);
    await changes.add(id, null);
    return { id, channel, state: 'requeued' };
  }

  /** Makes one attempt. `status`: that of the stored delivery; undefined if the store does not have it. */
  async #send(record: DeadLetter, status: Delivery['status'] | undefined): Promise<ResendProgress | undefined> {
    const { request, attempt, channelType, registry, changes, control, log, clock } = this.#deps;
    const { id } = record;
    const channel = request.to ?? record.channel;
    const type = channelType(channel);
    if (type === undefined) return { id, channel, state: 'dead', error: UNKNOWN_CHANNEL };
    const channelRun = this.#channelRun(channel);
    const delivery = { ...deliveryOf(record, channel, type, clock.now()), ...(status !== undefined && { status }) };
    const { signal } = channelRun.stop;
    const result = await attempt(channel, delivery, signal);
    if (result === undefined) return { id, channel, state: 'dead', error: UNKNOWN_CHANNEL };
    switch (result.kind) {
      case 'killed':
        if (channelRun.refusal !== undefined) return { id, channel, state: 'dead', error: channelRun.refusal };
        return signal.aborted ? undefined : { id, channel, state: 'dead', error: STOPPED };
      case 'delivered':
        await registry.recordDelivered(id, status !== undefined, { ...result, channel }, control.cancelled);
        await changes.add(id, null);
        log.info({ delivery: id, receipt: result.receipt.id }, `${channel}: resent`);
        return { id, channel, state: 'delivered', receipt: result.receipt };
      case 'awaiting':
        // The record leaves the file when the receipt comes.
        await changes.add(id, (current) => ({ ...current, attempts: [...current.attempts, result.attempt] }));
        return { id, channel, state: 'sending' };
      case 'failed':
        return this.#failed(id, channel, result, channelRun);
    }
  }

  async #failed(
    id: string,
    channel: string,
    { attempt, error, class: failureClass, misconfigured }: Extract<ManualResult, { kind: 'failed' }>,
    channelRun: ChannelRun,
  ): Promise<ResendProgress> {
    await this.#deps.changes.add(id, (current) => ({
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

  /** State of a channel. Its `stop` is replaced after a pause, which has aborted it. */
  #channelRun(channel: string): ChannelRun {
    const { interrupted } = this.#deps.control;
    const present = this.#channels.get(channel);
    if (present?.interruptedBy === interrupted) return present;
    const stop = new AbortController();
    // Every attempt that waits for its turn adds a listener.
    setMaxListeners(0, stop.signal);
    if (interrupted.aborted || present?.refusal !== undefined) stop.abort();
    onAbort(interrupted, () => stop.abort());
    if (present !== undefined) return Object.assign(present, { stop, interruptedBy: interrupted });
    const created: ChannelRun = { stop, interruptedBy: interrupted, refusal: undefined };
    this.#channels.set(channel, created);
    return created;
  }
}

/** Delivery of a record with its edits. The id stays, so a remote server that received the first message can deduplicate. */
function deliveryOf(record: DeadLetter, channel: string, channelType: string, now: number): Delivery {
  const { id, event, rule, key, attempts } = record;
  const message = messageFor(record.message, record.channel_type ?? channelType, channelType);
  return { id, event, rule, channel, channelType, key, status: 'firing', message, createdAt: now, attempts };
}
