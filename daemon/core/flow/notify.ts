import { formatDuration, parseDuration } from '../../lib/time/duration.ts';
import { renderMessage, type RenderedMessage } from '../message/render.ts';
import type { CompiledRule, NotifyTarget, Ruleset, TemplateVariables } from '../ruleset.ts';
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

/** Makes one delivery for each target whose condition holds. */
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
  return { deliveries, errors };
}

function newDelivery(
  notification: Notification,
  target: NotifyTarget,
  context: NotifyContext,
): { created: NewDelivery; errors: readonly string[] } {
  const { ruleset, now, newId } = context;
  const { rule, key, status, group } = notification;
  const channel = ruleset.channels.get(target.channel)!;
  const { message, errors } = rendered(notification, target, context);
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
    attempts: [],
  };
  if (ttl === undefined) return { created: { delivery, dueAt }, errors };
  return { created: { delivery: { ...delivery, expiresAt: dueAt + ttl }, dueAt }, errors };
}

function rendered(notification: Notification, target: NotifyTarget, context: NotifyContext): RenderedMessage {
  const { rule, fallback } = notification;
  const { escape } = context.ruleset.channels.get(target.channel)!;
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
