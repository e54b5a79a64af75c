import type { Decision, NewDelivery, StateChange } from '../../../daemon/core/flow/decision.ts';
import type { Delivery } from '../../../daemon/core/delivery/delivery.ts';
import type { Event } from '../../../daemon/core/event/event.ts';
import { newId } from '../../../daemon/lib/id.ts';
import type { Accepted, Store } from '../../../daemon/store/store.ts';

export const NOW = Date.parse('2026-11-23T09:00:00Z');
export const HOUR = 3_600_000;
export const RECEIPT = { id: 'm-1', status: 200 };
export const ATTEMPT = { at: '2026-11-23T09:00:00Z', ms: 12 };
export const FAILED = { ...ATTEMPT, class: 'transient', code: 'http.503', message: 'unavailable' } as const;
export const ERROR = { code: 'http.410', message: 'gone', status: 410 };

export function event(extra: Partial<Event> = {}): Event {
  return {
    id: newId(NOW),
    source: 'api',
    type: 'deploy.failed',
    time: '2026-11-23T09:00:00Z',
    data: { n: 1 },
    ...extra,
  };
}

export function delivery(of: Event, extra: Partial<Delivery> = {}): Delivery {
  return {
    id: newId(NOW),
    event: of,
    rule: 'deploys',
    channel: 'ops',
    channelType: 'webhook',
    key: 'acme/api',
    status: 'firing',
    message: { title: 'Deploy failed', body: 'by ann', format: 'text', priority: 'high', tags: [] },
    createdAt: NOW,
    attempts: [],
    ...extra,
  };
}

export function newDelivery(of: Event, extra: Partial<Delivery> = {}, dueAt = NOW): NewDelivery {
  return { delivery: delivery(of, extra), dueAt };
}

export function decision(deliveries: readonly NewDelivery[] = [], states: readonly StateChange[] = []): Decision {
  const notified = { rule: 'deploys', outcome: 'notified', key: 'acme/api' } as const;
  return { results: deliveries.length > 0 ? [notified] : [], states, deliveries };
}

/** Stores one event with these deliveries. */
export async function ingest(
  store: Store,
  deliveries: readonly NewDelivery[] = [],
  of: Event = deliveries[0]?.delivery.event ?? event(),
): Promise<Accepted> {
  const batch = { arrivals: [{ event: of, mayRepeat: false }], now: NOW };
  const [accepted] = await store.transact(batch, () => decision(deliveries));
  return accepted!;
}

/** Stores `count` events with one delivery each; returns the deliveries in order of creation. */
export async function ingestMany(
  store: Store,
  count: number,
  make: (index: number) => Partial<Delivery> & { readonly dueAt?: number } = () => ({}),
): Promise<Delivery[]> {
  const deliveries: Delivery[] = [];
  for (let index = 0; index < count; index += 1) {
    const { dueAt, ...extra } = make(index);
    const one = newDelivery(event(), extra, dueAt ?? NOW);
    await ingest(store, [one]);
    deliveries.push(one.delivery);
  }
  return deliveries;
}

export function claim(
  store: Store,
  options: { channel?: string; limit?: number; now?: number; ordered?: boolean } = {},
): Promise<readonly Delivery[]> {
  const { channel = 'ops', limit = 100, now = NOW, ordered = false } = options;
  return store.deliveries.claim(channel, { limit, now, ordered });
}

export async function idsClaimed(store: Store, options: Parameters<typeof claim>[1] = {}): Promise<string[]> {
  return (await claim(store, options)).map(({ id }) => id);
}

/** Stores one event with one delivery and settles it as dead. */
export async function ingestDead(store: Store): Promise<Delivery> {
  const one = newDelivery(event());
  await ingest(store, [one]);
  await claim(store);
  await store.deliveries.settle(one.delivery.id, { state: 'dead', class: 'permanent', error: ERROR, attempt: FAILED });
  return one.delivery;
}
