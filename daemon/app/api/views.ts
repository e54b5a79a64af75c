import type { DeliveryState } from '../../core/delivery/delivery.ts';
import { outcomesNow } from '../../core/flow/outcomes.ts';
import { resolveTime } from '../../core/values/value-kind.ts';
import type { DeliveryView, EventView, HistoryRequest } from '../../http/daemon-api.ts';
import type { HistoryQuery, StoredDelivery, StoredEvent } from '../../store/store.ts';

/** State of a channel that the view of a delivery shows. */
export interface ChannelTimes {
  isHeld(channel: string): boolean;
  /** Earliest time of the next attempt, milliseconds since the epoch; undefined if unknown. */
  notBefore(channel: string): number | undefined;
}

/** View of a stored delivery, as the API and the commands show it. */
export function deliveryView(stored: StoredDelivery, channels: ChannelTimes): DeliveryView {
  const { delivery, state, dueAt, receipt } = stored;
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
    ...(dueAt !== undefined && shown === 'pending' && { next_at: nextAt(delivery.channel, dueAt, channels) }),
  };
}

/** Time of the next attempt: the due time, or the earliest time at which the channel may send. */
function nextAt(channel: string, dueAt: number, channels: ChannelTimes): string {
  return new Date(Math.max(dueAt, channels.notBefore(channel) ?? 0)).toISOString();
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
    received_at: new Date(receivedAt).toISOString(),
    outcomes,
    ...(Object.keys(earlier).length > 0 && { earlier }),
  };
}

/** View of one stored event, with its results and deliveries. */
export function eventView(stored: StoredEvent, deliveries: readonly DeliveryView[]): EventView {
  const { event, results, later } = stored;
  return { ...eventLine(stored), results, later, event, deliveries };
}

/** Query of the store; `held` is `pending` there. */
export function historyQuery({ since, until, states, ...rest }: HistoryRequest, now: number): HistoryQuery {
  const stored = states?.map((state) => (state === 'held' ? 'pending' : state));
  return {
    ...rest,
    ...(since !== undefined && { since: resolveTime(since, now) }),
    ...(until !== undefined && { until: resolveTime(until, now) }),
    ...(stored !== undefined && { states: [...new Set(stored)] }),
  };
}
