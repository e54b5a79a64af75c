import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Delivery } from '../../../daemon/core/delivery/delivery.ts';
import type { Event } from '../../../daemon/core/event/event.ts';
import type { RuleResult } from '../../../daemon/core/flow/decision.ts';
import type {
  HistoryFilter,
  HistoryQuery,
  Page,
  Settlement,
  Store,
  StoredDelivery,
  StoredEvent,
} from '../../../daemon/store/store.ts';
import { ATTEMPT, claim, ERROR, event, FAILED, newDelivery, NOW, RECEIPT } from './samples.ts';

const SOURCES = ['api', 'inbox', 'odd "\ud800'];
const TYPES = ['backup.done', 'backup.failed', 'deploy'];
const RULES = ['one', 'two', 'three'];
const CHANNELS = ['ops', 'mail'];
const KEYS = ['k1', 'k2', 'key \0'];

const result = fc.record(
  {
    rule: fc.constantFrom(...RULES),
    outcome: fc.constantFrom('notified', 'throttled', 'waiting'),
    key: fc.constantFrom(...KEYS),
  },
  { requiredKeys: ['rule', 'outcome'] },
) as fc.Arbitrary<RuleResult>;

const ENDS: Readonly<Record<string, Settlement>> = {
  delivered: { state: 'delivered', attempt: ATTEMPT, receipt: RECEIPT },
  retried: { state: 'pending', attempt: FAILED, dueAt: NOW },
  awaiting: { state: 'sending', attempt: ATTEMPT, until: NOW + 1000 },
  dead: { state: 'dead', class: 'permanent', error: ERROR, attempt: FAILED },
  cancelled: { state: 'cancelled' },
};

/** One arrival: an event with its results and deliveries, and what happens to them later. */
const arrival = fc.record({
  source: fc.constantFrom(...SOURCES),
  type: fc.constantFrom(...TYPES),
  results: fc.array(result, { maxLength: 2 }),
  deliveries: fc.array(fc.constantFrom(...CHANNELS), { maxLength: 2 }),
  end: fc.constantFrom('none', 'claimed', 'resent', 'dropped', ...Object.keys(ENDS)),
  later: fc.option(result, { nil: undefined, freq: 4 }),
  after: fc.integer({ min: 0, max: 5 }),
});

const conditions = {
  source: fc.constantFrom(...SOURCES, 'nobody'),
  type: fc.constantFrom(...TYPES, 'backup.*', '*'),
  rule: fc.constantFrom(...RULES, 'no rule'),
  outcome: fc.constantFrom('notified', 'throttled', 'waiting', 'no_match'),
  key: fc.constantFrom(...KEYS),
  channel: fc.constantFrom(...CHANNELS, 'nowhere'),
  states: fc.subarray(['pending', 'sending', 'held', 'delivered', 'dead', 'cancelled'] as const, { minLength: 1 }),
  code: fc.constantFrom(FAILED.code, ERROR.code),
  since: fc.integer({ min: 0, max: 200 }).map((ms) => NOW + ms),
  until: fc.integer({ min: 0, max: 200 }).map((ms) => NOW + ms),
  text: fc.constantFrom('number 1', 'number 2', 'nothing'),
};

/** Up to three conditions. */
const filter = fc
  .tuple(fc.record(conditions), fc.subarray(Object.keys(conditions), { minLength: 1, maxLength: 3 }))
  .map(
    ([all, names]) => Object.fromEntries(Object.entries(all).filter(([name]) => names.includes(name))) as HistoryFilter,
  );

/** The search with an index returns exactly what a comparison of every row with the filter returns. */
export function searchesExactly(store: () => Store): void {
  it('finds exactly the events and deliveries that match, whatever happens to them later', async () => {
    let now = NOW;
    const past: Past = { events: [], deliveries: [] };
    await fc.assert(
      fc.asyncProperty(
        fc.array(arrival, { minLength: 10, maxLength: 20 }),
        fc.array(filter, { minLength: 20, maxLength: 30 }),
        async (arrivals, filters) => {
          for (const one of arrivals) now = await carryOut(store(), one, now, past);
          const [events, deliveries] = [await everyEvent(store(), {}), await everyDelivery(store(), {})];
          for (const given of filters) {
            const { channel: _c, states: _s, code: _d, ...ofEvents } = given;
            const { outcome: _o, ...ofDeliveries } = { ...given, ...(given.states && { held: ['mail'] }) };
            const order = now % 2 === 0 ? 'asc' : 'desc';
            const inOrder = <T>(all: readonly T[]): readonly T[] => (order === 'asc' ? all : all.toReversed());
            expect((await everyEvent(store(), ofEvents, order)).map(({ event: { id } }) => id)).toEqual(
              inOrder(events.filter((stored) => isEventMatch(stored, ofEvents))).map(({ event: { id } }) => id),
            );
            expect((await everyDelivery(store(), ofDeliveries, order)).map(({ delivery: { id } }) => id)).toEqual(
              inOrder(deliveries.filter((stored) => isDeliveryMatch(stored, ofDeliveries))).map(
                ({ delivery: { id } }) => id,
              ),
            );
          }
        },
      ),
      { numRuns: 8 },
    );
    const byId = await everyEvent(store(), { event: past.events[3]!.id });
    expect(byId.map(({ event: { id } }) => id)).toEqual([past.events[3]!.id]);
    expect((await store().audit(new Set())).violations.filter((line) => !/dead-letter file/.test(line))).toEqual([]);
  });
}

