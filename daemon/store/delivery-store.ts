import type { Attempt, DeadClass, DeadError, Delivery, Receipt } from '../core/delivery/delivery.ts';
import type { Exchange } from '../core/delivery/exchange.ts';
import type { NewDelivery } from '../core/flow/decision.ts';
import type { HistoryQuery, Page, StoredDelivery } from './history.ts';

/**
 * Queue of deliveries, and their history. A delivery is *pending* until it is claimed, *sending* while it is claimed or awaits a
 * receipt, and *final* once it is delivered, dead or cancelled. Claims live in memory: after a restart every delivery that is
 * not final can be claimed again, so a delivery may be sent twice but never lost.
 */
export interface DeliveryStore {
  /**
   * Claims up to `limit` deliveries of a channel that are due at `now`, earliest first. A claimed delivery is handed out to
   * nobody else until `settle` or `release`. With `ordered`, a delivery waits until all earlier ones of its key are final.
   * Memory stays bounded however many are pending.
   */
  claim(channel: string, options: { limit: number; now: number; ordered: boolean }): Promise<readonly Delivery[]>;
  /** Claims up to `limit` deliveries whose `expiresAt` has passed, or `until` for those that await a receipt; due or not. */
  claimExpired(channel: string, options: { limit: number; now: number }): Promise<readonly Delivery[]>;
  /** Due time of the next delivery that `claim` may return; undefined when there is none. From memory. */
  nextDue(channel: string): number | undefined;
  /** Time at which `claimExpired` finds the next delivery; undefined when there is none. From memory. */
  nextExpiry(channel: string): number | undefined;
  /**
   * Ends a claim or a wait for a receipt, in one transaction with the fallback. Does nothing when the delivery is final or
   * unknown. `pending` and `sending` also do nothing when the delivery is neither claimed nor awaits a receipt.
   */
  settle(id: string, settlement: Settlement): Promise<void>;
  /** Cancels deliveries that are pending; leaves out claimed, final and unknown ones. */
  cancel(ids: readonly string[]): Promise<void>;
  /** Gives claims back unchanged. In memory only. */
  release(ids: readonly string[]): void;
  /** Makes the deliveries of a channel that wait for a retry (pending, with attempts) due at `now`. */
  retryNow(channel: string, now: number): Promise<void>;
  /** Makes one delivery due at `now`. Resolves to false, and changes nothing, unless it is pending and claimed by nobody. */
  makeDue(id: string, now: number): Promise<boolean>;
  /**
   * Moves deliveries that wait for their first attempt until after `now` to the time that `dueAt` returns, and `expiresAt` by
   * the same amount; undefined changes nothing.
   */
  reschedule(now: number, dueAt: (delivery: Delivery, dueAt: number) => number | undefined): Promise<void>;
  /**
   * Ends a dead delivery that a person has resent or dropped; `channel` is the one that delivered it, which may be another than its
   * own. Does nothing unless the delivery is dead.
   */
  resolveDead(
    id: string,
    end: (AttemptMade & { state: 'delivered'; receipt: Receipt; channel: string }) | { state: 'cancelled' },
  ): Promise<void>;
  find(id: string): Promise<StoredDelivery | undefined>;
  /** Exchange of the last attempt. Undefined if the attempt sent nothing that is recorded. */
  exchange(id: string): Promise<Exchange | undefined>;
  /** All deliveries of an event, in the order of their creation. */
  ofEvent(eventId: string): Promise<readonly StoredDelivery[]>;
  /** Deliveries that match the query, by time of creation, one page at a time. Rejects with `history.cursor` for an invalid cursor. */
  page(query: HistoryQuery): Promise<Page<StoredDelivery>>;
  /** Current numbers by channel, and totals since the store was created. From memory. */
  counts(): DeliveryCounts;
  /** Channels with deliveries that are not final, including channels that are no longer configured. From memory. */
  channels(): readonly string[];
  /** Called when `claim` may return more for a channel than before; at most once per channel and turn of the event loop. */
  onReady(listener: (channel: string) => void): void;
}

/** Attempt of a settlement, which is appended to the attempts of the delivery, and its exchange, which replaces that of the attempt before. */
export interface AttemptMade {
  readonly attempt: Attempt;
  readonly exchange?: Exchange;
}

/** Result of a claim. */
export type Settlement =
  | (Partial<AttemptMade> & { readonly state: 'delivered'; readonly receipt: Receipt })
  /** To be sent (again) at `dueAt`. */
  | (Partial<AttemptMade> & { readonly state: 'pending'; readonly dueAt: number })
  /** Sent; a receipt is awaited until `until`. */
  | (AttemptMade & { readonly state: 'sending'; readonly until: number })
  /** The caller has written the dead letter to disk before. `fallback` is added in the same transaction. */
  | (Partial<AttemptMade> & {
      readonly state: 'dead';
      readonly class: DeadClass;
      readonly error: DeadError;
      readonly fallback?: NewDelivery;
    })
  | { readonly state: 'cancelled' };

export interface DeliveryCounts {
  readonly byChannel: ReadonlyMap<
    string,
    {
      readonly pending: number;
      readonly sending: number;
      /** Time of creation of the oldest delivery that is not final. */
      readonly oldest?: number;
    }
  >;
  readonly delivered: number;
  readonly dead: number;
}
