import type { Event } from '../../daemon/core/event/event.ts';
import type { Decision, NewDelivery, RuleResult } from '../../daemon/core/flow/decision.ts';
import { newId } from '../../daemon/lib/id.ts';
import type { Settlement, Store } from '../../daemon/store/store.ts';

/** Events of one transaction, and deliveries that are settled at once. */
const AT_ONCE = 500;
const START = Date.parse('2026-11-23T08:00:00Z');
/** Time between two events of the past, in milliseconds: a million of them in a week. */
const BETWEEN_MS = 600;

const OUTCOMES = ['notified', 'throttled', 'notified', 'deduplicated', 'notified'] as const;

/** One event in so many has the rare values. */
const RARE = 100_000;

export const pastTime = (index: number): number => START + index * BETWEEN_MS;

const isRare = (index: number): boolean => index % RARE === RARE / 2;

/** Event number `index` of the past: 20 sources, 200 types, 100 rules, 10 channels, a key that is used ten times. */
export function pastEvent(index: number): Event {
  const at = pastTime(index);
  return {
    id: newId(at),
    source: isRare(index) ? 'rare' : `source-${index % 20}`,
    type: isRare(index) ? 'rare.type' : `area-${index % 10}.type-${index % 200}`,
    time: new Date(at).toISOString(),
    data: { host: `host-${index % 5000}`, text: 'x'.repeat(120), number: index },
  };
}

export const keyOf = (index: number): string => `key-${Math.floor(index / 10)}`;

function decide(event: Event, index: number): Decision {
  if (index % 10 === 9) return { results: [], states: [], deliveries: [] };
  const rule = isRare(index) ? 'rare' : `rule-${index % 100}`;
  const outcome = isRare(index) ? 'error' : OUTCOMES[index % OUTCOMES.length]!;
  const result = { rule, outcome, key: keyOf(index) } as RuleResult;
  const deliveries = index % 2 === 0 ? [deliveryOf(event, rule, index)] : [];
  return { results: [result], states: [], deliveries };
}

function deliveryOf(event: Event, rule: string, index: number): NewDelivery {
  const createdAt = pastTime(index);
  const message = {
    title: 'A host is down',
    body: 'y'.repeat(120),
    format: 'text',
    priority: 'high',
    tags: [],
  } as const;
  const channel = isRare(index) ? 'rare' : `channel-${(index / 2) % 10}`;
  const delivery = {
    event,
    rule,
    channel,
    channelType: 'webhook',
    key: keyOf(index),
    status: 'firing',
    message,
    createdAt,
  } as const;
  return { delivery: { id: newId(createdAt), ...delivery, attempts: [] }, dueAt: createdAt };
}

const ATTEMPT = { at: '2026-11-23T08:00:01.000Z', ms: 12 };
const DELIVERED: Settlement = { state: 'delivered', attempt: ATTEMPT, receipt: { status: 200 } };
const DEAD: Settlement = {
  state: 'dead',
  class: 'permanent',
  error: { code: 'http.410', message: 'gone' },
  attempt: { ...ATTEMPT, class: 'permanent', code: 'http.410', message: 'gone' },
};

/** Stores `count` events with a delivery for every second one; of these a few are dead, cancelled or still pending. */
export async function fillPast(store: Store, count: number): Promise<void> {
  for (let from = 0; from < count; from += AT_ONCE) {
    const events = Array.from({ length: AT_ONCE }, (_, index) => pastEvent(from + index));
    const now = pastTime(from + AT_ONCE);
    let index = from;
    await store.transact({ arrivals: events.map((event) => ({ event, mayRepeat: false })), now }, (event) => {
      const decision = decide(event, index);
      index += 1;
      return decision;
    });
    await settleAll(store, now, from);
  }
}

async function settleAll(store: Store, now: number, from: number): Promise<void> {
  for (const channel of store.deliveries.channels()) {
    const claimed = await store.deliveries.claim(channel, { limit: AT_ONCE, now, ordered: false });
    await Promise.all(claimed.map(({ id }, index) => store.deliveries.settle(id, endOf(from, index))));
  }
}

/** Most deliveries are delivered; one in about 50,000 ends otherwise. */
function endOf(from: number, index: number): Settlement {
  if (index > 0 || from % 50_000 > 0) return DELIVERED;
  return from % 100_000 === 0 ? DEAD : { state: 'cancelled' };
}
