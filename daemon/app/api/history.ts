import type { DaemonApi, DeliveryView } from '../../http/daemon-api.ts';
import type { DaemonApiDeps } from './deps.ts';
import { deliveryView, eventLine, eventView, historyQuery, wholeDeliveryView } from './views.ts';
import { waitingWith } from './status/waiting.ts';

/** Calls about stored events and deliveries: lists, single ones, and the wait for their end. */
export function historyOf(
  deps: DaemonApiDeps,
): Pick<DaemonApi, 'wait' | 'events' | 'deliveries' | 'event' | 'delivery' | 'retryDelivery'> {
  const { store, lanes, waiter, clock } = deps;
  const heldChannels = (): readonly string[] => store.deliveries.channels().filter((channel) => lanes.isHeld(channel));
  return {
    async wait(ids, ms, signal) {
      const deliveries = (await waiter.waitFor(ids, ms, signal)).map((stored) => deliveryView(stored, lanes));
      const events = await Promise.all(ids.map((id) => store.event(id)));
      return { outcomes: events.map((stored) => (stored === undefined ? {} : eventLine(stored).outcomes)), deliveries };
    },
    async events(request) {
      const { items, ...page } = await store.events(historyQuery(request, clock.now()));
      return { ...page, items: items.map(eventLine) };
    },
    async deliveries(request) {
      const { items, ...page } = await store.deliveries.page(historyQuery(request, clock.now(), heldChannels()));
      const { states, message } = request;
      const views = items.map((stored) => deliveryView(stored, lanes, message));
      return { ...page, items: states === undefined ? views : views.filter(({ state }) => states.includes(state)) };
    },
    async event(id) {
      const stored = await store.event(id);
      if (stored === undefined) return undefined;
      const deliveries = await store.deliveries.ofEvent(id);
      return eventView(
        stored,
        waitingWith(stored, deps),
        deliveries.map((delivery) => deliveryView(delivery, lanes)),
      );
    },
    async delivery(id) {
      return await wholeDelivery(id, deps);
    },
    async retryDelivery(id) {
      const now = clock.now();
      const isDue = await store.deliveries.makeDue(id, now);
      const delivery = await wholeDelivery(id, deps);
      return delivery && { isDue, delivery };
    },
  };
}

async function wholeDelivery(
  id: string,
  { store, lanes }: Pick<DaemonApiDeps, 'store' | 'lanes'>,
): Promise<DeliveryView | undefined> {
  const [stored, exchange] = await Promise.all([store.deliveries.find(id), store.deliveries.exchange(id)]);
  return stored && wholeDeliveryView(stored, exchange, lanes);
}
