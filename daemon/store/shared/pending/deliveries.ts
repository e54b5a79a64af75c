import type { Exchange } from '../../../core/delivery/exchange.ts';
import type { Delivery } from '../../../core/delivery/delivery.ts';
import { KeyedMutex } from '../../../lib/async/keyed-mutex.ts';
import { Writes } from '../writes.ts';
import { addToMemory, findDelivery, findEvent, slotOf, type StoreContext, writeNewDelivery } from '../context.ts';
import { pageOf } from '../history/pages.ts';
import { deliveryOfRow } from '../rows.ts';
import { STATE } from '../stored-states.ts';
import type { SearchResult, SearchStep } from '../history/search-step.ts';
import { madeBy, updateOf, writeResolved, writeUpdate } from '../commit/settlement.ts';
import { LastDelivered } from './last-delivered.ts';
import { FLAG, NONE } from './slots.ts';
import type { DeliveryCounts, DeliveryStore, HistoryQuery, Page, Settlement, StoredDelivery } from '../../store.ts';

/** Deliveries read in one query. */
const MAX_READ = 500;

type End = Parameters<DeliveryStore['resolveDead']>[1];

/** Delivery store. The pending index in memory knows which deliveries can be claimed; messages and history are on disk. */
export class StoredDeliveries implements DeliveryStore {
  readonly #context: StoreContext;
  readonly #search: (step: SearchStep) => Promise<SearchResult>;
  readonly #mutex = new KeyedMutex();
  readonly lastDelivered = new LastDelivered();

  constructor(context: StoreContext, search: (step: SearchStep) => Promise<SearchResult>) {
    this.#context = context;
    this.#search = search;
  }

  async claim(
    channel: string,
    { limit, now, ordered }: { limit: number; now: number; ordered: boolean },
  ): Promise<readonly Delivery[]> {
    this.#context.committer.check();
    return this.#load(this.#context.pending.queue(channel)?.claim(limit, now, ordered) ?? []);
  }

  async claimExpired(channel: string, { limit, now }: { limit: number; now: number }): Promise<readonly Delivery[]> {
    this.#context.committer.check();
    return this.#load(this.#context.pending.queue(channel)?.claimExpired(limit, now) ?? []);
  }

  nextDue(channel: string): number | undefined {
    return this.#context.pending.queue(channel)?.nextDue;
  }

  nextExpiry(channel: string): number | undefined {
    return this.#context.pending.queue(channel)?.nextExpiry;
  }

  settle(id: string, settlement: Settlement): Promise<void> {
    return this.#mutex.run(id, () => this.#settle(id, settlement));
  }

