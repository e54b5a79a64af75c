// Runs as a process of its own, so that it can be killed: DIST STATE WHAT. Says on stdout what it was promised, after it was.
import { writeSync } from 'node:fs';
import { join } from 'node:path';

const [, , dist, state, what] = process.argv;
const { openStore } = await import(join(dist, 'store', 'sqlite', 'sqlite.js'));
const { newId } = await import(join(dist, 'lib', 'id.js'));
const say = (line) => writeSync(1, `${line}\n`);

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
  return { event, owed: { delivery, dueAt: now } };
};

/** Takes in one event that owes one delivery and counts itself in a rule state; says `event ID DELIVERY COUNT`. */
async function take(store, id = newId(Date.now()), mayRepeat = false) {
  const { event, owed } = sample(id);
  let count = 0;
  const [accepted] = await store.transact({ arrivals: [{ event, mayRepeat }], now: Date.now() }, (_, memory) => {
    count = Number(memory.read('r', 'k', 'count') ?? 0) + 1;
    const states = [{ rule: 'r', key: 'k', step: 'count', value: count, expires: Date.now() + 3_600_000 }];
    return { results: [{ rule: 'r', outcome: 'notified' }], states, deliveries: [owed] };
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

const doing = {
  /** Opens, says so, and stays. */
  hold: async () => {
    say('open');
    setInterval(() => undefined, 1000);
  },
  /** Takes in and settles without end, 16 of each at a time. */
  work: async (store) => {
    say('open');
    const produce = async (number) => {
      for (let index = 0; ; index += 1)
        await (number % 4 === 0 ? take(store, `chosen-${process.pid}-${number}-${index}`, true) : take(store));
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
  /** Takes in ten, one after another, and closes. */
  ten: async (store) => {
    for (let index = 0; index < 10; index += 1) await take(store);
    await store.close();
    say('closed');
  },
};

try {
  const store = await openStore({ path: state, reserve: Number(process.env.RESERVE ?? 65536) });
  store.onFatal((failure) => {
    say(`fatal ${failure.code}`);
    process.exitCode = failure.exit;
  });
  await doing[what](store);
} catch (failure) {
  say(`refused ${failure.code}`);
  process.exit(failure.exit ?? 1);
}
