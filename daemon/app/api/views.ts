import { withMeaning } from '../../core/delivery/classes.ts';
import type { DeliveryState } from '../../core/delivery/delivery.ts';
import type { Exchange } from '../../core/delivery/exchange.ts';
import { outcomesNow } from '../../core/flow/outcomes.ts';
import { resolveTime } from '../../core/values/value-kind.ts';
import type { LaneState, LaneStatus } from '../../delivery/lane/deps.ts';
import type { DeliveryView, EventView, HistoryRequest } from '../../http/daemon-api.ts';
import { rfc3339 } from '../../lib/time/rfc3339.ts';
import type { HistoryQuery, StoredDelivery, StoredEvent } from '../../store/store.ts';

/** States of the channels, which the view of a delivery shows. */
export interface ChannelStates {
  statusOf(channel: string): LaneStatus | undefined;
  isHeld(channel: string): boolean;
  /** Earliest time of the next attempt, milliseconds since the epoch; undefined if unknown. */
  notBefore(channel: string): number | undefined;
}

/** View of a stored delivery, as the API and the commands show it. */
export function deliveryView(stored: StoredDelivery, channels: ChannelStates, withMessage = false): DeliveryView {
  const { delivery, state, dueAt, receipt, error } = stored;
  const shown: DeliveryState = state === 'pending' && channels.isHeld(delivery.channel) ? 'held' : state;
  return {
    id: delivery.id,
    event: delivery.event.id,
    rule: delivery.rule,
    channel: delivery.channel,
    key: delivery.key,
    state: shown,
    attempts: delivery.attempts,
    ...(receipt !== undefined && { receipt }),
    ...(error !== undefined && { error }),
    ...(dueAt !== undefined && shown === 'pending' && { next_at: nextAt(delivery.channel, dueAt, channels) }),
    created_at: rfc3339(delivery.createdAt),
    ...(state === 'pending' && keptBack(channels.statusOf(delivery.channel))),
    ...(withMessage && { message: delivery.message }),
  };
}

/** View of one delivery, with its message, the meaning of each attempt, and what the last one sent. */
export function wholeDeliveryView(
  stored: StoredDelivery,
  exchange: Exchange | undefined,
  channels: ChannelStates,
): DeliveryView {
  const view = deliveryView(stored, channels, true);
  return { ...view, attempts: view.attempts.map(withMeaning), ...exchange };
}

/** Time of the next attempt: the due time, or the earliest time at which the channel may send. */
function nextAt(channel: string, dueAt: number, channels: ChannelStates): string {
  return rfc3339(Math.max(dueAt, channels.notBefore(channel) ?? 0));
}

/** The next step for each state of a channel that keeps deliveries back. */
const MENDS: Readonly<Partial<Record<LaneState, (status: LaneStatus) => string>>> = {
  misconfigured: ({ name }) => `belfry channel test ${name}`,
  // If there is no time of a beginning, the rules hold it and no person.
  paused: ({ name, since }) =>
    since === undefined ? 'remove `delivery.paused` from the rules' : `belfry release ${name}`,
  removed: () => 'put the channel back into the rules',
};

/** Reason why a channel keeps deliveries back, and what to do about it; empty when it does not. */
export function keptBack(status: LaneStatus | undefined): Pick<DeliveryView, 'reason' | 'mend'> {
  if (status === undefined || status.state === 'ok') return {};
  const mend = MENDS[status.state]?.(status);
  return { reason: stateReason(status), ...(mend !== undefined && { mend }) };
}

/** `misconfigured (http.401) since 2026-11-23T09:00:00.000Z: invalid key` */
function stateReason({ state, code, since, reason = '' }: LaneStatus): string {
  if (code === undefined || since === undefined) return `${state}: ${reason}`;
  return `${state} (${code}) since ${since}: ${reason.replace(` (${code}) since ${since}`, '')}`;
}

/** View of a stored event in a list. */
export function eventLine({ event, receivedAt, results, later }: StoredEvent): EventView {
  const { outcomes, earlier } = outcomesNow([...results, ...later]);
  return {
    id: event.id,
    source: event.source,
    type: event.type,
    ...(event.subject !== undefined && { subject: event.subject }),
    time: event.time,
    received_at: rfc3339(receivedAt),
    outcomes,
    ...(Object.keys(earlier).length > 0 && { earlier }),
  };
}

/** View of one stored event, with its results, what waits, and its deliveries. */
export function eventView(
  stored: StoredEvent,
  waiting: NonNullable<EventView['waiting']>,
  deliveries: readonly DeliveryView[],
): EventView {
  const { event, results, later } = stored;
  return { ...eventLine(stored), results, later, ...(waiting.length > 0 && { waiting }), event, deliveries };
}

/** Query of the store. `held` are the channels that are held now. */
export function historyQuery(request: HistoryRequest, now: number, held: readonly string[] = []): HistoryQuery {
  const { since, until, states, message: _, ...rest } = request;
  return {
    ...rest,
    ...(since !== undefined && { since: resolveTime(since, now) }),
    ...(until !== undefined && { until: resolveTime(until, now) }),
    ...(states !== undefined && { states, held }),
  };
}
