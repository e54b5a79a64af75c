import { openStore } from '../../daemon/store/sqlite/sqlite.ts';
import type { HistoryFilter, Page, Store } from '../../daemon/store/store.ts';
import type { Figure, Line, Size } from '../line.ts';
import { now } from '../tools/clock.ts';
import { removeFolder, temporaryFolder } from '../tools/folder.ts';
import { closing } from '../tools/opened.ts';
import { fillPast, keyOf, pastTime } from '../tools/past.ts';
import { percentile } from '../tools/statistics.ts';

const EVENTS: Readonly<Record<Size, number>> = { full: 1_000_000, short: 5000 };
/** Queries of one filter. Their values differ where the filter allows it. */
const QUERIES: Readonly<Record<Size, number>> = { full: 100, short: 3 };
const PAGE = 50;
const GOAL_MS = 200;

type Table = 'events' | 'deliveries';

interface Query {
  readonly name: string;
  readonly table: Table;
  /** Filter number `index`; `random` is a number of an event. */
  readonly filter: (index: number, random: number) => HistoryFilter;
}

/** Filters of common values, of rare ones and of values that never occur. */
const FILTERS: readonly Query[] = [
  { name: 'no filter', table: 'events', filter: () => ({}) },
  { name: 'common source', table: 'events', filter: (index) => ({ source: `source-${index % 20}` }) },
  { name: 'rare source', table: 'events', filter: () => ({ source: 'rare' }) },
  { name: 'source that never occurs', table: 'events', filter: (index) => ({ source: `nobody-${index}` }) },
  { name: 'rare glob', table: 'events', filter: () => ({ type: 'rare.*' }) },
  { name: 'common glob', table: 'events', filter: (index) => ({ type: `area-${index % 10}.*` }) },
  { name: 'glob that never occurs', table: 'events', filter: (index) => ({ type: `*.nothing-${index}` }) },
  {
    name: 'rule and outcome',
    table: 'events',
    filter: (index) => ({ rule: `rule-${index % 100}`, outcome: 'throttled' }),
  },
  { name: 'rare outcome', table: 'events', filter: () => ({ outcome: 'error' }) },
  { name: 'key', table: 'events', filter: (_, random) => ({ key: keyOf(random) }) },
  { name: 'id', table: 'events', filter: (index) => ({ event: `nothing-${index}` }) },
  { name: 'rule and source that never meet', table: 'events', filter: () => ({ rule: 'rule-1', source: 'source-2' }) },
  { name: 'hour', table: 'events', filter: (_, random) => hourOf(random) },
  { name: 'rare rule in an hour', table: 'events', filter: (_, random) => ({ ...hourOf(random), rule: 'rare' }) },
  { name: 'common channel', table: 'deliveries', filter: (index) => ({ channel: `channel-${index % 10}` }) },
  { name: 'rare channel', table: 'deliveries', filter: () => ({ channel: 'rare' }) },
  { name: 'key', table: 'deliveries', filter: (_, random) => ({ key: keyOf(random) }) },
  { name: 'dead', table: 'deliveries', filter: () => ({ states: ['dead'] }) },
  { name: 'cancelled', table: 'deliveries', filter: () => ({ states: ['cancelled'] }) },
  { name: 'pending', table: 'deliveries', filter: () => ({ states: ['pending'] }) },
  { name: 'sending', table: 'deliveries', filter: () => ({ states: ['sending'] }) },
  {
    name: 'delivered of a rare channel',
    table: 'deliveries',
    filter: () => ({ states: ['delivered'], channel: 'rare' }),
  },
  { name: 'code', table: 'deliveries', filter: () => ({ code: 'http.410' }) },
  { name: 'type', table: 'deliveries', filter: () => ({ type: 'rare.*' }) },
  { name: 'event', table: 'deliveries', filter: (index) => ({ event: `nothing-${index}` }) },
];

function hourOf(event: number): HistoryFilter {
  const since = pastTime(event);
  return { since, until: since + 3_600_000 };
}

const rowName = ({ name, table }: Query): string => `history-${table}-${name.replaceAll(' ', '-')}`;

const pageOf = (store: Store, table: Table, query: Parameters<Store['events']>[0]): Promise<Page<unknown>> =>
  table === 'events' ? store.events(query) : store.deliveries.page(query);

/** Milliseconds to get the first page, also when it comes in several parts. */
async function firstPage(store: Store, table: Table, filter: HistoryFilter): Promise<number> {
  const startedAt = now();
  let count = 0;
  for (let cursor: string | undefined; ; ) {
    const query = { ...filter, limit: PAGE, order: 'desc', ...(cursor !== undefined && { cursor }) } as const;
    const { items, next } = await pageOf(store, table, query);
    count += items.length;
    if (next === undefined || count >= PAGE) return now() - startedAt;
    cursor = next;
  }
}

/** The floor: reading every row and comparing a text in it. */
const scan = (store: Store, table: Table): Promise<number> => firstPage(store, table, { text: 'no row has this' });

async function measured(store: Store, query: Query, size: Size): Promise<number[]> {
  const took: number[] = [];
  for (let index = 0; index < QUERIES[size]; index += 1)
    took.push(await firstPage(store, query.table, query.filter(index, (index * 7919 * 31) % EVENTS[size])));
  return took;
}

async function figures(store: Store, size: Size): Promise<readonly Figure[]> {
  const floors = { events: await scan(store, 'events'), deliveries: await scan(store, 'deliveries') };
  const found: Figure[] = [];
  for (const query of FILTERS) {
    const took = await measured(store, query, size);
    const floor = floors[query.table];
    for (const percent of [50, 99])
      found.push({ row: `${rowName(query)}-p${percent}`, value: percentile(took, percent), floor });
  }
  const startedAt = now();
  await store.activity(pastTime(EVENTS[size]) - 86_400_000);
  return [...found, { row: 'history-activity', value: now() - startedAt }];
}

async function round(size: Size): Promise<readonly Figure[]> {
  const path = await temporaryFolder();
  try {
    await closing(openStore({ path }), (store) => fillPast(store, EVENTS[size]));
    return await closing(openStore({ path }), (store) => figures(store, size));
  } finally {
    await removeFolder(path);
  }
}

/** The first page of each filter with a million events in the history. */
export const history: Line = {
  name: 'history',
  onlyNamed: true,
  rows: [
    ...FILTERS.flatMap((query) => [
      {
        name: `${rowName(query)}-p50`,
        title: `${query.table}, ${query.name}: p50`,
        unit: 'ms',
        floor: 'every row is read',
      },
      {
        name: `${rowName(query)}-p99`,
        title: `${query.table}, ${query.name}: p99`,
        unit: 'ms',
        floor: 'every row is read',
        goal: { of: 'value', is: 'at most', limit: GOAL_MS } as const,
      },
    ]),
    { name: 'history-activity', title: 'last uses of rules, channels and silences', unit: 'ms' },
  ],
  rounds: 1,
  round,
};
