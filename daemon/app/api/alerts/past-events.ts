import type { PastEvent } from '../../../core/alerts/silence-preview.ts';
import type { Clock } from '../../../lib/time/clock.ts';
import type { HistoryFilter, Store } from '../../../store/store.ts';

/** Bounds of one search: events, characters of their data, and milliseconds. */
const MAX_EVENTS = 2000;
const MAX_CHARS = 4 * 1024 * 1024;
const MAX_SEARCH_MS = 2000;
/** Events of one page, so that large ones do not fill the memory. */
const PAGE_SIZE = 100;

export interface PastEvents {
  readonly events: readonly PastEvent[];
  /** False: there are more than were read. */
  readonly isComplete: boolean;
}

/**
 * Events since a time, newest first: all of them if they are few, otherwise the latest of all and the latest that meet a filter.
 * Without a filter these are events that notified somebody, which a flood of others would hide.
 */
export async function pastEvents(
  deps: { readonly store: Store; readonly clock: Clock },
  since: number,
  filter: HistoryFilter,
): Promise<PastEvents> {
  const latest = await deps.store.latestEvents({ since, limit: MAX_EVENTS });
  if (latest.isComplete) return latest;
  const isFiltered = Object.keys(filter).length > 0;
  const found = await search(deps, { ...(isFiltered ? filter : { outcome: 'notified' }), since });
  const byId = new Map([...latest.events, ...found.events].map((one) => [one.event.id, one]));
  const events = [...byId.values()].sort((a, b) => b.receivedAt - a.receivedAt);
  return { events, isComplete: isFiltered && found.isComplete };
}

async function search(
  { store, clock }: { readonly store: Store; readonly clock: Clock },
  filter: HistoryFilter,
): Promise<PastEvents> {
  const events: PastEvent[] = [];
  const end = clock.now() + MAX_SEARCH_MS;
  let chars = 0;
  let cursor: string | undefined;
  while (events.length < MAX_EVENTS && chars < MAX_CHARS && clock.now() < end) {
    const query = { ...filter, order: 'desc', limit: PAGE_SIZE, ...(cursor !== undefined && { cursor }) } as const;
    const { items, next } = await store.events(query);
    for (const { event } of items) chars += JSON.stringify(event.data).length;
    events.push(...items);
    if (next === undefined) return { events, isComplete: true };
    cursor = next;
  }
  return { events, isComplete: false };
}
