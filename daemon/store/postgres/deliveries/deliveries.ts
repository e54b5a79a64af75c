import type { Delivery } from '../../../core/delivery/delivery.ts';
import type { Clock } from '../../../lib/time/clock.ts';
import { madeBy, updateOf, writeUpdate } from '../../shared/commit/settlement.ts';
import { findDelivery, slotOf } from '../../shared/context.ts';
import type { SearchResult, SearchStep } from '../../shared/history/search-step.ts';
import { StoredDeliveries } from '../../shared/pending/deliveries.ts';
import { NONE } from '../../shared/pending/slots.ts';
import { FIRST_FINAL, STATE } from '../../shared/stored-states.ts';
import { Writes } from '../../shared/writes.ts';
import type { DeliveryCounts, DeliveryStore, Settlement } from '../../store.ts';
import type { PostgresContext } from '../context.ts';
import { isTransient } from '../engine/errors.ts';
import type { InstanceRequest } from '../engine/round.ts';
import type { Database } from '../engine/database.ts';
import { waitingForOthers } from '../engine/queries.ts';
import type { Membership } from '../members/membership.ts';

/** Milliseconds after which a delivery that waits for one of another instance is looked at again. */
const LATER_MS = 200;

type Claim = Parameters<DeliveryStore['claim']>[1];

/** Request to the other instances about deliveries that this one does not have. */
export type DeliveryRequest =
  | { readonly kind: 'cancel'; readonly ids: readonly string[] }
  | { readonly kind: 'retry'; readonly channel: string }
  | { readonly kind: 'due'; readonly id: string }
  /** Deliveries that were ended, by their row numbers. */
  | { readonly kind: 'ended'; readonly seqs: readonly number[] };

/** Milliseconds between two attempts to read while nothing can be read. */
const WAIT_MS = 250;

/** Deliveries of this instance, which are in memory, and requests to the instances that have the others. */
export class PostgresDeliveries extends StoredDeliveries {
  readonly #context: PostgresContext;
  readonly #membership: Membership;
  readonly #clock: Clock;
  readonly #database: Database;
  /** Name of the schema, quoted. */
  readonly #schema: string;

  constructor(
    context: PostgresContext,
    deps: {
      readonly search: (step: SearchStep) => Promise<SearchResult>;
      readonly membership: Membership;
      readonly clock: Clock;
      readonly database: Database;
      readonly schema: string;
    },
  ) {
    super(context, deps.search);
    this.#context = context;
    this.#membership = deps.membership;
    this.#clock = deps.clock;
    this.#database = deps.database;
    this.#schema = deps.schema;
  }

  override async claim(channel: string, options: Claim): Promise<readonly Delivery[]> {
    return this.#whileValid(async () => {
      const claimed = await super.claim(channel, options);
      return options.ordered && this.#hasOthers && claimed.length > 0 ? this.#inTurn(channel, claimed) : claimed;
    });
  }

  /** Leaves out deliveries before which another instance still has one of the same key. They can be claimed again a little later. */
  async #inTurn(channel: string, claimed: readonly Delivery[]): Promise<readonly Delivery[]> {
    const { slots } = this.#context.pending;
    const found = claimed.map((delivery) => ({ delivery, slot: slotOf(this.#context, delivery.id) }));
    const here = found.filter(({ slot }) => slot !== NONE);
    const seqs = here.map(({ slot }) => slots.seq[slot]!);
    const keys = here.map(({ slot }) => slots.keyHash[slot]!);
    const ids = claimed.map(({ id }) => id);
    try {
      const rows = await this.#database.rows(waitingForOthers(this.#schema), [
        seqs,
        keys,
        channel,
        this.#membership.owner,
      ]);
      const waiting = new Set(rows.map(([seq]) => Number(seq)));
      const later = here.filter((_, index) => waiting.has(seqs[index]!)).map(({ delivery }) => delivery.id);
      if (later.length > 0) this.#clock.after(LATER_MS, () => this.release(later));
      return claimed.filter(({ id }) => !later.includes(id));
    } catch (error) {
      this.#clock.after(LATER_MS, () => this.release(ids));
      throw error;
    }
  }

  override async claimExpired(channel: string, options: { limit: number; now: number }): Promise<readonly Delivery[]> {
    return this.#whileValid(() => super.claimExpired(channel, options));
  }

  /**
   * Claims nothing without the lease, nor when it has ended while the messages were read, nor while PostgreSQL cannot be reached. Waits
   * then, because the lane asks again at once.
   */
  async #whileValid(claim: () => Promise<readonly Delivery[]>): Promise<readonly Delivery[]> {
    const { owner } = this.#membership;
    if (this.#membership.isValid) {
      const claimed = await claim().catch(unlessTransient);
      if (claimed !== undefined && this.#membership.isValid && this.#membership.owner === owner) return claimed;
      this.release((claimed ?? []).map(({ id }) => id));
    }
    await new Promise<void>((resolve) => this.#clock.after(WAIT_MS, resolve));
    return [];
  }

  override async settle(id: string, settlement: Settlement): Promise<void> {
    if (this.#isHere(id)) return super.settle(id, settlement);
    // The outcome of an attempt belongs to a run that has lost the delivery: the instance that has it makes another one.
    if (settlement.state === 'pending' || settlement.state === 'sending' || madeBy(settlement).attempt !== undefined)
      return;
    const row = await findDelivery(this.#context, id);
    if (row === undefined || row.state >= FIRST_FINAL) return;
    // It has become this instance's meanwhile.
    if (this.#isHere(id)) return super.settle(id, settlement);
    const made = madeBy(settlement);
    const writes = new Writes();
    const { attempts } = row.stored.delivery;
    const update = updateOf(settlement, true);
    writeUpdate(writes, row.seq, update, made, attempts.length > 0);
    await this.#request({ kind: 'ended', seqs: [row.seq] }, writes);
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
        return super.retryNow(request.channel, this.#clock.now());
      case 'due':
        return this.#isHere(request.id) ? super.makeDue(request.id, this.#clock.now()) : Promise.resolve();
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

  #request(request: DeliveryRequest, writes?: Writes): Promise<void> {
    return this.#context.committer.make((round) => {
      if (writes !== undefined) round.write(writes);
      round.request(request as unknown as InstanceRequest);
    });
  }
}

function unlessTransient(error: unknown): undefined {
  if (!isTransient(error)) throw error;
}
