import type { Delivery } from '../../../core/delivery/delivery.ts';
import { madeBy, updateOf, writeUpdate } from '../../shared/commit/settlement.ts';
import { findDelivery, slotOf } from '../../shared/context.ts';
import type { SearchResult, SearchStep } from '../../shared/history/search-step.ts';
import { StoredDeliveries } from '../../shared/pending/deliveries.ts';
import { NONE } from '../../shared/pending/slots.ts';
import { FIRST_FINAL, STATE } from '../../shared/stored-states.ts';
import { Writes } from '../../shared/writes.ts';
import type { DeliveryCounts, DeliveryStore, Settlement } from '../../store.ts';
import type { PostgresContext } from '../context.ts';
import type { InstanceRequest } from '../engine/round.ts';
import type { Membership } from '../members/membership.ts';

type Claim = Parameters<DeliveryStore['claim']>[1];

/** Request to the other instances about deliveries that this one does not have. */
export type DeliveryRequest =
  | { readonly kind: 'cancel'; readonly ids: readonly string[] }
  | { readonly kind: 'retry'; readonly channel: string }
  | { readonly kind: 'due'; readonly id: string }
  /** Deliveries that were ended, by their row numbers. */
  | { readonly kind: 'ended'; readonly seqs: readonly number[] };

/** Deliveries of this instance, which are in memory, and requests to the instances that have the others. */
export class PostgresDeliveries extends StoredDeliveries {
  readonly #context: PostgresContext;
  readonly #membership: Membership;
  readonly #now: () => number;

  constructor(
    context: PostgresContext,
    deps: {
      readonly search: (step: SearchStep) => Promise<SearchResult>;
      readonly membership: Membership;
      readonly now: () => number;
    },
  ) {
    super(context, deps.search);
    this.#context = context;
    this.#membership = deps.membership;
    this.#now = deps.now;
  }

  override async claim(channel: string, options: Claim): Promise<readonly Delivery[]> {
    return this.#membership.isValid ? super.claim(channel, options) : [];
  }

  override async claimExpired(channel: string, options: { limit: number; now: number }): Promise<readonly Delivery[]> {
    return this.#membership.isValid ? super.claimExpired(channel, options) : [];
  }

  override async settle(id: string, settlement: Settlement): Promise<void> {
    if (this.#isHere(id)) return super.settle(id, settlement);
    if (settlement.state === 'pending' || settlement.state === 'sending') return;
    const row = await findDelivery(this.#context, id);
    if (row === undefined || row.state >= FIRST_FINAL) return;
    // It has become this instance's meanwhile.
    if (this.#isHere(id)) return super.settle(id, settlement);
    const made = madeBy(settlement);
    const writes = new Writes();
    const { attempts } = row.stored.delivery;
    const update = updateOf(settlement, true);
    writeUpdate(writes, row.seq, update, made, attempts.length > 0);
    await this.#request({ kind: 'ended', seqs: [row.seq] }, writes, update.counts);
  }

  override async cancel(ids: readonly string[]): Promise<void> {
    const others = ids.filter((id) => !this.#isHere(id));
    await super.cancel(ids);
    if (others.length > 0) await this.#request({ kind: 'cancel', ids: others });
  }

  override async retryNow(channel: string, now: number): Promise<void> {
    await Promise.all([
      super.retryNow(channel, now),
      this.#hasOthers ? this.#request({ kind: 'retry', channel }) : undefined,
    ]);
  }

  override async makeDue(id: string, now: number): Promise<boolean> {
    if (this.#isHere(id)) return super.makeDue(id, now);
    const row = await findDelivery(this.#context, id);
    if (row === undefined || row.state >= STATE.sending) return false;
    await this.#request({ kind: 'due', id });
    return true;
  }

  /** Own numbers, and those that the other instances have sent with their last beats. */
  override counts(): DeliveryCounts {
    const own = super.counts();
    const byChannel = new Map(own.byChannel);
    for (const { owner, details } of this.#membership.members) {
      if (owner === this.#membership.owner) continue;
      for (const [channel, theirs] of Object.entries(details.channels ?? {})) {
        const here = byChannel.get(channel) ?? { pending: 0, sending: 0 };
        const oldest = Math.min(here.oldest ?? Number.POSITIVE_INFINITY, theirs.oldest ?? Number.POSITIVE_INFINITY);
        byChannel.set(channel, {
          pending: here.pending + theirs.pending,
          sending: here.sending + theirs.sending,
          ...(Number.isFinite(oldest) && { oldest }),
        });
      }
    }
    return { ...own, byChannel };
  }

  /** Numbers of this instance alone. */
  ownCounts(): DeliveryCounts {
    return super.counts();
  }

  override channels(): readonly string[] {
    return [...this.counts().byChannel.keys()];
  }

  /** Carries out what another instance asks. */
  carryOut(request: DeliveryRequest): Promise<unknown> {
    switch (request.kind) {
      case 'cancel':
        return super.cancel(request.ids);
      case 'retry':
        return super.retryNow(request.channel, this.#now());
      case 'due':
        return this.#isHere(request.id) ? super.makeDue(request.id, this.#now()) : Promise.resolve();
      case 'ended':
        for (const seq of request.seqs) this.forget(seq);
        return Promise.resolve();
    }
  }

  get #hasOthers(): boolean {
    return this.#membership.members.length > 1;
  }

  #isHere(id: string): boolean {
    return slotOf(this.#context, id) !== NONE;
  }

  #request(request: DeliveryRequest, writes?: Writes, counts = {}): Promise<void> {
    return this.#context.committer.make((round) => {
      if (writes !== undefined) round.write(writes);
      round.count(counts);
      round.request(request as unknown as InstanceRequest);
    });
  }
}
