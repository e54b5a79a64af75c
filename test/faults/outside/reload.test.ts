import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { type DaemonFixture, openFixture } from '../../support/daemon-fixture.ts';
import { ROUNDS } from '../rounds.ts';
import { plantInProgram } from '../support/planted-bugs.ts';
import { Rounds, type Violation } from '../support/report.ts';

const RELOADS = 8 * ROUNDS;
const RELOAD_EVERY_MS = 100;
const EVENT_EVERY_MS = 5;
const SIGNALS = 100;

/** Rules of a version: two rules match each event, and say in their titles which version decided. */
const rulesOf = (version: string, origin: string): string =>
  `channels:\n  ops: { type: webhook, url: "${origin}/ops" }\nrules:\n` +
  ['one', 'two']
    .map((name) => `  - { name: ${name}, on: api, key: "{{ id }}", message: { title: ${version} }, notify: ops }\n`)
    .join('');

const pause = (ms: number): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, ms));

/** Posts events until `work` has ended. Returns the ids of the answered ones. */
async function whilePosting({ home }: DaemonFixture, work: () => Promise<unknown>): Promise<readonly string[]> {
  const answered: string[] = [];
  let isOver = false;
  const posting = (async () => {
    const posts: Promise<unknown>[] = [];
    while (!isOver) {
      const post = home.call<{ events: { id: string }[] }>('POST', '/v1/events', { type: 'a' });
      posts.push(post.then(({ status, body }) => void (status === 202 && answered.push(body.events[0]!.id))));
      await pause(EVENT_EVERY_MS);
    }
    await Promise.all(posts);
  })();
  await work().finally(() => (isOver = true));
  await posting;
  return answered;
}

/** Reloads again and again while events arrive; one version in ten does not load. Returns what each answered event lacks. */
async function storm(fixture: DaemonFixture): Promise<{ events: number; reloads: number; found: Violation[] }> {
  const { home, receiver } = fixture;
  await home.rules(rulesOf('A', receiver.origin));
  await home.start();
  let reloads = 0;
  const answered = await whilePosting(fixture, async () => {
    for (; reloads < RELOADS; reloads += 1) {
      await home.rules(reloads % 10 === 9 ? 'rulez: []\n' : rulesOf(reloads % 2 === 0 ? 'B' : 'A', receiver.origin));
      await Promise.all([home.call('POST', '/v1/reload'), pause(RELOAD_EVERY_MS)]);
    }
    for (let signal = 0; signal < SIGNALS; signal += 1) home.signal('SIGHUP');
  });
  await home.rules(rulesOf('A', receiver.origin));
  await home.call('POST', '/v1/reload');
  const deliveries = async (): Promise<number> =>
    (await home.call<{ deliveries: Record<string, number> }>('GET', '/v1/status')).body.deliveries['pending']!;
  // Dropped deliveries are never sent, so that the wait ends with the time of the poll.
  await expect
    .poll(deliveries, { timeout: 20_000 })
    .toBe(0)
    .catch(() => undefined);
  return { events: answered.length, reloads, found: answered.flatMap((id) => violationsOf(fixture, id)) };
}

function violationsOf({ receiver }: DaemonFixture, event: string): Violation[] {
  const got = byKey(receiver.got).get(event) ?? [];
  const of = (text: string): Violation[] => [{ invariant: 'I4', text: `event ${event} ${text}` }];
  if (got.length !== 2) return of(`was notified of ${got.length} times, not 2`);
  return got[0]!.title === got[1]!.title ? [] : of('was decided by two versions of the rules');
}

const indexes = new WeakMap<object, Map<string, { readonly title: string }[]>>();

/** Notifications by the key, which is the id of the event. Computed once, when all have arrived. */
function byKey(got: readonly { readonly key: string; readonly title: string }[]) {
  let index = indexes.get(got);
  if (index === undefined) {
    index = new Map();
    for (const one of got) index.set(one.key, [...(index.get(one.key) ?? []), one]);
    indexes.set(got, index);
  }
  return index;
}

test('a storm of reloads loses, repeats and misroutes no event', async () => {
  const fixture = await openFixture(onTestFinished);
  const rounds = new Rounds('reloads under load, one in ten invalid', ['I4']);
  const { events, reloads, found } = await storm(fixture);
  rounds.add('reloads', reloads);
  rounds.add('signals', SIGNALS);
  rounds.add('events', events);
  rounds.end(found, `${reloads} reloads`);
  expect(events).toBeGreaterThan(reloads);
  expect(rounds.violations).toEqual([]);
});

test('the storm finds a daemon that drops deliveries when it reloads', async () => {
  const fixture = await openFixture(onTestFinished);
  const buggy = await plantInProgram('drop on reload');
  onTestFinished(() => buggy.remove());
  fixture.home.program = buggy.program;
  const rounds = new Rounds('reloads, deliveries are dropped', ['I4'], { planted: true });
  const { found } = await storm(fixture);
  rounds.end(found, 'storm');
  expect(rounds.violations).not.toEqual([]);
});

test('a secret that changes while attempts run is never mixed within one request, and the new one is used after the reload', async () => {
  const fixture = await openFixture(onTestFinished);
  const { home } = fixture;
  const seen: (readonly [string, string])[] = [];
  const server = createServer((request, answer) => {
    seen.push([String(request.headers['x-one']), String(request.headers['x-two'])]);
    setTimeout(() => answer.end(), 20);
    request.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const secret = '"${file:secret}"';
  await writeFile(home.path('rules', 'secret'), 'secret-00000');
  await home.rules(
    `channels:\n  ops: { type: webhook, url: "http://127.0.0.1:${port}/", headers: { x-one: ${secret}, x-two: ${secret} } }\n` +
      'rules: [{ name: all, on: api, notify: ops }]\n',
  );
  await home.start();
  const rotations = 5 * ROUNDS;
  const rounds = new Rounds('secrets that change under load', ['I4']);
  const events = await whilePosting(fixture, async () => {
    for (let rotation = 1; rotation <= rotations; rotation += 1) {
      await writeFile(home.path('rules', 'secret'), `secret-${String(rotation).padStart(5, '0')}`);
      await Promise.all([home.call('POST', '/v1/reload'), pause(RELOAD_EVERY_MS)]);
    }
  });
  await expect.poll(() => seen.length, { timeout: 60_000 }).toBe(events.length);
  const before = seen.length;
  await fixture.post({ type: 'last' });
  await expect.poll(() => seen.length).toBe(before + 1);
  const mixed = seen.filter(([one, two]) => one !== two);
  rounds.add('requests', seen.length);
  rounds.add('rotations', rotations);
  rounds.end(
    mixed.map((pair) => ({ invariant: 'I4', text: `a request had ${pair.join(' and ')}` })),
    'rotation',
  );
  expect(rounds.violations).toEqual([]);
  expect(seen.at(-1)![0]).toBe(`secret-${String(rotations).padStart(5, '0')}`);
});
