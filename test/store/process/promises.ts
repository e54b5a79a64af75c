import type { Store } from '../../../daemon/store/store.ts';

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
  return [...found, ...(await contradictions(store))];
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