  async cancel(ids: readonly string[]): Promise<void> {
    const { pending } = this.#context;
    const waiting = ids.filter((id) => {
      const slot = slotOf(this.#context, id);
      return slot !== NONE && !pending.slots.has(slot, FLAG.claimed | FLAG.awaiting);
    });
    await Promise.all(waiting.map((id) => this.settle(id, { state: 'cancelled' })));
  }

  release(ids: readonly string[]): void {
    const { pending, ready } = this.#context;
    for (const id of ids) {
      const slot = slotOf(this.#context, id);
      if (slot === NONE || !pending.slots.has(slot, FLAG.claimed)) continue;
      const queue = pending.queueOf(slot);
      queue.release(slot);
      ready.notify(queue.channel);
    }
  }

  async retryNow(channel: string, now: number): Promise<void> {
    const { pending, ready, committer } = this.#context;
    committer.check();
    const retried = pending.queue(channel)?.retryNow(now) ?? [];
    if (retried.length === 0) return;
    ready.notify(channel);
    await Promise.all(
      retried.map((slot) =>
        committer.submit({
          writes: new Writes().add('due', pending.slots.seq[slot]!, now),
          isOwners: true,
          decided: false,
        }),
      ),
    );
  }

  async makeDue(id: string, now: number): Promise<boolean> {
    const { pending, ready, committer } = this.#context;
    committer.check();
    const slot = slotOf(this.#context, id);
    if (slot === NONE || pending.slots.has(slot, FLAG.claimed | FLAG.awaiting)) return false;
    const queue = pending.queueOf(slot);
    if (!queue.makeDue(slot, now)) return true;
    ready.notify(queue.channel);
    await committer.submit({
      writes: new Writes().add('due', pending.slots.seq[slot]!, now),
      isOwners: true,
      decided: false,
    });
    return true;
  }

  async reschedule(now: number, dueAt: Parameters<DeliveryStore['reschedule']>[1]): Promise<void> {
    const { pending, committer } = this.#context;
    committer.check();
    const seqs = pending.queues().flatMap((queue) => queue.delayed(now).map((slot) => pending.slots.seq[slot]!));
    for (let from = 0; from < seqs.length; from += MAX_READ) {
      const read = await this.#read(seqs.slice(from, from + MAX_READ));
      await Promise.all([...read].map(([seq, delivery]) => this.#reschedule(seq, now, (due) => dueAt(delivery, due))));
    }
  }

  async #reschedule(seq: number, now: number, dueAt: (before: number) => number | undefined): Promise<void> {
    const { pending, ready, committer } = this.#context;
    // The delivery may have been claimed or settled while its message was read.
    const delayed = (): number => {
      const slot = pending.slotOf(seq);
      return slot !== NONE && pending.queueOf(slot).isDelayed(slot, now) ? slot : NONE;
    };
    const slot = delayed();
    const due = slot === NONE ? undefined : dueAt(pending.slots.due[slot]!);
    if (due === undefined) return;
    await committer.submit({
      writes: new Writes().add('delay', seq, due),
      isOwners: true,
      decided: false,
      onCommitted: () => {
        const moved = delayed();
        if (moved === NONE) return;
        pending.queueOf(moved).move(moved, due);
        ready.notify(pending.queueOf(moved).channel);
      },
    });
  }

  /** Removes a delivery that another instance has ended. */
  forget(seq: number): void {
    const { pending, seqById, ready } = this.#context;
    const slot = pending.slotOf(seq);
    if (slot === NONE) return;
    const queue = pending.queueOf(slot);
    pending.remove(slot);
    for (const [id, named] of seqById) if (named === seq) seqById.delete(id);
    ready.notify(queue.channel);
  }

  resolveDead(id: string, end: End): Promise<void> {
    return this.#mutex.run(id, () => this.#resolveDead(id, end));
  }

  async find(id: string): Promise<StoredDelivery | undefined> {
    const row = await findDelivery(this.#context, id);
    return row === undefined ? undefined : this.#withClaim(row.stored);
  }

  async exchange(id: string): Promise<Exchange | undefined> {
    const row = await findDelivery(this.#context, id);
    if (row === undefined) return undefined;
    const [found] = await this.#context.queries.rows('exchange', row.seq);
    return found === undefined ? undefined : (JSON.parse(String(found[0])) as Exchange);
  }

  async ofEvent(eventId: string): Promise<readonly StoredDelivery[]> {
    const event = await findEvent(this.#context, eventId);
    if (event === undefined || event.deliveries === '[]') return [];
    const rows = await this.#context.queries.rows('deliveriesIn', event.deliveries);
    return rows.map((row) => this.#withClaim(deliveryOfRow(row).stored));
  }

  page(query: HistoryQuery): Promise<Page<StoredDelivery>> {
    const { states } = query;
    const claimed = states === undefined ? [] : this.#context.pending.claimed();
    const search = (step: Omit<SearchStep, 'claimed'>): Promise<SearchResult> => this.#search({ ...step, claimed });
    return pageOf('deliveries', query, search, (row) => {
      const stored = this.#withClaim(deliveryOfRow(row).stored);
      // The claims may have changed since.
      const isIn = (state: StoredDelivery['state']): boolean =>
        states!.includes(state) || (state === 'pending' && states!.includes('held'));
      return states === undefined || isIn(stored.state) ? stored : undefined;
    });
  }

  counts(): DeliveryCounts {
    const { pending, committer } = this.#context;
    const byChannel = new Map(
      pending.queues().map((queue) => {
        const { channel, size, sending } = queue;
        const oldest = pending.oldest(queue);
        return [channel, { pending: size - sending, sending, ...(oldest !== undefined && { oldest }) }];
      }),
    );
    return { byChannel, delivered: committer.counters.delivered, dead: committer.counters.dead };
  }

  channels(): readonly string[] {
    return this.#context.pending.queues().map(({ channel }) => channel);
  }

  onReady(listener: (channel: string) => void): void {
    this.#context.ready.subscribe(listener);
  }

  /** Reads the claimed deliveries; releases the claims when the disk fails. */
  async #load(slots: readonly number[]): Promise<readonly Delivery[]> {
    const { pending } = this.#context;
    const seqs = slots.map((slot) => pending.slots.seq[slot]!);
    try {
      const found = await this.#read(seqs);
      return seqs.flatMap((seq) => found.get(seq) ?? []);
    } catch (error) {
      const present = seqs.map((seq) => pending.slotOf(seq)).filter((slot) => slot !== NONE);
      for (const slot of present) if (pending.slots.has(slot, FLAG.claimed)) pending.queueOf(slot).release(slot);
      throw error;
    }
  }

  async #read(seqs: readonly number[]): Promise<ReadonlyMap<number, Delivery>> {
    const { deliveryCache, queries } = this.#context;
    const found = new Map<number, Delivery>();
    for (const seq of seqs) {
      const delivery = deliveryCache.take(seq);
      if (delivery !== undefined) found.set(seq, delivery);
    }
    const missing = seqs.filter((seq) => !found.has(seq));
    const rows = missing.length === 0 ? [] : await queries.rows('deliveriesIn', `[${missing.join(',')}]`);
    for (const row of rows.map(deliveryOfRow)) found.set(row.seq, row.stored.delivery);
    return found;
  }

  async #settle(id: string, settlement: Settlement): Promise<void> {
    const fallback = settlement.state === 'dead' ? settlement.fallback : undefined;
    const event = fallback === undefined ? 0 : await this.#eventOf(id);
    const { committer, pending } = this.#context;
    committer.check();
    const slot = slotOf(this.#context, id);
    if (slot === NONE || !this.#mayChange(slot, settlement)) return;
    const seq = pending.slots.seq[slot]!;
    const made = madeBy(settlement);
    const triedBefore = pending.slots.has(slot, FLAG.tried);
    const tried = triedBefore || made.attempt !== undefined;
    const update = updateOf(settlement, tried);
    const writes = new Writes();
    writeUpdate(writes, seq, update, made, triedBefore);
    const added = fallback && writeNewDelivery(this.#context, writes, fallback, { event, whole: true });
    if (added !== undefined) writes.add('eventDelivery', event, added.entry.seq);
    await committer.submit({
      writes,
      counts: { ...update.counts, ...(added !== undefined && { owed: 1 }) },
      isOwners: true,
      decided: false,
      onCommitted: () => {
        if (added !== undefined) addToMemory(this.#context, added);
        const at = pending.slotOf(seq); // Another one if the index was built anew meanwhile.
        if (at === NONE) return;
        if (settlement.state === 'delivered') this.lastDelivered.note(pending.queueOf(at).channel, seq, made.attempt);
        pending.slots.set(at, FLAG.tried, tried);
        this.#move(id, at, update.move);
      },
    });
  }

  /** Whether a settlement applies. A delivery that is neither claimed nor awaits a receipt can only become final. */
  #mayChange(slot: number, { state }: Settlement): boolean {
    const isPostponed = state === 'pending' || state === 'sending';
    return !isPostponed || this.#context.pending.slots.has(slot, FLAG.claimed | FLAG.awaiting);
  }

  /** Row number of a delivery's event; 0: none. A fallback belongs to the same event. */
  async #eventOf(id: string): Promise<number> {
    const slot = slotOf(this.#context, id);
    if (slot === NONE) return 0;
    const [row] = await this.#context.queries.rows('eventOf', this.#context.pending.slots.seq[slot]!);
    return Number(row?.[0] ?? 0);
  }

  #move(id: string, slot: number, move: ReturnType<typeof updateOf>['move']): void {
    const { pending, seqById, ready } = this.#context;
    const queue = pending.queueOf(slot);
    const due = queue.nextDue;
    if (move === undefined) {
      pending.remove(slot);
      seqById.delete(id);
    } else {
      move(queue, slot);
    }
    if (move !== undefined || queue.nextDue !== due) ready.notify(queue.channel);
  }

  async #resolveDead(id: string, end: End): Promise<void> {
    const { committer } = this.#context;
    const row = await findDelivery(this.#context, id);
    committer.check();
    if (row === undefined || row.state !== STATE.dead) return;
    const writes = new Writes();
    writeResolved(writes, row, end);
    const delivered = end.state === 'delivered';
    await committer.submit({
      writes,
      ...(delivered && { onCommitted: () => this.lastDelivered.note(end.channel, row.seq, end.attempt) }),
      counts: { dead: -1, ...(delivered ? { delivered: 1 } : { cancelled: 1 }) },
      isOwners: true,
      decided: false,
    });
  }

  #withClaim(stored: StoredDelivery): StoredDelivery {
    if (stored.state !== 'pending') return stored;
    const slot = slotOf(this.#context, stored.delivery.id);
    if (slot === NONE || !this.#context.pending.slots.has(slot, FLAG.claimed)) return stored;
    const { dueAt: _, ...rest } = stored;
    return { ...rest, state: 'sending' };
  }
}
