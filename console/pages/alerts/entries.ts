import type { DeliveryView, EventView } from '../../../daemon/http/views.ts';
import { href } from '../../lib/router.ts';

/** Line of the history of an alert: an event of its key, or a notification. */
export interface HistoryEntry {
  readonly id: string;
  /** RFC 3339. */
  readonly at: string;
  /** Outcomes of the rules for an event, or the state of a delivery. */
  readonly states: readonly string[];
  readonly what: string;
  readonly more: string;
  readonly to: string;
}

export function entriesOf(events: readonly EventView[], deliveries: readonly DeliveryView[]): readonly HistoryEntry[] {
  const entries = [
    ...events.map((event) => ({
      id: `event ${event.id}`,
      at: event.received_at,
      states: [...new Set(Object.values(event.outcomes))],
      what: event.type,
      more: event.subject ?? '',
      to: href(['events', event.id]),
    })),
    ...deliveries.map((delivery) => ({
      id: `delivery ${delivery.id}`,
      at: delivery.created_at ?? '',
      states: [delivery.state],
      what: `→ ${delivery.channel}`,
      more: delivery.attempts.at(-1)?.message ?? '',
      to: href(['deliveries', delivery.id]),
    })),
  ];
  return entries.sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0));
}
