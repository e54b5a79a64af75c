import type { DeadLetter, Delivery } from '../core/delivery.ts';
import type { Event } from '../core/event.ts';
import type { ResendPlan, ResendProgress, ResendRequest, ResendSum } from '../core/resend.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Store } from '../store/store.ts';
import type { DeadLetters } from './dead-letters.ts';
import type { DirectResult } from './direct.ts';
import { LetterChanges } from './letter-changes.ts';
import { MergedStreams } from './merged.ts';
import { groupBy, planOf } from './resend-plan.ts';

export interface ResendParts {
  readonly deadLetters: DeadLetters;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** One attempt through a channel as it is configured now; undefined when there is none of that name. */
  readonly direct: (channel: string, delivery: Delivery) => Promise<DirectResult | undefined>;
  readonly channelType: (channel: string) => string | undefined;
  /** Decides anew by today's rules; durable when it resolves. */
  readonly requeue: (event: Event) => Promise<void>;
}

interface Run {
  readonly request: ResendRequest;
  readonly changes: LetterChanges;
  readonly streams: MergedStreams<ResendProgress>;
  /** Nobody listens any more: what has not begun stays in the file. */
  over: boolean;
}

const BUSY = { class: 'busy', code: 'resend.busy', message: 'it is being resent by somebody else' };

/** Attempts of one channel that are prepared at once; its lane decides how many go. */
const AT_ONCE = 16;

/**
 * Sends dead letters again: the plan first, then oldest first, the channels side by side, each at its own rate. A letter leaves
 * the file only after its delivery is on record as delivered; what fails stays, with the new attempt added.
 */
export class Resending {
  readonly #parts: ResendParts;
  readonly #busy = new Set<string>();

  constructor(parts: ResendParts) {
    this.#parts = parts;
  }

  /** After a crash in between: letters whose delivery is on record as delivered leave the file. */
  async reconcile(): Promise<number> {
    const { deadLetters, store } = this.#parts;
    const answered = new Map<string, null>();
    for await (const line of deadLetters.read()) {
      if ('record' in line && (await store.deliveries.find(line.record.id))?.state === 'delivered')
        answered.set(line.record.id, null);
    }
    await deadLetters.change(answered);
    return answered.size;
  }

  async *resend(request: ResendRequest, signal: AbortSignal): AsyncIterable<ResendPlan | ResendProgress | ResendSum> {
    const { letters, plan } = await planOf(request, this.#parts.deadLetters, this.#parts.clock.now());
    yield { plan };
    if (request.dryRun) return;
    const run: Run = {
      request,
      changes: new LetterChanges(this.#parts.deadLetters),
      streams: new MergedStreams(),
      over: false,
    };
    const end = (): void => {
      run.over = true;
    };
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
      run.over = true;
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
    await store.deliveries.bury(id, { state: 'cancelled' });
    await deadLetters.change(new Map([[id, null]]));
    return true;
  }

  #begin(letters: readonly DeadLetter[], run: Run): void {
    const { request, streams } = run;
    for (const group of groupBy(letters, ({ channel }) => request.to ?? channel).values()) {
      const queue = [...group];
      const workers = request.requeue ? 1 : Math.min(AT_ONCE, queue.length);
      for (let worker = 0; worker < workers; worker += 1) streams.add(this.#work(queue, run));
    }
  }

  async #work(queue: DeadLetter[], run: Run): Promise<void> {
    const { request, streams } = run;
    for (let letter = queue.shift(); letter !== undefined && !run.over; letter = queue.shift()) {
      const { id, channel } = letter;
      if (this.#busy.has(id)) {
        streams.push({ id, channel, state: 'dead', error: BUSY });
        continue;
      }
      this.#busy.add(id);
      try {
        const progress = await (request.requeue
          ? this.#requeue(letter, run)
          : this.#send(letter, request.to ?? channel, run));
        if (progress !== undefined) streams.push(progress);
      } finally {
        this.#busy.delete(id);
      }
    }
  }

  /** The new deliveries are on disk before the letter leaves. */
  async #requeue(letter: DeadLetter, { changes }: Run): Promise<ResendProgress> {
    await this.#parts.requeue(letter.event);
    await this.#parts.store.deliveries.bury(letter.id, { state: 'cancelled' });
    await changes.remove(letter.id);
    return { id: letter.id, channel: letter.channel, state: 'requeued' };
  }

  async #send(letter: DeadLetter, channel: string, { changes }: Run): Promise<ResendProgress | undefined> {
    const { direct, channelType, store, log, clock } = this.#parts;
    const type = channelType(channel);
    const result =
      type === undefined ? undefined : await direct(channel, deliveryOf(letter, channel, type, clock.now()));
    if (result === undefined)
      return {
        id: letter.id,
        channel,
        state: 'dead',
        error: {
          class: 'permanent',
          code: 'channel.removed',
          message: 'there is no channel of that name; edit the record or use --to',
        },
      };
    switch (result.kind) {
      case 'killed':
        return undefined;
      case 'delivered':
        await store.deliveries.bury(letter.id, {
          state: 'delivered',
          attempt: result.attempt,
          receipt: result.receipt,
        });
        await changes.remove(letter.id);
        log.info({ delivery: letter.id, receipt: result.receipt.id }, `${channel}: resent`);
        return { id: letter.id, channel, state: 'delivered', receipt: result.receipt };
      case 'awaiting':
        // The letter leaves when the receipt comes.
        await changes.replace({ ...letter, attempts: [...letter.attempts, result.attempt] });
        return { id: letter.id, channel, state: 'sending' };
      case 'failed': {
        await changes.replace({ ...letter, error: result.error, attempts: [...letter.attempts, result.attempt] });
        log.warn(
          { delivery: letter.id, code: result.error.code, error: result.error.message },
          `${channel}: resend failed`,
        );
        return {
          id: letter.id,
          channel,
          state: 'dead',
          error: { class: result.class, code: result.error.code, message: result.error.message },
        };
      }
    }
  }

  async #count(): Promise<number> {
    let count = 0;
    for await (const line of this.#parts.deadLetters.read()) if ('record' in line) count += 1;
    return count;
  }
}

/** As the record says now, edits and all; the id stays, so that a far side that had it after all can tell. */
function deliveryOf(letter: DeadLetter, channel: string, channelType: string, now: number): Delivery {
  const { id, event, rule, key, message, attempts } = letter;
  return { id, event, rule, channel, channelType, key, status: 'firing', message, createdAt: now, attempts };
}
