import type { OwedDelivery } from '../../../core/flow/decision.ts';
import type { Delivery } from '../../../core/delivery/delivery.ts';
import { Writes } from '../commit/commit.ts';
import { enterMemory, findDelivery, findEvent, type Ledger, slotOf, writeOwed } from '../context.ts';
import { pageOf } from '../history/pages.ts';
import { deliveryOfRow } from '../engine/rows.ts';
import { STATE } from '../engine/schema.ts';
import type { SearchResult, SearchStep } from '../history/search.ts';
import { attemptOf, changeOf, writeChange } from '../commit/settlement.ts';
import { FLAG, NONE } from './slots.ts';
import type { DeliveryCounts, DeliveryStore, HistoryQuery, Page, Settlement, StoredDelivery } from '../../store.ts';
import { Turns } from '../commit/keyed-mutex.ts';

/** Deliveries read in one turn. */
const AT_ONCE = 500;

type End = Parameters<DeliveryStore['resolveDead']>[1];

/** What is owed, and what became of it. Memory knows every owed delivery by number; the disk knows the rest. */
export class SqliteDeliveries implements DeliveryStore {
  readonly #ledger: Ledger;
  readonly #search: (step: SearchStep) => Promise<SearchResult>;
  readonly #turns = new Turns();

  constructor(ledger: Ledger, search: (step: SearchStep) => Promise<SearchResult>) {
    this.#ledger = ledger;
    this.#search = search;
  }

  async claim(
    channel: string,
    { limit, now, ordered }: { limit: number; now: number; ordered: boolean },
  ): Promise<readonly Delivery[]> {
    this.#ledger.committer.check();
    return this.#bodies(this.#ledger.owed.queue(channel)?.claim(limit, now, ordered) ?? []);
  }

  async claimExpired(channel: string, { limit, now }: { limit: number; now: number }): Promise<readonly Delivery[]> {
    this.#ledger.committer.check();
    return this.#bodies(this.#ledger.owed.queue(channel)?.claimExpired(limit, now) ?? []);
  }

  nextDue(channel: string): number | undefined {
    return this.#ledger.owed.queue(channel)?.nextDue;
  }

  nextExpiry(channel: string): number | undefined {
    return this.#ledger.owed.queue(channel)?.nextExpiry;
  }

  settle(id: string, settlement: Settlement): Promise<void> {
    return this.#turns.run(id, () => this.#settle(id, settlement));
  }

