import type { DeliveryState } from '../../core/delivery/delivery.ts';
import { momentAt } from '../../core/values/value-kind.ts';
import type { DeliveryView, EventView, HistoryRequest } from '../../http/daemon-api.ts';
import type { HistoryQuery, StoredDelivery, StoredEvent } from '../../store/store.ts';

/** How a channel is, as far as its deliveries show it. */
export interface ChannelTimes {
  isHeld(channel: string): boolean;
  /** Milliseconds since the epoch; undefined where nothing is known. */
  notBefore(channel: string): number | undefined;
}

/** The shapes that commands and the API show (they are the same), made from what is stored. */
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

/** The next attempt is not before the channel may send. */
function nextAt(channel: string, dueAt: number, channels: ChannelTimes): string {
  return new Date(Math.max(dueAt, channels.notBefore(channel) ?? 0)).toISOString();
}

/** As listings show it. */
export function eventLine({ event, receivedAt, outcomes }: StoredEvent): EventView {
  return {
    id: event.id,
    source: event.source,
    type: event.type,
    ...(event.subject !== undefined && { subject: event.subject }),
    time: event.time,
    received_at: new Date(receivedAt).toISOString(),
    outcomes,
  };
}

export function eventView(stored: StoredEvent, deliveries: readonly DeliveryView[]): EventView {
  const { event, results, later } = stored;
  return { ...eventLine(stored), results, later, event, deliveries };
}

/** What the store is asked for; what is held is pending there. */
export function historyQuery({ since, until, states, ...rest }: HistoryRequest, now: number): HistoryQuery {
  const stored = states?.map((state) => (state === 'held' ? 'pending' : state));
  return {
    ...rest,
    ...(since !== undefined && { since: momentAt(since, now) }),
    ...(until !== undefined && { until: momentAt(until, now) }),
    ...(stored !== undefined && { states: [...new Set(stored)] }),
  };
}
