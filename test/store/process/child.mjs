// Program that uses a store until it is killed: `child.mjs DIST STATE ACTION`. Prints one line for each promise that the store has kept.
import { writeSync } from 'node:fs';
import { join } from 'node:path';

const [, , dist, state, action] = process.argv;
const { openStore } = await import(join(dist, 'store', 'sqlite', 'sqlite.js'));
const { newId } = await import(join(dist, 'lib', 'id.js'));

const sleeper = new Int32Array(new SharedArrayBuffer(4));

/** Writes a line at once. Standard output is a pipe in non-blocking mode, since the store's thread exists: when it is full, write again. */
function say(line) {
  for (let rest = Buffer.from(`${line}\n`); rest.length > 0; ) {
    try {
      rest = rest.subarray(writeSync(1, rest));
    } catch (failure) {
      if (failure.code !== 'EAGAIN') throw failure;
      Atomics.wait(sleeper, 0, 0, 1);
    }
  }
}

const sample = (id) => {
  const now = Date.now();
  const event = { id, source: 'api', type: 'test', time: new Date(now).toISOString(), data: { text: 'x'.repeat(200) } };
  const message = { title: 'title', body: 'body', format: 'text', priority: 'normal', tags: [] };
  const delivery = {
    id: newId(now),
    event,
    rule: 'r',
    channel: 'ops',
    channelType: 'webhook',
    key: 'k',
    status: 'firing',
    message,
    createdAt: now,
    attempts: [],
  };
  return { event, delivery: { delivery, dueAt: now } };
};

/** Stores one event with one delivery, and its number in a rule state; prints `event ID DELIVERY COUNT`. */
async function ingest(store, id = newId(Date.now()), mayRepeat = false) {
  const { event, delivery } = sample(id);
  let count = 0;
  const [accepted] = await store.transact({ arrivals: [{ event, mayRepeat }], now: Date.now() }, (_, memory) => {
    count = Number(memory.read('r', 'k', 'count') ?? 0) + 1;
    const states = [{ rule: 'r', key: 'k', step: 'count', value: count, expires: Date.now() + 3_600_000 }];
    return { results: [{ rule: 'r', outcome: 'notified' }], states, deliveries: [delivery] };
  });
  say(`event ${id} ${accepted.deliveries[0]} ${count}`);
}

const receipt = { status: 200 };
const error = { code: 'http.410', message: 'gone' };
const endings = [
  (id) => [`delivered ${id}`, { state: 'delivered', receipt }],
  (id) => [
    `pending ${id}`,
    { state: 'pending', attempt: { at: '2026-11-23T09:00:00Z', ms: 1 }, dueAt: Date.now() + 3_600_000 },
  ],
  (id) => [`delivered ${id}`, { state: 'delivered', receipt }],
  (id) => [`cancelled ${id}`, { state: 'cancelled' }],
  (id) => [
    `sending ${id}`,
    { state: 'sending', attempt: { at: '2026-11-23T09:00:00Z', ms: 1 }, until: Date.now() + 3_600_000 },
  ],
  (id) => [`dead ${id}`, { state: 'dead', class: 'permanent', error }],
];

const actions = {
  /** Prints more lines at once than a pipe holds. */
  print: async (store) => {
    for (let number = 1; number <= 20_000; number += 1) say(`line ${number} ${'x'.repeat(80)}`);
    await store.close();
  },
  /** Opens the store and closes it. */
  open: async (store) => {
    say('open');
    await store.close();
    say('closed');
  },
  /** Opens the store and keeps it open. */
  hold: async () => {
    say('open');
    setInterval(() => undefined, 1000);
  },
  /** Stores and settles without end, 16 events at a time. */
  work: async (store) => {
    say('open');
    const produce = async (number) => {
      for (let index = 0; ; index += 1)
        await (number % 4 === 0 ? ingest(store, `chosen-${process.pid}-${number}-${index}`, true) : ingest(store));
    };
    const consume = async () => {
      for (let index = 0; ; index += 1) {
        const claimed = await store.deliveries.claim('ops', { limit: 4, now: Date.now(), ordered: false });
        if (claimed.length === 0) await new Promise((resolve) => setImmediate(resolve));
        await Promise.all(
          claimed.map(async ({ id }, place) => {
            const [line, settlement] = endings[(index + place) % endings.length](id);
            await store.deliveries.settle(id, settlement);
            say(line);
          }),
        );
      }
    };
    await Promise.all([...Array.from({ length: 16 }, (_, number) => produce(number)), consume(), consume()]);
  },
  /** Stores ten events one after another, and closes. */
  ten: async (store) => {
    for (let index = 0; index < 10; index += 1) await ingest(store);
    await store.close();
    say('closed');
  },
};

try {
  const store = await openStore({ path: state, reserve: Number(process.env.RESERVE ?? 65536), blockRows: 16 });
  store.onFatal((failure) => {
    say(`fatal ${failure.code}`);
    process.exitCode = failure.exit;
  });
  await actions[action](store);
} catch (failure) {
  say(`refused ${failure.code}`);
  process.exit(failure.exit ?? 1);
}
