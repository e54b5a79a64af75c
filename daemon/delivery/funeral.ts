import { OWN_SOURCE } from '../core/event.ts';
import { ownEvents } from '../core/own-events.ts';
import type { Attempt, DeadLetter, Delivery, DeliveryPolicy } from '../core/delivery.ts';
import type { Message } from '../core/message.ts';
import type { OwedDelivery } from '../core/decision.ts';
import type { End, LaneParts } from './lane-parts.ts';
import { persist } from './persist.ts';

/**
 * Ends a delivery dead: its letter is on disk before it leaves the queue, and the fallback's delivery is owed in the same
 * transaction that takes it out. What a crash in between leaves undone is finished at the next start.
 */
export async function bury(
  delivery: Delivery,
  attempt: Attempt | undefined,
  end: End,
  fallback: DeliveryPolicy['fallback'],
  parts: LaneParts,
): Promise<void> {
  const { deadLetters, clock, killed } = parts;
  const letter = letterOf(delivery, attempt, end, clock.now());
  await persist(clock, killed, () => deadLetters.append(letter));
  await layToRest(delivery, attempt, end, fallback, parts);
}

/** The rest of a burial, once the letter is on disk. */
export async function layToRest(
  delivery: Delivery,
  attempt: Attempt | undefined,
  end: End,
  fallback: DeliveryPolicy['fallback'],
  parts: LaneParts,
): Promise<void> {
  const { store, clock, killed, log, notices, observer } = parts;
  const next = fallbackOf(delivery, fallback, parts, clock.now());
  const settlement = {
    state: 'dead' as const,
    ...end,
    ...(attempt !== undefined && { attempt }),
    ...(next !== undefined && { fallback: next }),
  };
  await persist(clock, killed, () => store.deliveries.settle(delivery.id, settlement));
  log.error(
    { delivery: delivery.id, rule: delivery.rule, class: end.class, code: end.error.code, error: end.error.message },
    `${delivery.channel}: dead`,
  );
  observer.settled(delivery, settlement);
  // Never about its own: a dead notice of a dead notice has no end.
  if (delivery.event.source !== OWN_SOURCE) notices(noticeOf(delivery, end));
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

/** The same message by another channel, under an id of its own; nothing when it would come too late there, too. */
function fallbackOf(
  delivery: Delivery,
  name: string | undefined,
  { channel, newId }: LaneParts,
  now: number,
): OwedDelivery | undefined {
  const config = name === undefined ? undefined : channel(name);
  if (config === undefined || config.name === delivery.channel) return undefined;
  if (delivery.expiresAt !== undefined && delivery.expiresAt <= now) return undefined;
  return {
    delivery: {
      ...delivery,
      id: newId(),
      channel: config.name,
      channelType: config.type,
      message: messageFor(delivery.message, delivery.channelType, config.type),
      createdAt: now,
      fallbackOf: delivery.channel,
      attempts: [],
    },
    dueAt: now,
  };
}

/** Recipients are in a channel type's own terms: another one has its configured ones. */
export function messageFor(message: Message, before: string, now: string): Message {
  if (before === now) return message;
  const { to: _, ...rest } = message;
  return rest;
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
