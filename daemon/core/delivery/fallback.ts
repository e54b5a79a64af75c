import type { NewDelivery } from '../flow/decision.ts';
import { isCanary } from './canary.ts';
import { type DeadReason, isExpired } from './dead-reason.ts';
import type { Delivery } from './delivery.ts';
import { type EventInput, OWN_SOURCE } from '../event/event.ts';
import { hopsAfter, withHops } from '../event/hops.ts';
import type { StoredMessage } from '../message/message.ts';
import { rfc3339 } from '../../lib/time/rfc3339.ts';
import { ownEvents } from '../event/own-events.ts';
import type { ChannelConfig } from '../ruleset.ts';

/** Delivery of the same message by the fallback channel, with a new id; undefined if the message has expired or is a canary. */
export function fallbackOf(
  delivery: Delivery,
  channel: Pick<ChannelConfig, 'name' | 'type'> | undefined,
  { now, newId }: { readonly now: number; readonly newId: () => string },
): NewDelivery | undefined {
  if (channel === undefined || channel.name === delivery.channel) return undefined;
  if (isExpired(delivery, now) || isCanary(delivery)) return undefined;
  return {
    delivery: {
      ...delivery,
      id: newId(),
      channel: channel.name,
      channelType: channel.type,
      message: messageFor(delivery.message, delivery.channelType, channel.type),
      createdAt: now,
      fallbackOf: delivery.channel,
      attempts: [],
    },
    dueAt: now,
  };
}

/** Message for another channel. Recipients have the form of one channel type, so another type gets its configured ones. */
export function messageFor(message: StoredMessage, before: string, now: string): StoredMessage {
  if (before === now) return message;
  const { to: _, ...rest } = message;
  return rest;
}

/** Event about a dead delivery. None for deliveries of the daemon's own events: a dead notice about a dead notice would never end. */
export function deathNotice(
  delivery: Delivery,
  { class: deadClass, error }: DeadReason,
  { attempts, fallback }: { readonly attempts: number; readonly fallback: string | undefined },
): EventInput | undefined {
  const { id, channel, channelType, rule, key, message, event, createdAt } = delivery;
  if (event.source === OWN_SOURCE) return undefined;
  const notice = ownEvents.deliveryDead({
    delivery: id,
    channel,
    channel_type: channelType,
    rule,
    key,
    class: deadClass,
    code: error.code,
    message: error.message,
    attempts,
    since: rfc3339(createdAt),
    title: message.title,
    event: event.id,
    event_type: event.type,
    fallback,
    mend: `belfry dead resend ${id}`,
  });
  // Otherwise a rule that posts these events to the daemon, where a channel fails again, would begin anew each time.
  return withHops(notice, hopsAfter(delivery) - 1);
}
