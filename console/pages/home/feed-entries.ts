import type { DeliveryView, EventView, FeedItem } from '../../../daemon/http/views.ts';
import { alertHref } from '../../lib/places.ts';
import { href } from '../../lib/router.ts';
import { type HistoryEntry, newestFirst, statesOf } from '../../parts/history-line.tsx';

/** One line of the live feed. */
export interface FeedEntry extends HistoryEntry {
  readonly id: string;
  readonly kind: FeedItem['kind'];
  readonly to: string;
}

/** Most lines that are kept: the feed may run for hours. */
export const MAX_ENTRIES = 500;

export function entryOf(item: FeedItem, number: number): FeedEntry {
  const { at } = item;
  const bare = { id: String(number), at };
  if (item.kind === 'alert') {
    const { kind, rule, key, state, by = '' } = item;
    return {
      ...bare,
      kind,
      states: [state],
      what: rule,
      more: key,
      side: by,
      to: alertHref(rule, key),
    };
  }
  if (item.kind === 'silence') {
    const { kind, silence, state } = item;
    return { ...bare, kind, states: [state], what: silence, to: href(['silences', silence]) };
  }
  const { event } = item;
  const common = { ...bare, more: event.subject, side: event.source };
  if (item.kind === 'delivery') {
    const { delivery } = item;
    return {
      ...common,
      kind: 'delivery',
      states: [delivery.state],
      what: `${delivery.rule} → ${delivery.channel}`,
      to: href(['deliveries', delivery.id]),
    };
  }
  return {
    ...common,
    kind: 'event',
    states: item.kind === 'event' ? statesOf(item.outcomes) : [item.result.outcome],
    what: event.type,
    to: href(['events', event.id]),
  };
}

/** Entries of the history, newest first: what happened before the page was opened. */
export function pastEntries(events: readonly EventView[], deliveries: readonly DeliveryView[]): readonly FeedEntry[] {
  const entries: readonly FeedEntry[] = [
    ...events.map((event) => ({
      id: `event ${event.id}`,
      kind: 'event' as const,
      at: event.received_at,
      states: statesOf(event.outcomes),
      what: event.type,
      more: event.subject,
      side: event.source,
      to: href(['events', event.id]),
    })),
    ...deliveries.map(({ id, created_at: created = '', attempts, state, rule, channel, key }) => ({
      id: `delivery ${id}`,
      kind: 'delivery' as const,
      at: attempts.at(-1)?.at ?? created,
      states: [state],
      what: `${rule} → ${channel}`,
      more: key,
      to: href(['deliveries', id]),
    })),
  ];
  return entries.toSorted(newestFirst);
}

/** The new entries before the old ones, newest first, bounded. */
export function withNew(old: readonly FeedEntry[], added: readonly FeedEntry[]): readonly FeedEntry[] {
  return [...added.toReversed(), ...old].slice(0, MAX_ENTRIES);
}

/** Whether an entry has the kind and contains the text, in upper or lower case. */
export function matches(entry: FeedEntry, { kind = '', text = '' }: { kind?: string; text?: string }): boolean {
  if (kind !== '' && entry.kind !== kind) return false;
  const wanted = text.toLowerCase();
  return [entry.what, entry.more ?? '', entry.side ?? '', ...entry.states].some((part) =>
    part.toLowerCase().includes(wanted),
  );
}
