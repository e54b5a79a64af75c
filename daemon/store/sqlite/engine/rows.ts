import type { LaterResult, OwedDelivery, RuleResult } from '../../../core/flow/decision.ts';
import type { Attempt, DeadClass, DeadError, Delivery, Receipt } from '../../../core/delivery/delivery.ts';
import type { Event } from '../../../core/event/event.ts';
import type { Writes } from '../commit/commit.ts';
import { hashOf, shortHashOf } from './keys.ts';
import type { OwedEntry } from '../pending/pending-index.ts';
import type { Row } from './protocol.ts';
import { STATE, STATE_NAMES } from './schema.ts';
import type { StoredDelivery, StoredEvent } from '../../store.ts';
import { toColumn } from './text.ts';

/** An event as found, with the row numbers and ids of its deliveries. */
export interface EventRow extends StoredEvent {
  readonly seq: number;
  readonly deliveries: string;
  readonly deliveryIds: readonly string[];
}

export function eventOfRow(row: Row): EventRow {
  const [seq, at, body, outcomes, deliveries, ids] = row as [number, number, string, string, string, string];
  return {
    seq,
    event: JSON.parse(body) as Event,
    receivedAt: at,
    ...decisionOf(JSON.parse(outcomes) as (RuleResult | LaterResult)[]),
    deliveries,
    deliveryIds: JSON.parse(ids) as string[],
  };
}

function decisionOf(all: readonly (RuleResult | LaterResult)[]): Pick<StoredEvent, 'outcomes' | 'results' | 'later'> {
  const results = all.filter((result) => !('at' in result));
  const later = all.filter((result): result is LaterResult => 'at' in result);
  return { results, later, outcomes: Object.fromEntries(results.map(({ rule, outcome }) => [rule, outcome])) };
}

export interface DeliveryRow {
  readonly seq: number;
  readonly state: number;
  readonly stored: StoredDelivery;
}

type DeliveryColumns = [
  seq: number,
  state: number,
  due: number,
  body: string,
  attempts: string,
  receipt: string | null,
  error: string | null,
  event: string | null,
];

/** A delivery whose event row is gone can still be sent: its message was rendered when it was accepted. */
const LOST_EVENT: Event = { id: '', source: '', type: 'belfry.event.lost', time: '1970-01-01T00:00:00Z', data: null };

export function deliveryOfRow(row: Row): DeliveryRow {
  const [seq, state, due, body, attempts, receipt, error, event] = row as unknown as DeliveryColumns;
  const delivery = JSON.parse(body) as { -readonly [K in keyof Delivery]: Delivery[K] };
  delivery.event ??= event === null ? LOST_EVENT : (JSON.parse(event) as Event);
  delivery.attempts = JSON.parse(attempts) as Attempt[];
  return {
    seq,
    state,
    stored: {
      delivery,
      state: STATE_NAMES[state] ?? 'pending',
      ...(state <= STATE.retry && { dueAt: due }),
      ...(receipt !== null && { receipt: JSON.parse(receipt) as Receipt }),
      ...(error !== null && { error: JSON.parse(error) as DeadError & { class: DeadClass } }),
    },
  };
}

/** Where a new delivery lies: its own row and its event's. With `event` whole in its body it does not need the event's row. */
export interface Place {
  readonly seq: number;
  readonly named: boolean;
  readonly event: number;
  readonly whole: boolean;
}

/** Writes a new delivery; returns what memory must know once it is on disk, and the length of what was written. */
export function writeDelivery(
  writes: Writes,
  { delivery, dueAt }: OwedDelivery,
  place: Place,
): { readonly entry: OwedEntry; readonly bytes: number } {
  const { event, attempts } = delivery;
  const body = JSON.stringify({ ...delivery, event: place.whole ? event : undefined, attempts: undefined });
  const expires = delivery.expiresAt ?? Number.POSITIVE_INFINITY;
  const entry: OwedEntry = {
    seq: place.seq,
    channel: delivery.channel,
    due: dueAt,
    expires,
    keyHash: hashOf(delivery.key),
    idHash: shortHashOf(delivery.id),
    tried: attempts.length > 0,
    awaiting: false,
  };
  writes.add(
    entry.tried ? 'triedDelivery' : 'delivery',
    place.seq,
    place.event,
    delivery.channel,
    dueAt,
    Number.isFinite(expires) ? expires : null,
    entry.keyHash,
    entry.idHash,
    body,
    ...(entry.tried ? [JSON.stringify(attempts)] : []),
  );
  if (place.named) writes.add('deliveryName', toColumn(delivery.id), place.seq);
  return { entry, bytes: body.length };
}

export function owedOfRow(row: Row): OwedEntry {
  const [seq, channel, state, due, expires, keyHash, idHash] = row as [
    number,
    string,
    number,
    number,
    number | null,
    number,
    number,
  ];
  return {
    seq,
    channel,
    due,
    expires: expires ?? Number.POSITIVE_INFINITY,
    keyHash,
    idHash,
    tried: state !== STATE.pending,
    awaiting: state === STATE.sending,
  };
}
