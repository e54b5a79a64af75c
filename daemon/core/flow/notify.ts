import { formatDuration, parseDuration } from '../../lib/time/duration.ts';
import type { Delivery } from '../delivery/delivery.ts';
import { hopsOf } from '../event/hops.ts';
import { renderMessage, type RenderedMessage } from '../message/render.ts';
import { OWN_SOURCE } from '../event/event.ts';
import { messageFor } from '../delivery/fallback.ts';
import { isFaultOf } from '../event/own-events.ts';
import type { ChannelConfig, CompiledRule, NotifyTarget, Ruleset, TemplateVariables } from '../ruleset.ts';
import type { NewDelivery } from './deliveries.ts';
import type { EventGroup } from './step.ts';

/** A message to be sent to some targets. */
export interface Notification {
  readonly rule: CompiledRule;
  readonly key: string;
  readonly group: EventGroup;
  readonly status: 'firing' | 'resolved';
  readonly targets: readonly NotifyTarget[];
  /** Time for which a resolved alert fired, milliseconds. */
  readonly resolvedAfter?: number;
  /** Events that fired. They are used for the message if a template fails with the resolving event, which may lack a field. */
  readonly fallback?: EventGroup;
  /** Earliest time of the deliveries, milliseconds since the epoch. */
  readonly from?: number;
}

export interface NotifyContext {
  readonly ruleset: Ruleset;
  readonly now: number;
  readonly newId: () => string;
  /** Number of events that were dropped since the last message. */
  readonly suppressed: number;
}

/** Makes one delivery for each target whose condition holds. A report of a fault of a channel does not go through that channel, if it has a fallback. */
export function notify(
  notification: Notification,
  context: NotifyContext,
): { readonly deliveries: readonly NewDelivery[]; readonly errors: readonly string[] } {
  const deliveries: NewDelivery[] = [];
  const errors: string[] = [];
  for (const target of notification.targets) {
    const { holds, error } = target.when?.test(notification.group.event, context.now) ?? { holds: true };
    if (error !== undefined) errors.push(`${target.channel}: if: ${error}`);
    // A condition that fails with an error must not lose a message, so the target is notified.
    if (!holds && error === undefined) continue;
    const { created, errors: failed } = newDelivery(notification, target, context);
    deliveries.push(created);
    errors.push(...failed.map((text) => `${target.channel}: ${text}`));
  }
  return { deliveries: withoutRepeats(deliveries), errors };
}

function newDelivery(
  notification: Notification,
  target: NotifyTarget,
  context: NotifyContext,
): { created: NewDelivery; errors: readonly string[] } {
  const { ruleset, now, newId } = context;
  const { rule, key, status, group } = notification;
  const channel = channelFor(target, group, ruleset);
  const { message: written, errors } = rendered(notification, target, channel, context);
  const isRedirected = channel.name !== target.channel;
  const message = isRedirected
    ? messageFor(written, ruleset.channels.get(target.channel)!.type, channel.type)
    : written;
  const dueAt = Math.max(now, notification.from ?? 0) + target.delay;
  const ttl = message.ttl === undefined ? undefined : parseDuration(message.ttl);
  const delivery = {
    id: newId(),
    event: group.event,
    rule: rule.name,
    channel: channel.name,
    channelType: channel.type,
    key,
    status,
    message,
    createdAt: now,
    ...(target.delay > 0 && { delay: target.delay }),
    ...(isRedirected && { fallbackOf: target.channel }),
    ...(group.events.length > 1 && hopsOfOthers(group)),
    attempts: [],
  };
  if (ttl === undefined) return { created: { delivery, dueAt }, errors };
  return { created: { delivery: { ...delivery, expiresAt: dueAt + ttl }, dueAt }, errors };
}

/** Hops of the group, if an event has more than the one that the message is about. */
function hopsOfOthers({ event, events }: EventGroup): Pick<Delivery, 'hops'> {
  const hops = Math.max(...events.map(hopsOf));
  return hops > hopsOf(event) ? { hops } : {};
}

/** Channel for a target: its fallback if the message reports a fault of the channel itself. */
function channelFor(target: NotifyTarget, { event, events }: EventGroup, { channels }: Ruleset): ChannelConfig {
  const channel = channels.get(target.channel)!;
  const { fallback } = channel.policy;
  const isReported = event.source === OWN_SOURCE && [event, ...events].some((one) => isFaultOf(channel.name, one));
  return (isReported && fallback !== undefined && channels.get(fallback)) || channel;
}

/** Leaves out a message to a fallback channel that the rule notifies anyway. */
function withoutRepeats(deliveries: readonly NewDelivery[]): readonly NewDelivery[] {
  if (deliveries.every(({ delivery }) => delivery.fallbackOf === undefined)) return deliveries;
  const placeOf = ({ delivery }: NewDelivery): string => JSON.stringify([delivery.channel, delivery.message.to]);
  const direct = new Set(deliveries.filter(({ delivery }) => delivery.fallbackOf === undefined).map(placeOf));
  return deliveries.filter((one) => {
    const place = placeOf(one);
    if (one.delivery.fallbackOf === undefined) return true;
    if (direct.has(place)) return false;
    direct.add(place);
    return true;
  });
}

function rendered(
  notification: Notification,
  target: NotifyTarget,
  { escape }: ChannelConfig,
  context: NotifyContext,
): RenderedMessage {
  const { rule, fallback } = notification;
  const first = renderMessage(target.templates, variablesOf(notification, context), escape);
  const second =
    first.errors.length === 0 || fallback === undefined
      ? undefined
      : renderMessage(target.templates, variablesOf({ ...notification, group: fallback }, context), escape);
  const { message, errors } = second?.errors.length === 0 ? second : first;
  // Messages about one alert replace each other, if the channel supports it.
  if (message.replace_key !== undefined || rule.alert === undefined) return { message, errors };
  return { message: { ...message, replace_key: `${rule.name}/${notification.key}` }, errors };
}

function variablesOf(notification: Notification, { now, suppressed }: NotifyContext): TemplateVariables {
  const { rule, key, status, group, resolvedAfter } = notification;
  return {
    event: group.event,
    rule: rule.name,
    key,
    status,
    count: group.count,
    suppressed,
    events: group.events,
    ...(resolvedAfter !== undefined && { resolved_after: formatDuration(wholeSeconds(resolvedAfter)) }),
    now: new Date(now).toISOString(),
  };
}

function wholeSeconds(ms: number): number {
  return ms < 1000 ? ms : Math.round(ms / 1000) * 1000;
}
