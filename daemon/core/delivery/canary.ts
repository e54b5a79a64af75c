import { formatDuration } from '../../lib/time/duration.ts';
import { rfc3339 } from '../../lib/time/rfc3339.ts';
import type { Event } from '../event/event.ts';
import { ownEvents } from '../event/own-events.ts';
import type { NewDelivery } from '../flow/deliveries.ts';
import type { StoredMessage } from '../message/message.ts';
import type { ChannelConfig } from '../ruleset.ts';
import type { CanarySettings, Delivery } from './delivery.ts';

/** Stored progress of the canaries of one channel. Times are milliseconds since the epoch. */
export interface CanaryState {
  /** Time at which the last canary was sent. */
  readonly sentAt: number;
  /** Id of its delivery, while it is neither confirmed nor missed. */
  readonly waitsFor?: string;
  /** Time at which the first canary that was missed was sent, until one is confirmed. */
  readonly missedSince?: number;
  /** Cause of the miss, for people. */
  readonly reason?: string;
  /** Fingerprint of the settings of the channel with which it was sent. */
  readonly fingerprint: string;
}

/** Stored result of the canary that is waited for. */
export type CanaryProgress =
  | { readonly kind: 'delivered' | 'pending' }
  | { readonly kind: 'ended'; readonly reason: string };

export type CanaryStep =
  | { readonly kind: 'wait' | 'send' | 'confirmed' }
  | { readonly kind: 'missed'; readonly reason: string };

/** Rule of the deliveries of canaries and of their alarms, in the history. */
export const CANARY_RULE = 'belfry canary';
export const ALARM_RULE = 'belfry canary alarm';

/** Longest time between canaries of a channel that missed one, so that its recovery is noticed. */
const MISSED_EVERY_MS = 60 * 60_000;

/** Decides what is to be done now. `progress`: of the canary that is waited for; undefined when there is none. */
export function canaryStep(
  { every, within }: CanarySettings,
  state: CanaryState | undefined,
  progress: CanaryProgress | undefined,
  { now, fingerprint }: { readonly now: number; readonly fingerprint: string },
): CanaryStep {
  // After a step back of the clock the time since the last canary is unknown.
  if (state === undefined || state.sentAt - now > within) return { kind: 'send' };
  const age = Math.max(0, now - state.sentAt);
  if (progress?.kind === 'delivered') return { kind: 'confirmed' };
  if (progress?.kind === 'ended') return { kind: 'missed', reason: progress.reason };
  if (progress?.kind === 'pending')
    return age < within
      ? { kind: 'wait' }
      : { kind: 'missed', reason: `it was not delivered within ${formatDuration(within)}` };
  if (state.missedSince === undefined) return { kind: age < every ? 'wait' : 'send' };
  if (state.fingerprint !== fingerprint) return { kind: 'send' };
  return { kind: age < Math.min(every, Math.max(within, MISSED_EVERY_MS)) ? 'wait' : 'send' };
}

/** Whether a delivery is a canary. A canary that is not delivered is not passed on to the fallback, which gets the alarm. */
export function isCanary({ rule, event }: Pick<Delivery, 'rule' | 'event'>): boolean {
  return rule === CANARY_RULE && event.type === ownEvents.canary.event.type;
}

interface Made {
  readonly event: Event;
  readonly id: string;
  readonly now: number;
}

/** The canary itself. It ends as dead when it is no longer waited for. */
export function canaryDelivery(
  { name, type }: ChannelConfig,
  { every, within, to }: CanarySettings,
  { event, id, now }: Made,
): NewDelivery {
  const message: StoredMessage = {
    title: `Canary: the channel ${name} works`,
    body: `Belfry sends this message every ${formatDuration(every)}, to show that the channel works. You need not do anything.`,
    format: 'text',
    priority: 'min',
    tags: ['canary'],
    replace_key: `canary:${name}`,
    ...(to !== undefined && { to }),
  };
  const delivery = deliveryOf({ name, type }, CANARY_RULE, name, message, { event, id, now });
  return { delivery: { ...delivery, expiresAt: now + within }, dueAt: now };
}

/** Alarm about a canary that was missed, or its end, by another channel. */
export function alarmDelivery(
  by: Pick<ChannelConfig, 'name' | 'type'>,
  about: string,
  alarm: { readonly reason?: string; readonly since: number },
  made: Made,
): NewDelivery {
  const { reason, since } = alarm;
  const isOver = reason === undefined;
  const message: StoredMessage = {
    title: isOver ? `Channel ${about} works again` : `Channel ${about}: the canary was not delivered`,
    body: isOver
      ? `A message was delivered again. No canary had been confirmed since ${rfc3339(since)}.`
      : `The canary of ${rfc3339(since)} did not arrive: ${reason}. To try the channel: belfry channel test ${about}`,
    format: 'text',
    priority: isOver ? 'normal' : 'high',
    tags: ['belfry', 'canary'],
    replace_key: `canary alarm:${about}`,
  };
  const delivery = deliveryOf(by, ALARM_RULE, about, message, made);
  return { delivery: isOver ? { ...delivery, status: 'resolved' } : delivery, dueAt: made.now };
}

function deliveryOf(
  { name, type }: Pick<ChannelConfig, 'name' | 'type'>,
  rule: string,
  key: string,
  message: StoredMessage,
  { event, id, now }: Made,
): Delivery {
  return {
    id,
    event,
    rule,
    channel: name,
    channelType: type,
    key,
    status: 'firing',
    message,
    createdAt: now,
    attempts: [],
  };
}
