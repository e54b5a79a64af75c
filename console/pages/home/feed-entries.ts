import type { DeliveryView, EventView, FeedItem } from '../../../daemon/http/views.ts';
import { alertHref } from '../../lib/places.ts';
import { href } from '../../lib/router.ts';

/** One line of the live feed. */
export interface FeedEntry {
  readonly id: string;
  readonly kind: FeedItem['kind'];
  readonly at: string;
  /** Outcome of a rule, or state of a delivery, an alert or a silence; `no_match` where no rule had an outcome. */
  readonly states: readonly string[];
  /** Type of the event, or the rule and the channel of a delivery. */
  readonly what: string;
  readonly subject: string;
  readonly source: string;
  readonly to: string;
}

/** Most lines that are kept: the feed may run for hours. */
export const MAX_ENTRIES = 500;
const MAX_STATES = 3;

export function entryOf(item: FeedItem, number: number): FeedEntry {
  const { at } = item;
  const bare = { id: String(number), at, subject: '', source: '' };
  if (item.kind === 'alert') {
    const { kind, rule, key, state, by = '' } = item;
    return {
      ...bare,
      kind,
      states: [state],
      what: rule,
      subject: key,
      source: by,
      to: alertHref(rule, key),
    };
  }
  if (item.kind === 'silence') {
    const { kind, silence, state } = item;
    return { ...bare, kind, states: [state], what: silence, to: href(['silences', silence]) };
  }
  const { event } = item;
  const common = { ...bare, subject: event.subject ?? '', source: event.source };
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
  const outcomes = item.kind === 'event' ? [...new Set(Object.values(item.outcomes))] : [item.result.outcome];
  return {
    ...common,
    kind: 'event',
    states: outcomes.length === 0 ? ['no_match'] : outcomes.slice(0, MAX_STATES),
    what: event.type,
    to: href(['events', event.id]),
  };
}

/** Entries of the history, newest first: what happened before the page was opened. */
export function pastEntries(events: readonly EventView[], deliveries: readonly DeliveryView[]): readonly FeedEntry[] {
  const outcomesOf = ({ outcomes }: EventView): readonly string[] => [...new Set(Object.values(outcomes))];
  const entries: readonly FeedEntry[] = [
    ...events.map((event) => ({
      id: `event ${event.id}`,
      kind: 'event' as const,
      at: event.received_at,
      states: outcomesOf(event).length === 0 ? ['no_match'] : outcomesOf(event).slice(0, MAX_STATES),
      what: event.type,
      subject: event.subject ?? '',
      source: event.source,
      to: href(['events', event.id]),
    })),
    ...deliveries.map(({ id, created_at: created = '', attempts, state, rule, channel, key }) => ({
      id: `delivery ${id}`,
      kind: 'delivery' as const,
      at: attempts.at(-1)?.at ?? created,
      states: [state],
      what: `${rule} → ${channel}`,
      subject: key,
      source: '',
      to: href(['deliveries', id]),
    })),
  ];
  return entries.toSorted((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0));
}

/** The new entries before the old ones, newest first, bounded. */
export function withNew(old: readonly FeedEntry[], added: readonly FeedEntry[]): readonly FeedEntry[] {
  return [...added.toReversed(), ...old].slice(0, MAX_ENTRIES);
}

/** Whether an entry has the kind and contains the text, in upper or lower case. */
export function matches(entry: FeedEntry, { kind = '', text = '' }: { kind?: string; text?: string }): boolean {
  if (kind !== '' && entry.kind !== kind) return false;
  const wanted = text.toLowerCase();
  return [entry.what, entry.subject, entry.source, ...entry.states].some((part) => part.toLowerCase().includes(wanted));
}