  async cancel(ids: readonly string[]): Promise<void> {
    const { owed } = this.#ledger;
    const waiting = ids.filter((id) => {
      const slot = slotOf(this.#ledger, id);
      return slot !== NONE && !owed.slots.has(slot, FLAG.claimed | FLAG.awaiting);
    });
    await Promise.all(waiting.map((id) => this.settle(id, { state: 'cancelled' })));
  }

  release(ids: readonly string[]): void {
    const { owed, bell } = this.#ledger;
    for (const id of ids) {
      const slot = slotOf(this.#ledger, id);
      if (slot === NONE || !owed.slots.has(slot, FLAG.claimed)) continue;
      const queue = owed.queueOf(slot);
      queue.release(slot);
      bell.ring(queue.channel);
    }
  }

  async retryNow(channel: string, now: number): Promise<void> {
    const { owed, bell, committer } = this.#ledger;
    committer.check();
    const retried = owed.queue(channel)?.retryNow(now) ?? [];
    if (retried.length === 0) return;
    bell.ring(channel);
    await Promise.all(
      retried.map((slot) =>
        committer.submit({ writes: new Writes().add('due', owed.slots.seq[slot]!, now), decided: false }),
      ),
    );
  }

  async reschedule(now: number, dueAt: Parameters<DeliveryStore['reschedule']>[1]): Promise<void> {
    const { owed, committer } = this.#ledger;
    committer.check();
    const seqs = owed.queues().flatMap((queue) => queue.delayed(now).map((slot) => owed.slots.seq[slot]!));
    for (let from = 0; from < seqs.length; from += AT_ONCE) {
      const read = await this.#read(seqs.slice(from, from + AT_ONCE));
      await Promise.all([...read].map(([seq, delivery]) => this.#reschedule(seq, now, (due) => dueAt(delivery, due))));
    }
  }

  async #reschedule(seq: number, now: number, dueAt: (before: number) => number | undefined): Promise<void> {
    const { owed, bell, committer } = this.#ledger;
    // It may have gone out, or ended, while its message was read.
    const delayed = (): number => {
      const slot = owed.slotOf(seq);
      return slot !== NONE && owed.queueOf(slot).isDelayed(slot, now) ? slot : NONE;
    };
    const slot = delayed();
    const due = slot === NONE ? undefined : dueAt(owed.slots.due[slot]!);
    if (due === undefined) return;
    await committer.submit({
      writes: new Writes().add('delay', seq, due),
      decided: false,
      committed: () => {
        const moved = delayed();
        if (moved === NONE) return;
        owed.queueOf(moved).move(moved, due);
        bell.ring(owed.queueOf(moved).channel);
      },
    });
  }

  async enqueue(owed: readonly OwedDelivery[]): Promise<void> {
    await Promise.all(owed.map((one) => this.#turns.run(one.delivery.id, () => this.#enqueue(one))));
  }

  resolveDead(id: string, end: End): Promise<void> {
    return this.#turns.run(id, () => this.#resolveDead(id, end));
  }

  async find(id: string): Promise<StoredDelivery | undefined> {
    const row = await findDelivery(this.#ledger, id);
    return row === undefined ? undefined : this.#withClaim(row.stored);
  }

  async ofEvent(eventId: string): Promise<readonly StoredDelivery[]> {
    const event = await findEvent(this.#ledger, eventId);
    if (event === undefined || event.deliveries === '[]') return [];
    const rows = await this.#ledger.reader.rows('deliveriesIn', event.deliveries);
    return rows.map((row) => this.#withClaim(deliveryOfRow(row).stored));
  }

  page(query: HistoryQuery): Promise<Page<StoredDelivery>> {
    return pageOf('deliveries', query, this.#search, (row) => {
      const stored = this.#withClaim(deliveryOfRow(row).stored);
      return query.states === undefined || query.states.includes(stored.state) ? stored : undefined;
    });
  }

  counts(): DeliveryCounts {
    const { owed, committer } = this.#ledger;
    const byChannel = new Map(
      owed.queues().map((queue) => {
        const oldest = owed.oldest(queue);
        const pending = queue.size - queue.sending;
        return [queue.channel, { pending, sending: queue.sending, ...(oldest !== undefined && { oldest }) }];
      }),
    );
    return { byChannel, delivered: committer.counters.delivered, dead: committer.counters.dead };
  }

  channels(): readonly string[] {
    return this.#ledger.owed.queues().map(({ channel }) => channel);
  }

  onReady(listener: (channel: string) => void): void {
    this.#ledger.bell.listen(listener);
  }

  /** What was claimed by number, with its message; the claims are given back when the disk does not answer. */
  async #bodies(slots: readonly number[]): Promise<readonly Delivery[]> {
    const { owed } = this.#ledger;
    const seqs = slots.map((slot) => owed.slots.seq[slot]!);
    try {
      const found = await this.#read(seqs);
      return seqs.flatMap((seq) => found.get(seq) ?? []);
    } catch (error) {
      for (const slot of slots) owed.queueOf(slot).release(slot);
      throw error;
    }
  }

  async #read(seqs: readonly number[]): Promise<ReadonlyMap<number, Delivery>> {
    const { recent, reader } = this.#ledger;
    const found = new Map<number, Delivery>();
    for (const seq of seqs) {
      const delivery = recent.take(seq);
      if (delivery !== undefined) found.set(seq, delivery);
    }
    const missing = seqs.filter((seq) => !found.has(seq));
    const rows = missing.length === 0 ? [] : await reader.rows('deliveriesIn', `[${missing.join(',')}]`);
    for (const row of rows.map(deliveryOfRow)) found.set(row.seq, row.stored.delivery);
    return found;
  }

  async #settle(id: string, settlement: Settlement): Promise<void> {
    const fallback = settlement.state === 'dead' ? settlement.fallback : undefined;
    const event = fallback === undefined ? 0 : await this.#eventOf(id);
    const { committer, owed } = this.#ledger;
    committer.check();
    const slot = slotOf(this.#ledger, id);
    if (slot === NONE || !this.#changes(slot, settlement)) return;
    const seq = owed.slots.seq[slot]!;
    const attempt = attemptOf(settlement);
    const triedBefore = owed.slots.has(slot, FLAG.tried);
    const tried = triedBefore || attempt !== undefined;
    const change = changeOf(settlement, tried);
    const writes = new Writes();
    writeChange(writes, seq, change, attempt, triedBefore);
    const made = fallback && writeOwed(this.#ledger, writes, fallback, { event, whole: true });
    if (made !== undefined) writes.add('eventOwes', event, made.entry.seq);
    await committer.submit({
      writes,
      counts: { ...change.counts, ...(made !== undefined && { owed: 1 }) },
      decided: false,
      committed: () => {
        owed.slots.set(slot, FLAG.tried, tried);
        this.#move(id, slot, change.move);
        if (made !== undefined) enterMemory(this.#ledger, made);
      },
    });
  }

  /** Only what is claimed or awaits a receipt can be put off; anything that is owed can end. */
  #changes(slot: number, { state }: Settlement): boolean {
    const goesOn = state === 'pending' || state === 'sending';
    return !goesOn || this.#ledger.owed.slots.has(slot, FLAG.claimed | FLAG.awaiting);
  }

  /** The row of the event that a delivery belongs to; a fallback belongs to the same one. */
  async #eventOf(id: string): Promise<number> {
    const slot = slotOf(this.#ledger, id);
    if (slot === NONE) return 0;
    const [row] = await this.#ledger.reader.rows('eventOf', this.#ledger.owed.slots.seq[slot]!);
    return Number(row?.[0] ?? 0);
  }

  #move(id: string, slot: number, move: ReturnType<typeof changeOf>['move']): void {
    const { owed, names, bell } = this.#ledger;
    const queue = owed.queueOf(slot);
    const due = queue.nextDue;
    if (move === undefined) {
      owed.remove(slot);
      names.delete(id);
    } else {
      move(queue, slot);
    }
    if (move !== undefined || queue.nextDue !== due) bell.ring(queue.channel);
  }

  async #enqueue(owed: OwedDelivery): Promise<void> {
    const { committer } = this.#ledger;
    if ((await findDelivery(this.#ledger, owed.delivery.id)) !== undefined) return;
    const event = await findEvent(this.#ledger, owed.delivery.event.id, owed.delivery.event.source);
    committer.check();
    const writes = new Writes();
    const made = writeOwed(this.#ledger, writes, owed, { event: event?.seq ?? 0, whole: true });
    if (event !== undefined) writes.add('eventOwes', event.seq, made.entry.seq);
    await committer.submit({
      writes,
      counts: { owed: 1 },
      decided: false,
      committed: () => enterMemory(this.#ledger, made),
    });
  }

  async #resolveDead(id: string, end: End): Promise<void> {
    const { committer } = this.#ledger;
    const row = await findDelivery(this.#ledger, id);
    committer.check();
    if (row === undefined || row.state !== STATE.dead) return;
    const delivered = end.state === 'delivered';
    await committer.submit({
      writes: new Writes().add(
        'resolveDead',
        row.seq,
        delivered ? JSON.stringify(end.attempt) : null,
        delivered ? STATE.delivered : STATE.cancelled,
        delivered ? JSON.stringify(end.receipt) : null,
      ),
      counts: { dead: -1, ...(delivered ? { delivered: 1 } : { cancelled: 1 }) },
      decided: false,
    });
  }

  #withClaim(stored: StoredDelivery): StoredDelivery {
    if (stored.state !== 'pending') return stored;
    const slot = slotOf(this.#ledger, stored.delivery.id);
    if (slot === NONE || !this.#ledger.owed.slots.has(slot, FLAG.claimed)) return stored;
    const { dueAt: _, ...rest } = stored;
    return { ...rest, state: 'sending' };
  }
}
