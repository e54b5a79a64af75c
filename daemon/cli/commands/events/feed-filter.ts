import type { FEED_FILTERS } from '../../../core/values/history-filters.ts';
import { containsText } from '../../../core/values/contains-text.ts';
import type { ValuesOf } from '../../../core/values/parameter.ts';
import { typeTest } from '../../../core/match/type-filter.ts';
import type { Event } from '../../../core/event/event.ts';
import type { FeedItem } from '../../../http/daemon-api.ts';

export type FeedFilter = ValuesOf<typeof FEED_FILTERS>;

type Test = (item: FeedItem) => boolean;

/** Test of the items of the feed; all given filters must match. */
export function feedTest(filter: FeedFilter): Test {
  const tests = [...eventTests(filter), ...resultTests(filter), ...deliveryTests(filter)];
  return (item) => tests.every((test) => test(item));
}

/** Tests of the event that an item is about. */
function eventTests({ source, type, event: id, text }: FeedFilter): readonly Test[] {
  const isType = type === undefined ? undefined : typeTest(type);
  const wanted = text?.toLowerCase();
  return [
    ...(source === undefined ? [] : [(item: FeedItem) => eventOf(item)?.source === source]),
    ...(isType === undefined ? [] : [(item: FeedItem) => isType(eventOf(item)?.type ?? '')]),
    ...(id === undefined ? [] : [(item: FeedItem) => eventOf(item)?.id === id]),
    ...(wanted === undefined ? [] : [(item: FeedItem) => containsText(item, wanted)]),
  ];
}

/** A change of an alert or a silence is about no single event. */
function eventOf(item: FeedItem): Pick<Event, 'id' | 'source' | 'type'> | undefined {
  return 'event' in item ? item.event : undefined;
}

/** Tests of the rules: one result of the item, or its delivery, must fit all of them. A delivery has no outcome. */
function resultTests({ rule, key, outcome }: FeedFilter): readonly Test[] {
  if (rule === undefined && key === undefined && outcome === undefined) return [];
  return [
    (item) => {
      if (outcome === 'no_match' && rule === undefined && key === undefined && item.kind === 'event')
        return item.results.length === 0;
      return resultsOf(item).some(
        (result) =>
          (rule === undefined || result.rule === rule) &&
          (key === undefined || result.key === key) &&
          (outcome === undefined || result.outcome === outcome),
      );
    },
  ];
}

function resultsOf(
  item: FeedItem,
): readonly { readonly rule: string; readonly key?: string; readonly outcome?: string }[] {
  switch (item.kind) {
    case 'event':
      return item.results;
    case 'later':
      return [item.result];
    case 'delivery':
      return [{ rule: item.delivery.rule, key: item.delivery.key }];
    case 'alert':
      return [{ rule: item.rule, key: item.key }];
    case 'silence':
      return [];
  }
}

/** Tests of the delivery; events and later results have none. */
function deliveryTests({ channel, state: states }: FeedFilter): readonly Test[] {
  return [
    ...(channel === undefined
      ? []
      : [(item: FeedItem) => item.kind === 'delivery' && item.delivery.channel === channel]),
    ...(states === undefined
      ? []
      : [(item: FeedItem) => item.kind === 'delivery' && states.includes(item.delivery.state)]),
  ];
}
