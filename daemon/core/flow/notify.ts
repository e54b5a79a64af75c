import { formatDuration, parseDuration } from '../../lib/time/duration.ts';
import type { OwedDelivery } from './decision.ts';
import { makesAlerts } from './steps/alert.ts';
import type { Signal } from './step.ts';
import { renderMessage, type RenderedMessage } from '../message/render.ts';
import type { CompiledRule, MessageTemplates, NotifyTarget, Ruleset, Scope } from '../ruleset.ts';

/** Somebody is to be told something. */
export interface Telling {
  readonly rule: CompiledRule;
  readonly key: string;
  readonly signal: Signal;
  readonly status: 'firing' | 'resolved';
  readonly targets: readonly NotifyTarget[];
  /** Merged over the rule's message, field by field. */
  readonly message?: MessageTemplates;
  /** How long it fired, milliseconds. */
  readonly resolvedAfter?: number;
  /** When what is resolved was an event without what the message says, it is said of the one that fired. */
  readonly instead?: Signal;
  /** Not before then, milliseconds since the epoch. */
  readonly from?: number;
}

export interface TellingContext {
  readonly ruleset: Ruleset;
  readonly now: number;
  readonly newId: () => string;
  /** How many were held back since the last message. */
  readonly suppressed: number;
}

export interface Notified {
  readonly deliveries: readonly OwedDelivery[];
  readonly errors: readonly string[];
}

/** One delivery for each target whose own condition holds. */
export function notify(telling: Telling, context: TellingContext): Notified {
  const deliveries: OwedDelivery[] = [];
  const errors: string[] = [];
  for (const target of telling.targets) {
    const { holds, error } = target.when?.test(telling.signal.event, context.now) ?? { holds: true };
    if (error !== undefined) errors.push(`${target.channel}: if: ${error}`);
    // A condition that fails must not silence: who would have been told is told.
    if (!holds && error === undefined) continue;
    const { owed, errors: failed } = owe(telling, target, context);
    deliveries.push(owed);
    errors.push(...failed.map((text) => `${target.channel}: ${text}`));
  }
  return { deliveries, errors };
}

function owe(
  telling: Telling,
  target: NotifyTarget,
  context: TellingContext,
): { owed: OwedDelivery; errors: readonly string[] } {
  const { ruleset, now, newId } = context;
  const { rule, key, status, signal } = telling;
  const channel = ruleset.channels.get(target.channel)!;
  const { message, errors } = rendered(telling, target, context);
  const dueAt = Math.max(now, telling.from ?? 0) + target.delay;
  const ttl = message.ttl === undefined ? undefined : parseDuration(message.ttl);
  const delivery = {
    id: newId(),
    event: signal.event,
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
  if (ttl === undefined) return { owed: { delivery, dueAt }, errors };
  return { owed: { delivery: { ...delivery, expiresAt: dueAt + ttl }, dueAt }, errors };
}

function rendered(telling: Telling, target: NotifyTarget, context: TellingContext): RenderedMessage {
  const { rule, instead } = telling;
  const { escape } = context.ruleset.channels.get(target.channel)!;
  const templates = telling.message === undefined ? usualOf(rule, target) : templatesOf(rule, target, telling.message);
  const first = renderMessage(templates, scopeOf(telling, context), escape);
  const second =
    first.errors.length === 0 || instead === undefined
      ? undefined
      : renderMessage(templates, scopeOf({ ...telling, signal: instead }, context), escape);
  const { message, errors } = second?.errors.length === 0 ? second : first;
  // All that is said of one alert stands in one place, where the channel has places.
  if (message.replace_key !== undefined || !makesAlerts(rule)) return { message, errors };
  return { message: { ...message, replace_key: `${rule.name}/${telling.key}` }, errors };
}

const usual = new WeakMap<NotifyTarget, MessageTemplates>();

/** What a rule says by a target of its own, put together once. */
function usualOf(rule: CompiledRule, target: NotifyTarget): MessageTemplates {
  let templates = usual.get(target);
  if (templates === undefined) usual.set(target, (templates = templatesOf(rule, target)));
  return templates;
}

function templatesOf(rule: CompiledRule, target: NotifyTarget, over?: MessageTemplates): MessageTemplates {
  return { ...rule.message, ...over, ...target.message, ...(target.to !== undefined && { to: target.to }) };
}

function scopeOf(telling: Telling, { now, suppressed }: TellingContext): Scope {
  const { rule, key, status, signal, resolvedAfter } = telling;
  return {
    event: signal.event,
    rule: rule.name,
    key,
    status,
    count: signal.count,
    suppressed,
    events: signal.events,
    ...(resolvedAfter !== undefined && { resolved_after: formatDuration(wholeSeconds(resolvedAfter)) }),
    now: new Date(now).toISOString(),
  };
}

function wholeSeconds(ms: number): number {
  return ms < 1000 ? ms : Math.round(ms / 1000) * 1000;
}
