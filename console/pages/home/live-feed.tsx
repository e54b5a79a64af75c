import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { DeliveryView, EventView } from '../../../daemon/http/views.ts';
import { get } from '../../api/client.ts';
import { follow } from '../../api/feed.ts';
import { href, place, type Query } from '../../lib/router.ts';
import { texts } from '../../lib/texts.ts';
import { HistoryLine } from '../../parts/history-line.tsx';
import { Filters } from '../../ui/filters.tsx';
import { WindowedList } from '../../ui/list.tsx';
import { Section } from '../../ui/page.tsx';
import { Empty } from '../../ui/states.tsx';
import { type FeedEntry, entryOf, matches, MAX_ENTRIES, pastEntries, withNew } from './feed-entries.ts';

/** New entries are shown together, so that a burst does not draw the page for each of them. */
const DRAW_MS = 250;
/** Past events, and past deliveries, with which the list begins. */
const PAST = '30';

/** Entries of the live feed. While it is paused, new ones wait. */
function useFeed() {
  const entries = useSignal<readonly FeedEntry[]>([]);
  const waiting = useSignal<readonly FeedEntry[]>([]);
  const isPaused = useSignal(false);
  const number = useRef(0);
  useEffect(() => readPast((past) => (entries.value = [...entries.value, ...past].slice(0, MAX_ENTRIES))), []);
  useEffect(() => {
    let collected: FeedEntry[] = [];
    const stop = follow((item) => {
      number.current += 1;
      collected.push(entryOf(item, number.current));
    });
    const timer = setInterval(() => {
      if (collected.length === 0) return;
      const target = isPaused.value ? waiting : entries;
      target.value = withNew(target.value, collected);
      collected = [];
    }, DRAW_MS);
    return () => {
      stop();
      clearInterval(timer);
    };
  }, []);
  const toggle = (): void => {
    isPaused.value = !isPaused.value;
    if (isPaused.value) return;
    entries.value = withNew(entries.value, waiting.value.toReversed());
    waiting.value = [];
  };
  return { entries, waiting, isPaused, toggle };
}

/** Reads the latest events and deliveries of the history; returns the end of that. */
function readPast(onRead: (entries: readonly FeedEntry[]) => void): () => void {
  const controller = new AbortController();
  const read = <T,>(list: string): Promise<T> => get<T>(`/v1/${list}`, { limit: PAST }, controller.signal);
  Promise.all([
    read<{ events: readonly EventView[] }>('events'),
    read<{ deliveries: readonly DeliveryView[] }>('deliveries'),
  ]).then(
    ([{ events }, { deliveries }]) => onRead(pastEntries(events, deliveries)),
    // The list begins empty then, and the connection says why.
    () => undefined,
  );
  return () => controller.abort();
}

/** Events and deliveries as they happen, newest first. A pause collects what comes, without moving the list. */
export function LiveFeed(): VNode {
  const { home } = texts.value;
  const { entries, waiting, isPaused, toggle } = useFeed();
  const { kind, text } = place.value.query;
  const shown = entries.value.filter((entry) => matches(entry, { ...(kind && { kind }), ...(text && { text }) }));
  return (
    <Section
      title={home.feed}
      actions={
        <button type="button" aria-pressed={isPaused.value} onClick={toggle}>
          {isPaused.value ? home.resume(waiting.value.length) : texts.value.jobs.pause}
        </button>
      }
    >
      <Filters
        of={[
          { name: 'text', label: texts.value.filters.labels.text, isSearch: true },
          { name: 'kind', label: home.kind, values: ['event', 'delivery', 'alert', 'silence'] },
        ]}
      />
      {shown.length === 0 ? (
        <NothingShown text={text} kind={kind} />
      ) : (
        <WindowedList
          items={shown}
          label={home.feed}
          keyOf={({ id }) => id}
          hrefOf={({ to }) => to}
          render={(entry) => <HistoryLine {...entry} />}
        />
      )}
    </Section>
  );
}

/** States that nothing has happened, or leads on: the live list has the latest entries only. */
function NothingShown({ text, kind }: Query): VNode {
  const { home, alerts } = texts.value;
  if (text === undefined && kind === undefined) return <Empty title={home.emptyFeed}>{home.emptyFeedMore}</Empty>;
  return (
    <Empty title={home.noMatch}>
      <a href={href(['events'], { text })}>{alerts.allEvents}</a> ·{' '}
      <a href={href(['deliveries'], { text })}>{alerts.allDeliveries}</a>
    </Empty>
  );
}
