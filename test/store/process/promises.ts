import type { Store } from '../../../daemon/store/store.ts';

/** What a process said it was promised, compared with what the store holds afterwards; every difference is a line. */
export async function broken(lines: readonly string[], store: Store): Promise<string[]> {
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
    if ((await store.deliveries.find(delivery!)) === undefined) found.push(`delivery ${delivery} was owed and is gone`);
  }
  for (const [id, state] of settled) {
    const now = (await store.deliveries.find(id))?.state;
    if (now !== state) found.push(`delivery ${id} was ${state} and is ${now}`);
  }
  const kept = await countIn(store);
  if (kept < counted) found.push(`a rule counted to ${counted} and is back at ${kept}`);
  return [...found, ...(await contradictions(store))];
}

/** The value of the rule state that every accepted event counts up. */
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

/** What audit finds; the dead letters of these tests are not written anywhere. */
async function contradictions(store: Store): Promise<readonly string[]> {
  const { violations } = await store.audit(new Set());
  return violations.filter((line) => !/dead-letter file/.test(line));
}
