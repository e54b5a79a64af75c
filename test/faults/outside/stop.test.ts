import { expect, onTestFinished, test } from 'vitest';
import { type DaemonFixture, openFixture } from '../../support/daemon-fixture.ts';
import { ROUNDS } from '../rounds.ts';
import { Rounds, type Violation } from '../support/report.ts';

const CLIENTS = 8;
const ANSWER_MS = 100;
const MAX_RUN_MS = 600;
/** Shorter than the timeout of an attempt, so that no attempt ends without an answer. */
const PAUSE_MS = 4000;

const pause = (ms: number): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, ms));

/** Clients that post until they are stopped or the daemon answers no more. */
function startClients({ home }: DaemonFixture) {
  const answered: string[] = [];
  let isOver = false;
  const client = async (): Promise<void> => {
    while (!isOver) {
      const answer = await home
        .call<{ events: { id: string }[] }>('POST', '/v1/events', { type: 'a' })
        .catch(() => undefined);
      if (answer?.status !== 202) return;
      answered.push(answer.body.events[0]!.id);
    }
  };
  const running = Promise.all(Array.from({ length: CLIENTS }, client));
  return {
    answered,
    async stop() {
      isOver = true;
      await running;
    },
  };
}

/** Events that did not arrive once. */
function wrongOf({ receiver }: DaemonFixture, answered: readonly string[]): Violation[] {
  const times = new Map<string, number>();
  for (const { key } of receiver.got) times.set(key, (times.get(key) ?? 0) + 1);
  return answered.flatMap((id): Violation[] => {
    const count = times.get(id) ?? 0;
    if (count === 1) return [];
    return [{ invariant: count === 0 ? 'I1' : 'I2', text: `event ${id} arrived ${count} times` }];
  });
}

async function drained({ home }: DaemonFixture): Promise<void> {
  const owed = async (): Promise<number> => {
    const { deliveries } = (await home.call<{ deliveries: Record<string, number> }>('GET', '/v1/status')).body;
    return deliveries['pending']! + deliveries['sending']!;
  };
  await expect.poll(owed, { timeout: 120_000 }).toBe(0);
}

const rulesOf = ({ receiver, channel }: DaemonFixture): string =>
  `${channel.replace(' }', ', delivery: { concurrency: 32 } }')}  slow: { type: webhook, url: "${receiver.origin}/slow" }\n` +
  'rules: [{ name: all, on: api, match: { type: a }, key: "{{ id }}", notify: ops }, { name: slow, on: api, match: { type: slow }, notify: slow }]\n';

test('a stop at any time under load ends with 0, and what was accepted arrives once', async () => {
  const fixture = await openFixture(onTestFinished);
  const { home, receiver } = fixture;
  receiver.delay = ANSWER_MS;
  await home.rules(rulesOf(fixture));
  const rounds = new Rounds('SIGTERM under load', ['I1', 'I2', 'I11']);
  const answered: string[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    await home.start();
    const clients = startClients(fixture);
    await pause(Math.random() * MAX_RUN_MS);
    const begin = performance.now();
    const code = await home.stop();
    rounds.max('ms for the longest stop', Math.round(performance.now() - begin));
    await clients.stop();
    answered.push(...clients.answered);
    rounds.add('events', clients.answered.length);
    rounds.end(code === 0 ? [] : [{ invariant: 'I11', text: `the exit code was ${code}` }], `round ${round}`);
  }
  await home.start();
  await drained(fixture);
  rounds.end(wrongOf(fixture, answered), 'all rounds');
  await fixture.audited();
  expect(rounds.violations).toEqual([]);
});

test('a second SIGTERM ends a stop that waits for an endpoint, and the delivery is made after the next start with its id', async () => {
  const fixture = await openFixture(onTestFinished);
  const { home, receiver } = fixture;
  await home.rules(rulesOf(fixture));
  await home.start();
  receiver.delay = 3_600_000;
  await fixture.post({ type: 'slow' });
  await receiver.until(({ channel }) => channel === 'slow');
  const ended = home.exited();
  home.signal('SIGTERM');
  await home.logged(({ msg }) => /stopping/.test(msg));
  home.signal('SIGTERM');
  await ended;
  receiver.delay = 0;
  await home.start();
  await drained(fixture);
  const slow = receiver.got.filter(({ channel }) => channel === 'slow');
  expect([slow.length, new Set(slow.map(({ id }) => id)).size, slow.at(-1)!.answered]).toEqual([2, 1, true]);
  const rounds = new Rounds('second SIGTERM', ['I11']);
  rounds.end([], '');
  await fixture.audited();
});

test('a daemon that is frozen under load and goes on loses nothing and repeats nothing', async () => {
  const fixture = await openFixture(onTestFinished);
  const { home } = fixture;
  await home.rules(rulesOf(fixture));
  await home.start();
  const rounds = new Rounds('SIGSTOP and SIGCONT under load', ['I1', 'I2']);
  const clients = startClients(fixture);
  for (let round = 0; round < Math.ceil(ROUNDS / 5); round += 1) {
    await pause(Math.random() * MAX_RUN_MS);
    home.signal('SIGSTOP');
    await pause(PAUSE_MS);
    home.signal('SIGCONT');
    await pause(MAX_RUN_MS);
    rounds.end([], `round ${round}`);
  }
  await clients.stop();
  await drained(fixture);
  rounds.add('events', clients.answered.length);
  rounds.end(wrongOf(fixture, clients.answered), 'all rounds');
  await fixture.audited();
  expect(rounds.violations).toEqual([]);
});
