import { afterEach, beforeEach, expect, test } from 'vitest';
import { Committer, Writes } from '../../../daemon/store/sqlite/commit/commit.ts';
import { FACT, NO_COUNTS } from '../../../daemon/store/sqlite/commit/counters.ts';
import { type EngineClient, openEngine } from '../../../daemon/store/sqlite/engine/client.ts';
import type { Reply, Request, Row } from '../../../daemon/store/sqlite/engine/protocol.ts';
import { DiskReserve } from '../../../daemon/store/sqlite/disk/reserve.ts';
import type { ReadName } from '../../../daemon/store/sqlite/engine/statements.ts';

/** The engine behind a door that lets no answer to a commit out until it is told to. */
class StoredState implements EngineClient {
  readonly #port: EngineClient;
  readonly #opened: Promise<void>;
  letOut!: () => void;
  asked = 0;

  constructor(port: EngineClient) {
    this.#port = port;
    this.#opened = new Promise((resolve) => {
      this.letOut = resolve;
    });
  }

  async ask(request: Request): Promise<Reply> {
    this.asked += 1;
    const reply = await this.#port.ask(request);
    await this.#opened;
    return reply;
  }

  onFault(listener: (message: string) => void): void {
    this.#port.onFault(listener);
  }

  close(): Promise<void> {
    return this.#port.close();
  }
}

let port: EngineClient;
let held: StoredState;
let committer: Committer;
let recoveries: number;
beforeEach(async () => {
  port = openEngine(':memory:');
  await port.ask({ kind: 'task', task: 'open', argument: null });
  held = new StoredState(port);
  recoveries = 0;
  const start = { counters: NO_COUNTS, bytes: 0, reserve: new DiskReserve(undefined, 0) };
  committer = new Committer(held, start, async () => {
    recoveries += 1;
  });
});
afterEach(() => port.close());

async function rows(name: ReadName, ...values: string[]): Promise<readonly Row[]> {
  const reply = await port.ask({ kind: 'read', reads: [{ name, values }] });
  return reply.ok ? (reply.value as readonly (readonly Row[])[])[0]! : [];
}

/** Resolves once so many commits are with the engine. */
async function underWay(count: number): Promise<void> {
  while (held.asked < count) await new Promise((resolve) => setImmediate(resolve));
}

const marking = (value: string) =>
  committer.submit({
    writes: new Writes().add('checkpoint', 'lines', 'place', value),
    counts: { delivered: 1 },
    decided: false,
  });
const taking = (seq: number) =>
  committer.submit({
    writes: new Writes().add('event', seq, 0, '{}', '[]', 'no_match', '[]'),
    counts: { events: { no_match: 1 } },
    decided: true,
  });
const told = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'kept',
    (error: { code: string }) => error.code,
  );

test('the next commit is handed over before the answer to the last one is here, and a third waits', async () => {
  const works = [told(taking(1))];
  await underWay(1);
  works.push(told(taking(2)));
  await underWay(2);
  works.push(told(taking(3)));
  await new Promise((resolve) => setImmediate(resolve));
  expect(held.asked).toBe(2);
  held.letOut();
  expect(await Promise.all(works)).toEqual(['kept', 'kept', 'kept']);
  expect(committer.counters.events).toEqual({ no_match: 3 });
});

test('a commit that fails takes what was decided behind it along, and the rest is written again in its order', async () => {
  const first = [told(taking(7)), told(taking(7)), told(marking('1'))];
  await underWay(1);
  const second = [told(taking(8)), told(marking('2'))];
  await underWay(2);
  const third = [told(marking('3')), told(taking(9))];
  held.letOut();
  expect(await Promise.all(first)).toEqual(['store.broken', 'store.broken', 'kept']);
  expect(await Promise.all(second)).toEqual(['store.broken', 'kept']);
  expect(await Promise.all(third)).toEqual(['kept', 'store.broken']);
  await committer.drained();
  expect(recoveries).toBe(1);
  expect(await rows('checkpoints', 'lines')).toEqual([['place', '3']]);
  expect((await rows('lastSeqs'))[0]![0]).toBeNull();
  expect(committer.counters).toEqual({ ...NO_COUNTS, delivered: 3 });
  const facts = new Map((await rows('facts')) as readonly [string, string][]);
  expect(JSON.parse(facts.get(FACT.counters)!)).toEqual(committer.counters);
});

test('what comes after a failure was seen is written as ever', async () => {
  const failed = told(taking(7).then(() => taking(7)));
  held.letOut();
  expect(await failed).toBe('store.broken');
  expect(await told(taking(8))).toBe('kept');
  expect(committer.counters.events).toEqual({ no_match: 2 });
});