/** Events that arrived, and deliveries to which nothing has happened. */
interface Past {
  readonly events: Event[];
  readonly deliveries: Delivery[];
}

async function carryOut(
  store: Store,
  {
    source,
    type,
    results,
    deliveries: channels,
    end,
    later,
    after,
  }: typeof arrival extends fc.Arbitrary<infer T> ? T : never,
  before: number,
  { events, deliveries: open }: Past,
): Promise<number> {
  const now = before + after;
  const one = event({ source, type, data: { text: `number ${events.length % 5}` } });
  const made = channels.map((channel, index) =>
    newDelivery(one, { channel, rule: RULES[index]!, key: KEYS[after % KEYS.length]!, createdAt: now }, now),
  );
  await store.transact({ arrivals: [{ event: one, mayRepeat: false }], now }, () => ({
    results,
    states: [],
    deliveries: made,
  }));
  events.push(one);
  open.push(...made.map(({ delivery }) => delivery));
  // An older delivery, which may be in a block of an index already.
  const [older] = open.splice(Math.floor(open.length / 2), end === 'none' ? 0 : 1);
  if (older !== undefined) await endAs(store, end, older, now);
  if (later !== undefined) {
    const at = new Date(now).toISOString();
    await store.applyDecision(now, () => ({
      results: [],
      states: [],
      deliveries: [],
      later: [{ event: events[Math.floor(events.length / 2)]!, result: { ...later, at } }],
    }));
  }
  return now;
}

async function endAs(store: Store, end: string, { id, channel }: Delivery, now: number): Promise<void> {
  const claimed = await claim(store, { channel, now, limit: 1000 });
  store.deliveries.release(claimed.filter((one) => one.id !== id).map((one) => one.id));
  if (end === 'claimed') return;
  await store.deliveries.settle(id, ENDS[end] ?? ENDS['dead']!);
  if (end === 'resent')
    await store.deliveries.resolveDead(id, { state: 'delivered', channel, attempt: ATTEMPT, receipt: RECEIPT });
  if (end === 'dropped') await store.deliveries.resolveDead(id, { state: 'cancelled' });
}

async function every<T>(
  page: (query: HistoryQuery) => Promise<Page<T>>,
  query: HistoryFilter,
  order: 'asc' | 'desc',
): Promise<T[]> {
  const all: T[] = [];
  for (let cursor: string | undefined; ; ) {
    const { items, next } = await page({ ...query, limit: 7, order, ...(cursor !== undefined && { cursor }) });
    all.push(...items);
    if (next === undefined) return all;
    cursor = next;
  }
}
const everyEvent = (store: Store, query: HistoryFilter, order: 'asc' | 'desc' = 'asc'): Promise<StoredEvent[]> =>
  every((one) => store.events(one), query, order);
const everyDelivery = (store: Store, query: HistoryFilter, order: 'asc' | 'desc' = 'asc'): Promise<StoredDelivery[]> =>
  every((one) => store.deliveries.page(one), query, order);

function isOfEvent({ source, type }: Event, filter: HistoryFilter): boolean {
  const wanted = filter.type;
  const isType =
    wanted === undefined || wanted === '*' || type === wanted || (wanted === 'backup.*' && type.startsWith('backup.'));
  return isType && (filter.source === undefined || source === filter.source);
}

function isEventMatch({ event: one, receivedAt, results, later }: StoredEvent, filter: HistoryFilter): boolean {
  const { since = 0, until = Infinity, rule, outcome, key, text = '' } = filter;
  const all: readonly RuleResult[] = [...results, ...later];
  const isResult =
    (rule === undefined && outcome === undefined && key === undefined) ||
    (outcome === 'no_match' && rule === undefined && key === undefined && all.length === 0) ||
    all.some(
      (found) =>
        (rule === undefined || found.rule === rule) &&
        (outcome === undefined || found.outcome === outcome) &&
        (key === undefined || found.key === key),
    );
  return isOfEvent(one, filter) && isResult && receivedAt >= since && receivedAt < until && hasText(one, text);
}

function isDeliveryMatch({ delivery, state, error }: StoredDelivery, filter: HistoryFilter): boolean {
  const { since = 0, until = Infinity, rule, key, channel, states, held = [], code, text = '' } = filter;
  const shown = state === 'pending' && held.includes(delivery.channel) ? 'held' : state;
  return (
    isOfEvent(delivery.event, filter) &&
    delivery.createdAt >= since &&
    delivery.createdAt < until &&
    (rule === undefined || delivery.rule === rule) &&
    (key === undefined || delivery.key === key) &&
    (channel === undefined || delivery.channel === channel) &&
    (states === undefined || states.includes(shown)) &&
    (code === undefined || delivery.attempts.at(-1)?.code === code || error?.code === code) &&
    hasText(delivery.event, text)
  );
}

const hasText = ({ data }: Event, text: string): boolean =>
  text === '' || (data as { text: string }).text.includes(text);
