import type { DeliveryView, EventView } from '../../../daemon/http/views.ts';
import { href } from '../../lib/router.ts';
import { type HistoryEntry, newestFirst, statesOf } from '../../parts/history-line.tsx';

/** Line of the history of an alert: an event of its key, or a notification. */
export interface AlertEntry extends HistoryEntry {
  readonly id: string;
  readonly to: string;
}

export function entriesOf(events: readonly EventView[], deliveries: readonly DeliveryView[]): readonly AlertEntry[] {
  const entries = [
    ...events.map((event) => ({
      id: `event ${event.id}`,
      at: event.received_at,
      states: statesOf(event.outcomes),
      what: event.type,
      more: event.subject,
      to: href(['events', event.id]),
    })),
    ...deliveries.map((delivery) => ({
      id: `delivery ${delivery.id}`,
      at: delivery.created_at ?? '',
      states: [delivery.state],
      what: `→ ${delivery.channel}`,
      more: delivery.attempts.at(-1)?.message,
      to: href(['deliveries', delivery.id]),
    })),
  ];
  return entries.sort(newestFirst);
}
