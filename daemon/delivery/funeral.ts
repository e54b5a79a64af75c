import { ownEvents } from '../core/own-events.ts';
import { OWN_SOURCE } from '../core/event.ts';
import type { Attempt, DeadLetter, Delivery } from '../core/delivery.ts';
import type { DeliveryPolicy } from '../core/delivery.ts';
import type { OwedDelivery } from '../core/decision.ts';
import { type End, type LaneParts, REMOVED } from './lane-parts.ts';
import { persist } from './persist.ts';

/**
 * Ends a delivery dead: its letter is on disk before it leaves the queue, and the fallback's delivery is owed in the same
 * transaction that takes it out. A crash in between writes the letter twice, under one id.
 */
export async function bury(
  delivery: Delivery,
  attempt: Attempt | undefined,
  end: End,
  fallback: DeliveryPolicy['fallback'],
  parts: LaneParts,
): Promise<void> {
  const { deadLetters, store, clock, log, notices, observer } = parts;
  const now = clock.now();
  const letter = letterOf(delivery, attempt, end, now);
  await persist(clock, () => deadLetters.append(letter));
  const next = end.class === 'expired' ? undefined : fallbackOf(delivery, fallback, parts, now);
  const settlement = {
    state: 'dead' as const,
    ...end,
    ...(attempt !== undefined && { attempt }),
    ...(next !== undefined && { fallback: next }),
  };
  await persist(clock, () => store.deliveries.settle(delivery.id, settlement));
  log.error(
    { delivery: delivery.id, rule: delivery.rule, class: end.class, code: end.error.code, error: end.error.message },
    `${delivery.channel}: dead`,
  );
  observer.settled(delivery, settlement);
  // Never about its own: a dead notice of a dead notice has no end.
  if (delivery.event.source !== OWN_SOURCE) notices(noticeOf(delivery, end));
}

/** Ends all that a channel which is gone still owes. */
export async function buryLeft(channel: string, parts: LaneParts): Promise<void> {
  const { deliveries } = parts.store;
  const options = { limit: 64, now: Number.MAX_SAFE_INTEGER };
  for (;;) {
    const due = await deliveries.claim(channel, { ...options, ordered: false });
    const awaiting = await deliveries.claimExpired(channel, options);
    if (due.length + awaiting.length === 0) return;
    await Promise.all([...due, ...awaiting].map((delivery) => bury(delivery, undefined, REMOVED, undefined, parts)));
  }
}

export function letterOf(delivery: Delivery, attempt: Attempt | undefined, end: End, now: number): DeadLetter {
  return {
    id: delivery.id,
    dead_at: new Date(now).toISOString(),
    class: end.class,
    error: end.error,
    channel: delivery.channel,
    channel_type: delivery.channelType,
    rule: delivery.rule,
    key: delivery.key,
    event: delivery.event,
    message: delivery.message,
    attempts: attempt === undefined ? delivery.attempts : [...delivery.attempts, attempt],
  };
}

/** The same message by another channel, under an id of its own. */
function fallbackOf(
  delivery: Delivery,
  name: string | undefined,
  { channel, newId }: LaneParts,
  now: number,
): OwedDelivery | undefined {
  const config = name === undefined ? undefined : channel(name);
  if (config === undefined) return undefined;
  const { expiresAt, ...rest } = delivery;
  return {
    delivery: {
      ...rest,
      id: newId(),
      channel: config.name,
      channelType: config.type,
      createdAt: now,
      fallbackOf: delivery.id,
      attempts: [],
      ...(expiresAt !== undefined && { expiresAt }),
    },
    dueAt: now,
  };
}

function noticeOf(delivery: Delivery, { class: deadClass, error }: End) {
  const { id, channel, rule, key, message, event } = delivery;
  return ownEvents.deliveryDead({
    delivery: id,
    channel,
    rule,
    key,
    class: deadClass,
    code: error.code,
    message: error.message,
    title: message.title,
    event: event.id,
  });
}
