import type { HistoryFilter, HistoryQuery, Page, Store } from '../../../daemon/store/store.ts';

/** Compares the lines printed by `child.mjs` with the store afterwards. Returns one line for each broken promise. */
export async function brokenPromises(lines: readonly string[], store: Store): Promise<string[]> {
  const found: string[] = [];
  const settled = new Map<string, string>();
  let counted = 0;
  for (const [kind, id, delivery, count] of lines.map((line) => line.split(' '))) {
    if (kind !== 'event') {
      if (id !== undefined) settled.set(id, kind!);
      continue;
    }
    counted = Math.max(counted, Number(count));
    if ((await store.event(id!)) === undefined) found.push(`event ${id} was accepted and is gone`);
    if ((await store.deliveries.find(delivery!)) === undefined)
      found.push(`delivery ${delivery} was accepted and is gone`);
  }
  for (const [id, state] of settled) {
    const now = (await store.deliveries.find(id))?.state;
    if (now !== state) found.push(`delivery ${id} was ${state} and is ${now}`);
  }
  const kept = await countIn(store);
  if (kept < counted) found.push(`a rule counted to ${counted} and is back at ${kept}`);
  return [...found, ...(await contradictions(store)), ...(await indexContradictions(store))];
}

/** Value of the rule state that counts the accepted events. */
async function countIn(store: Store): Promise<number> {
  let count = 0;
  const now = Date.now();
  const probe = { id: `probe-${now}`, source: 'test', type: 'probe', time: new Date(now).toISOString(), data: null };
  await store.transact({ arrivals: [{ event: probe, mayRepeat: false }], now }, (_, memory) => {
    count = Number(memory.read('r', 'k', 'count') ?? 0);
    return { results: [], states: [], deliveries: [] };
  });
  return count;
}

/** Contradictions found by `audit`, except missing dead letters: these tests do not write any. */
async function contradictions(store: Store): Promise<readonly string[]> {
  const { violations } = await store.audit(new Set());
  return violations.filter((line) => !/dead-letter file/.test(line));
}

const STATES = ['pending', 'sending', 'delivered', 'dead', 'cancelled'] as const;

/** Differences between what the index of the history finds and counts, and all rows. */
async function indexContradictions(store: Store): Promise<readonly string[]> {
  const events = await all((query) => store.events(query), {});
  const deliveries = await all((query) => store.deliveries.page(query), {});
  const found: string[] = [];
  const compare = (what: string, counted: number, wanted: number): void => {
    if (counted !== wanted) found.push(`the index has ${counted} ${what}, and there are ${wanted}`);
  };
  const notified = events.filter(({ outcomes }) => outcomes['r'] === 'notified').length;
  compare('events of the rule', (await all((query) => store.events(query), { rule: 'r' })).length, notified);
  const { rules } = await store.activity(0);
  const hours = rules.get('r')?.hours ?? [];
  compare(
    'notified events by hour',
    hours.reduce((sum, { outcomes }) => sum + (outcomes['notified'] ?? 0), 0),
    notified,
  );
  for (const state of STATES) {
    const wanted = deliveries.filter((one) => one.state === state).length;
    compare(
      `${state} deliveries`,
      (await all((query) => store.deliveries.page(query), { states: [state] })).length,
      wanted,
    );
  }
  return found;
}

async function all<T>(page: (query: HistoryQuery) => Promise<Page<T>>, filter: HistoryFilter): Promise<readonly T[]> {
  const items: T[] = [];
  for (let cursor: string | undefined; ; ) {
    const found = await page({ ...filter, limit: 1000, order: 'asc', ...(cursor !== undefined && { cursor }) });
    items.push(...found.items);
    if (found.next === undefined) return items;
    cursor = found.next;
  }
}
