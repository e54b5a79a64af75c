import { setMaxListeners } from 'node:events';
import type { DeadLetter, Delivery } from '../../core/delivery/delivery.ts';
import type { Event } from '../../core/event/event.ts';
import type { ResendPlan, ResendProgress, ResendRequest, ResendSum } from '../../core/delivery/resend.ts';
import type { Clock } from '../../lib/time/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Scrubber } from '../../lib/secrets/scrubber.ts';
import type { Store } from '../../store/store.ts';
import { Answered } from './resent-registry.ts';
import type { DeadLetters } from '../dead-letters/dead-letters.ts';
import type { DirectResult } from './attempt.ts';
import { messageFor } from '../../core/delivery/fallback.ts';
import { LetterChanges } from '../dead-letters/batched-changes.ts';
import { MergedStreams } from './result-stream.ts';
import { groupBy, planOf } from './resend-plan.ts';
import { unmasked } from '../dead-letters/unmasked.ts';

export interface ResendParts {
  readonly deadLetters: DeadLetters;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** As the letters were masked. */
  readonly scrubber: Pick<Scrubber, 'scrubJson'>;
  /** One attempt through a channel as it is configured now; undefined when there is none of that name. `signal` ends the waiting for its turn. */
  readonly direct: (channel: string, delivery: Delivery, signal: AbortSignal) => Promise<DirectResult | undefined>;
  readonly channelType: (channel: string) => string | undefined;
  /** How many attempts of a channel go at once. No more than that are ever answered and not yet on record. */
  readonly concurrency: (channel: string) => number;
  /** Decides anew by today's rules; durable when it resolves. `letter` is the id of the dead letter: the same one again, after a crash, is the same request. */
  readonly requeue: (event: Event, letter: string) => Promise<void>;
}

type Failure = NonNullable<ResendProgress['error']>;

/** A channel's way out in one run. It shuts when the run is over, or when the channel refuses our credentials: asking again for every letter could lock the account. */
interface Door {
  readonly shut: AbortController;
  refused: Failure | undefined;
}

interface Run {
  readonly request: ResendRequest;
  readonly changes: LetterChanges;
  readonly streams: MergedStreams<ResendProgress>;
  /** Aborts when nobody listens any more: what has not begun stays in the file. */
  readonly over: AbortController;
  readonly doors: Map<string, Door>;
  /** Events that were decided anew: once for all letters that came of one. */
  readonly decided: Set<string>;
}

const BUSY: Failure = { class: 'busy', code: 'resend.busy', message: 'it is being resent by somebody else' };
const OWED: Failure = { class: 'busy', code: 'resend.owed', message: 'its delivery has not ended; nothing was sent' };
const GONE: Failure = { class: 'busy', code: 'resend.gone', message: 'it was dropped or decided anew meanwhile' };
const UNKNOWN_CHANNEL: Failure = {
  class: 'permanent',
  code: 'channel.removed',
  message: 'there is no channel of that name; edit the record or use --to',
};

/**
 * Sends dead letters again: the plan first, then oldest first, the channels side by side, each at its own rate. A letter leaves
 * the file only after its delivery is on record as delivered; what fails stays, with the new attempt added.
 */
export class Resending {
  readonly #parts: ResendParts;
  readonly #answered: Answered;
  readonly #busy = new Set<string>();

  constructor(parts: ResendParts) {
    this.#parts = parts;
    this.#answered = new Answered(parts.store, parts.clock);
  }

