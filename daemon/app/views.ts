import type { DeliveryState } from '../core/delivery.ts';
import type { DeliveryView, EventView } from '../http/port.ts';
import type { StoredDelivery, StoredEvent } from '../store/store.ts';

/** The shapes that commands and the API show (they are the same), made from what is stored. */
export function deliveryView(stored: StoredDelivery, channelHeld: (channel: string) => boolean): DeliveryView {
  const { delivery, state, dueAt, receipt } = stored;
  const shown: DeliveryState = state === 'pending' && channelHeld(delivery.channel) ? 'held' : state;
  return {
    id: delivery.id,
    event: delivery.event.id,
    rule: delivery.rule,
    channel: delivery.channel,
    key: delivery.key,
    state: shown,
    attempts: delivery.attempts,
    ...(receipt !== undefined && { receipt }),
    ...(dueAt !== undefined && shown === 'pending' && { next_at: new Date(dueAt).toISOString() }),
  };
}

export function eventView(stored: StoredEvent, deliveries: readonly DeliveryView[]): EventView {
  const { event, receivedAt, outcomes } = stored;
  return {
    id: event.id,
    source: event.source,
    type: event.type,
    ...(event.subject !== undefined && { subject: event.subject }),
    time: event.time,
    received_at: new Date(receivedAt).toISOString(),
    outcomes,
    event,
    deliveries,
  };
}
