import { readFile, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Home } from '../support/daemon.ts';
import { openReceiver, type Receiver } from '../support/receiver.ts';

let home: Home;
let receiver: Receiver;

beforeEach(async () => {
  home = await Home.make();
  receiver = await openReceiver();
});

afterEach(async () => {
  await home.close();
  await receiver.close();
});

/** Rules that throw, repeat without end or take memory on a hostile event. */
const RULES: Readonly<Record<string, string>> = {
  endless: 'message: { title: "{% for i in (1..data.many) %}{{ i }}{% endfor %}" }',
  nested: 'message: { body: "{% for a in data.list %}{% for b in data.list %}{{ a }}{{ b }}{% endfor %}{% endfor %}" }',
  doubling: `message: { body: "{% assign s = data.text %}${'{% assign s = s | append: s %}'.repeat(40)}{{ s }}" }`,
  replacing:
    'message: { title: "{{ data.text | replace: data.letter, data.text | replace: data.letter, data.text }}" }',
  dividing: 'message: { body: "{{ data.many | divided_by: data.zero }} {{ data.text | date: data.text }}" }',
  quadratic: 'if: "data.list.all(a, data.list.all(b, a != b + data.many))"',
  matching: `if: 'data.text.matches("^(a+)+$") && data.text.contains(data.letter)'`,
  keyed: 'key: "{% for a in data.list %}{{ data.text }}{% endfor %}"',
};

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const nested = (depth: number): unknown => (depth === 0 ? 'end' : { next: nested(depth - 1), list: [depth] });

/** Hostile values of the fields that the rules read. */
const EVENTS: Readonly<Record<string, unknown>> = {
  large: { text: 'a'.repeat(200_000), letter: 'a', list: numbers(100), many: 10, zero: 1 },
  long: { text: 'aaaa', letter: 'a', list: numbers(20_000), many: 1e15, zero: 0 },
  deep: { text: nested(25), letter: { a: [] }, list: [nested(20), [[]]], many: '1e99', zero: {} },
  odd: JSON.parse(
    '{"text":"\\ud800 \\u0000 {{ data.list }} {% raw %}","letter":"","list":{"__proto__":1,"constructor":2},"many":-1,"zero":null}',
  ),
  huge: { text: '9'.repeat(400), letter: '9', list: ['9'.repeat(100_000), 1e308, -0], many: 1.7e308, zero: -0 },
};

interface Waited {
  readonly events: readonly { readonly id: string; readonly outcomes: Readonly<Record<string, string>> }[];
  readonly deliveries: readonly { readonly rule: string; readonly state: string }[];
}

test(`${Object.keys(RULES).length * Object.keys(EVENTS).length} hostile pairs of rule and event harm only their own deliveries, and each is explained`, async () => {
  const rules = Object.entries(RULES).map(
    ([name, rule]) => `  - { name: ${name}, on: api, ${rule}, notify: [poisoned] }`,
  );
  await home.rules(`
channels:
  healthy: { type: webhook, url: "${receiver.origin}/healthy" }
  poisoned: { type: webhook, url: "${receiver.origin}/poisoned", body: { title: "{{ title }}" } }
rules:
${rules.join('\n')}
  - { name: healthy, on: api, message: { title: "{{ type }}" }, notify: [healthy] }
`);
  await home.start();
  const { pid } = home;
  const explained: string[] = [];
  for (const [type, data] of Object.entries(EVENTS)) {
    const { status, body } = await home.call<Waited>('POST', '/v1/events?wait=60s', { type, data });
    expect([type, status]).toEqual([type, 200]);
    const { id, outcomes } = body.events[0]!;
    expect(outcomes.healthy).toBe('notified');
    expect(body.deliveries.map(({ state }) => state)).toEqual(body.deliveries.map(() => 'delivered'));
    const answer = await home.call<{
      rules: readonly { rule: string; outcome: string; reason?: string; errors?: string[] }[];
    }>('POST', '/v1/explain', { id });
    for (const { rule, outcome, reason, errors = [] } of answer.body.rules) {
      expect([type, rule, ['notified', 'error', 'no_match'].includes(outcome)]).toEqual([type, rule, true]);
      // A rule that does not send says why; a message with a failed template names the error.
      if (outcome !== 'notified') expect([type, rule, reason === undefined]).toEqual([type, rule, false]);
      if (errors.length > 0) explained.push(`${type}: ${rule}: ${errors[0]!.slice(0, 80)}`);
    }
  }
  expect(receiver.deliveries().filter(({ channel }) => channel === 'healthy')).toHaveLength(Object.keys(EVENTS).length);
  expect(home.pid).toBe(pid);
  expect(explained.length).toBeGreaterThanOrEqual(12);
  const audit = await home.call('GET', '/v1/audit');
  expect(audit.body).toMatchObject({ violations: [] });
}, 60_000);

/** Ends the daemon while it makes the body of a message, as a bug in a library would. */
const CRASH = `
import { isMainThread } from 'node:worker_threads';
const { from } = Buffer;
if (isMainThread)
  Buffer.from = (value, ...more) => {
    if (typeof value === 'string' && /^\\{"id":"[^"]+","time"/.test(value) && value.includes('"firing","title":"poison"'))
      process.kill(process.pid, 'SIGKILL');
    return from.call(Buffer, value, ...more);
  };
`;

test('a delivery whose message ends the daemon is set aside after three marked crashes; all others are delivered', async () => {
  await writeFile(home.path('crash.mjs'), CRASH);
  home.env.NODE_OPTIONS = `--import=${home.path('crash.mjs')}`;
  await home.rules(`
channels:
  sink: { type: webhook, url: "${receiver.origin}/sink", delivery: { fallback: other } }
  other: { type: webhook, url: "${receiver.origin}/other" }
  news: { type: webhook, url: "${receiver.origin}/news" }
rules:
  - { name: all, on: api, message: { title: "{{ type }}" }, notify: [sink] }
  - { name: dead, on: belfry, match: { type: belfry.delivery.dead }, message: { title: "dead: {{ data.code }}" }, notify: [news] }
`);
  await home.start();
  const types = ['one', 'poison', 'two', 'three', 'four', 'five'];
  const posted = types.map((type) => ({ type }));
  // The daemon may end before it has answered, but not before all of them are stored.
  home.call('POST', '/v1/events', posted).catch(() => undefined);
  await home.exited();
  let crashes = 1;
  for (; crashes < 10; crashes += 1) {
    const crashed = await home.start().then(
      () =>
        Promise.race([
          home.exited().then(() => true),
          receiver.until(({ channel }) => channel === 'news').then(() => false),
        ]),
      () => true,
    );
    if (!crashed) break;
  }
  expect(crashes).toBe(4);
  await receiver.until(({ channel }) => channel === 'sink', 5);
  expect(
    new Set(
      receiver
        .deliveries()
        .filter(({ channel }) => channel === 'sink')
        .map(({ title }) => title),
    ),
  ).toEqual(new Set(['one', 'two', 'three', 'four', 'five']));
  expect(receiver.deliveries().filter(({ channel }) => channel === 'other')).toEqual([]);
  expect(receiver.deliveries().find(({ channel }) => channel === 'news')!.title).toBe('dead: poison');
  expect(await home.deadLetters()).toMatchObject([
    { class: 'internal', error: { code: 'poison' }, event: { type: 'poison' } },
  ]);
  expect(await home.stop()).toBe(0);
  await expect(readFile(home.path('state', 'attempts'))).rejects.toThrow('ENOENT');
}, 60_000);