  /** After a crash in between: letters that were answered, decided anew or dropped leave the file. */
  async reconcile(): Promise<number> {
    const { deadLetters } = this.#parts;
    const over = new Map<string, null>();
    for await (const line of deadLetters.read()) {
      if (!('record' in line)) continue;
      if ((await this.#answered.look(line.record.id)).over) over.set(line.record.id, null);
    }
    await deadLetters.change(over);
    await this.#answered.forget();
    return over.size;
  }

  async *resend(request: ResendRequest, signal: AbortSignal): AsyncIterable<ResendPlan | ResendProgress | ResendSum> {
    const { letters, plan } = await planOf(request, this.#parts.deadLetters, this.#parts.clock.now());
    yield { plan };
    if (request.dryRun) return;
    const run = newRun(request, letters.length, this.#parts.deadLetters);
    const end = (): void => run.over.abort();
    if (signal.aborted) end();
    signal.addEventListener('abort', end, { once: true });
    let delivered = 0;
    let failed = 0;
    try {
      this.#begin(letters, run);
      for await (const progress of run.streams.read()) {
        if (progress.state === 'dead') failed += 1;
        else if (progress.state !== 'sending') delivered += 1;
        yield progress;
      }
    } finally {
      // Also when whoever asked has gone away: what is on its way ends, and what was answered leaves.
      end();
      signal.removeEventListener('abort', end);
      await run.streams.ended();
      await run.changes.write();
    }
    if (!signal.aborted) yield { delivered, failed, left: await this.#count() };
  }

  /** false: there is no such letter. */
  async drop(id: string): Promise<boolean> {
    const { deadLetters, store } = this.#parts;
    if ((await deadLetters.find(id)) === undefined) return false;
    await store.deliveries.resolveDead(id, { state: 'cancelled' });
    await deadLetters.change(new Map([[id, null]]));
    return true;
  }

  #begin(letters: readonly DeadLetter[], run: Run): void {
    const { request, streams } = run;
    const group = request.requeue ? () => '' : ({ channel }: DeadLetter) => request.to ?? channel;
    for (const [channel, queue] of groupBy(letters, group)) {
      const workers = request.requeue ? 1 : Math.min(this.#parts.concurrency(channel), queue.length);
      for (let worker = 0; worker < workers; worker += 1) streams.add(this.#work(queue, run));
    }
  }

  async #work(queue: DeadLetter[], run: Run): Promise<void> {
    while (!run.over.signal.aborted) {
      const letter = queue.shift();
      if (letter === undefined) return;
      const progress = await this.#alone(letter, run);
      if (progress !== undefined) run.streams.push(progress);
    }
  }

  /** One letter is in one hand at a time, and is looked at again in it: another resend may have come first. */
  async #alone(letter: DeadLetter, run: Run): Promise<ResendProgress | undefined> {
    const { id, channel } = letter;
    if (this.#busy.has(id)) return { id, channel, state: 'dead', error: BUSY };
    this.#busy.add(id);
    try {
      const { stored, over } = await this.#answered.look(id);
      if (over) {
        await run.changes.add(id, null);
        if (stored?.state !== 'delivered') return { id, channel, state: 'dead', error: GONE };
        return { id, channel, state: 'delivered', ...(stored.receipt !== undefined && { receipt: stored.receipt }) };
      }
      if (stored !== undefined && stored.state !== 'dead') return { id, channel, state: 'dead', error: OWED };
      const meant = unmasked(letter, stored?.delivery, this.#parts.scrubber);
      return await (run.request.requeue
        ? this.#requeue(meant, stored !== undefined, run)
        : this.#send(meant, stored?.delivery.status, run));
    } finally {
      this.#busy.delete(id);
    }
  }

  /** The new deliveries are on disk before the letter leaves. */
  async #requeue(letter: DeadLetter, known: boolean, { changes, decided, over }: Run): Promise<ResendProgress> {
    const { id, channel, event } = letter;
    const identity = JSON.stringify([event.source, event.id]);
    try {
      if (!decided.has(identity)) await this.#parts.requeue(event, id);
    } catch (error) {
      const { code = 'internal', message } = error as Error & { readonly code?: string };
      return { id, channel, state: 'dead', error: { class: 'transient', code, message } };
    }
    decided.add(identity);
    await this.#answered.requeued(id, known, over.signal);
    await changes.add(id, null);
    return { id, channel, state: 'requeued' };
  }

  /** `status`: that of its delivery, where the store has it. */
  async #send(
    letter: DeadLetter,
    status: Delivery['status'] | undefined,
    run: Run,
  ): Promise<ResendProgress | undefined> {
    const { direct, channelType, log, clock } = this.#parts;
    const { id } = letter;
    const channel = run.request.to ?? letter.channel;
    const type = channelType(channel);
    if (type === undefined) return { id, channel, state: 'dead', error: UNKNOWN_CHANNEL };
    const door = doorOf(channel, run);
    const delivery = { ...deliveryOf(letter, channel, type, clock.now()), ...(status !== undefined && { status }) };
    const result = await direct(channel, delivery, door.shut.signal);
    if (result === undefined) return { id, channel, state: 'dead', error: UNKNOWN_CHANNEL };
    switch (result.kind) {
      case 'killed':
        return door.refused && { id, channel, state: 'dead', error: door.refused };
      case 'delivered':
        await this.#answered.delivered(id, status !== undefined, result.attempt, result.receipt, run.over.signal);
        await run.changes.add(id, null);
        log.info({ delivery: id, receipt: result.receipt.id }, `${channel}: resent`);
        return { id, channel, state: 'delivered', receipt: result.receipt };
      case 'awaiting':
        // The letter leaves when the receipt comes.
        await run.changes.add(id, (now) => ({ ...now, attempts: [...now.attempts, result.attempt] }));
        return { id, channel, state: 'sending' };
      case 'failed':
        return this.#failed(id, channel, result, run.changes, door);
    }
  }

  async #failed(
    id: string,
    channel: string,
    { attempt, error, class: failureClass, misconfigured }: Extract<DirectResult, { kind: 'failed' }>,
    changes: LetterChanges,
    door: Door,
  ): Promise<ResendProgress> {
    await changes.add(id, (now) => ({
      ...now,
      // What another channel says is no news about the record's own.
      ...(now.channel === channel && { error }),
      attempts: [...now.attempts, attempt],
    }));
    const told: Failure = { class: failureClass, code: error.code, message: error.message };
    if (misconfigured) {
      door.refused ??= told;
      door.shut.abort();
    }
    this.#parts.log.warn({ delivery: id, code: error.code, error: error.message }, `${channel}: resend failed`);
    return { id, channel, state: 'dead', error: told };
  }

  async #count(): Promise<number> {
    let count = 0;
    for await (const line of this.#parts.deadLetters.read()) if ('record' in line) count += 1;
    return count;
  }
}

function newRun(request: ResendRequest, total: number, deadLetters: DeadLetters): Run {
  return {
    request,
    changes: new LetterChanges(deadLetters, total),
    streams: new MergedStreams(),
    over: new AbortController(),
    doors: new Map(),
    decided: new Set(),
  };
}

function doorOf(channel: string, { doors, over }: Run): Door {
  const known = doors.get(channel);
  if (known !== undefined) return known;
  const door: Door = { shut: new AbortController(), refused: undefined };
  // Each of the attempts that wait listens to it.
  setMaxListeners(0, door.shut.signal);
  if (over.signal.aborted) door.shut.abort();
  over.signal.addEventListener('abort', () => door.shut.abort(), { once: true });
  doors.set(channel, door);
  return door;
}

/** As the record says now, edits and all; the id stays, so that a far side that had it after all can tell. */
function deliveryOf(letter: DeadLetter, channel: string, channelType: string, now: number): Delivery {
  const { id, event, rule, key, attempts } = letter;
  const message = messageFor(letter.message, letter.channel_type ?? channelType, channelType);
  return { id, event, rule, channel, channelType, key, status: 'firing', message, createdAt: now, attempts };
}
