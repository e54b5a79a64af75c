import type { LaterResult, NewDelivery, RuleResult, StateChange } from '../../core/flow/decision.ts';
import type { Attempt, DeadClass, DeadError, Delivery, Receipt } from '../../core/delivery/delivery.ts';
import type { Event } from '../../core/event/event.ts';
import { isDeletion, type StateWrites } from '../states.ts';
import type { StoredDelivery, StoredEvent } from '../store.ts';
import type { Row, Writes } from './writes.ts';
import type { PendingEntry } from './pending/pending-index.ts';
import { fromColumn, hashOf, shortHashOf, toColumn } from './keys.ts';
import { STATE, STATE_NAMES } from './stored-states.ts';

/** An event row with the row numbers and ids of its deliveries. */
export interface EventRow extends StoredEvent {
  readonly seq: number;
  /** JSON array of row numbers. */
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

/** The event without the fields that only the store needs. */
export function storedEventOf({ event, receivedAt, outcomes, results, later }: EventRow): StoredEvent {
  return { event, receivedAt, outcomes, results, later };
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

/** Stands for an event whose row is missing: the delivery can still be sent, because its message was rendered on arrival. */
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

/** Row numbers of a new delivery and its event. */
export interface DeliveryKeys {
  readonly seq: number;
  readonly named: boolean;
  /** Row number of the event; 0: none. */
  readonly event: number;
  /** The body contains the event, because the event's row may be missing or deleted before. */
  readonly whole: boolean;
}

/** Writes a new delivery. Returns its entry for the pending index, and the number of characters written. */
export function writeDelivery(
  writes: Writes,
  { delivery, dueAt }: NewDelivery,
  keys: DeliveryKeys,
): { readonly entry: PendingEntry; readonly bytes: number } {
  const { event, attempts, message, ...head } = delivery;
  // The history index reads the first fields, so the large ones are the last.
  const body = JSON.stringify({ ...head, message, event: keys.whole ? event : undefined });
  const expires = delivery.expiresAt ?? Number.POSITIVE_INFINITY;
  const entry: PendingEntry = {
    seq: keys.seq,
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
    keys.seq,
    keys.event,
    delivery.channel,
    dueAt,
    Number.isFinite(expires) ? expires : null,
    entry.keyHash,
    entry.idHash,
    body,
    ...(entry.tried ? [JSON.stringify(attempts)] : []),
  );
  if (keys.named) writes.add('deliveryName', toColumn(delivery.id), keys.seq);
  return { entry, bytes: body.length };
}

export function pendingEntryOfRow(row: Row): PendingEntry {
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

export function writeStates(writes: Writes, { changes, deleteExpired }: StateWrites): void {
  for (const change of changes) {
    const { rule, key, step, value, expires, wake } = change;
    const name = [toColumn(rule), toColumn(key), toColumn(step)];
    if (isDeletion(change)) writes.add('stateDelete', ...name);
    else writes.add('state', ...name, JSON.stringify(value), Math.min(expires, Number.MAX_SAFE_INTEGER), wake ?? null);
  }
  if (deleteExpired !== undefined) writes.add('statesDeleteExpired', deleteExpired);
}

export function stateOfRow(row: Row): StateChange {
  const [rule, key, step, value, expires, wake] = row as [string, string, string, string, number, number | null];
  return {
    rule: fromColumn(rule),
    key: fromColumn(key),
    step: fromColumn(step),
    value: JSON.parse(value) as unknown,
    expires,
    ...(wake !== null && { wake }),
  };
}
