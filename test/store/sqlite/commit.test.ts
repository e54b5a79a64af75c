import { afterEach, beforeEach, expect, test } from 'vitest';
import { Committer } from '../../../daemon/store/sqlite/engine/committer.ts';
import { type Row, Writes } from '../../../daemon/store/shared/writes.ts';
import { FACT, NO_COUNTS } from '../../../daemon/store/shared/commit/counters.ts';
import { type EngineClient, openEngine } from '../../../daemon/store/sqlite/engine/client.ts';
import type { Reply, Request } from '../../../daemon/store/sqlite/engine/protocol.ts';
import { DiskReserve } from '../../../daemon/store/sqlite/disk/reserve.ts';
import type { SqliteReadName } from '../../../daemon/store/sqlite/engine/statements.ts';

/** Engine client that holds back all replies until `release` is called. */
class DelayedClient implements EngineClient {
  readonly #client: EngineClient;
  readonly #released: Promise<void>;
  release!: () => void;
  asked = 0;

  constructor(client: EngineClient) {
    this.#client = client;
    this.#released = new Promise((resolve) => {
      this.release = resolve;
    });
  }

  async ask(request: Request): Promise<Reply> {
    this.asked += 1;
    const reply = await this.#client.ask(request);
    await this.#released;
    return reply;
  }

  onFault(listener: Parameters<EngineClient['onFault']>[0]): void {
    this.#client.onFault(listener);
  }

  close(): Promise<void> {
    return this.#client.close();
  }
}

let client: EngineClient;
let delayed: DelayedClient;
let committer: Committer;
let recoveries: number;
beforeEach(async () => {
  client = openEngine(':memory:');
  await client.ask({ kind: 'task', task: 'open', argument: null });
  delayed = new DelayedClient(client);
  recoveries = 0;
  const start = { counters: NO_COUNTS, bytes: 0, reserve: new DiskReserve(undefined, 0) };
  committer = new Committer(delayed, start, async () => {
    recoveries += 1;
  });
});
afterEach(() => client.close());

async function rows(name: SqliteReadName, ...values: string[]): Promise<readonly Row[]> {
  const reply = await client.ask({ kind: 'read', reads: [{ name, values }] });
  return reply.ok ? (reply.value as readonly (readonly Row[])[])[0]! : [];
}

/** Resolves once the engine has got this number of requests. */
async function inFlight(count: number): Promise<void> {
  while (delayed.asked < count) await new Promise((resolve) => setImmediate(resolve));
}

const writeCheckpoint = (value: string) =>
  committer.submit({
    writes: new Writes().add('checkpoint', 'lines', 'place', value),
    counts: { delivered: 1 },
    decided: false,
  });
const writeEvent = (seq: number) =>
  committer.submit({
    writes: new Writes().add('event', seq, 0, '{}', '[]', 'no_match', '[]'),
    counts: { events: { no_match: 1 } },
    decided: true,
  });
const outcome = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'kept',
    (error: { code: string }) => error.code,
  );

test('two commits are in flight at a time, and a third waits', async () => {
  const works = [outcome(writeEvent(1))];
  await inFlight(1);
  works.push(outcome(writeEvent(2)));
  await inFlight(2);
  works.push(outcome(writeEvent(3)));
  await new Promise((resolve) => setImmediate(resolve));
  expect(delayed.asked).toBe(2);
  delayed.release();
  expect(await Promise.all(works)).toEqual(['kept', 'kept', 'kept']);
  expect(committer.counters.events).toEqual({ no_match: 3 });
});

test('a failed commit fails all later decisions, and the other operations are written again in order', async () => {
  const first = [outcome(writeEvent(7)), outcome(writeEvent(7)), outcome(writeCheckpoint('1'))];
  await inFlight(1);
  const second = [outcome(writeEvent(8)), outcome(writeCheckpoint('2'))];
  await inFlight(2);
  const third = [outcome(writeCheckpoint('3')), outcome(writeEvent(9))];
  delayed.release();
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

test('a commit after a failure succeeds', async () => {
  const failed = outcome(writeEvent(7).then(() => writeEvent(7)));
  delayed.release();
  expect(await failed).toBe('store.broken');
  expect(await outcome(writeEvent(8))).toBe('kept');
  expect(committer.counters.events).toEqual({ no_match: 2 });
});
