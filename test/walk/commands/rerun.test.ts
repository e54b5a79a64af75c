import { expect, onTestFinished, test } from 'vitest';
import { Home } from '../../support/daemon.ts';
import { openReceiver, type Receiver } from '../../support/receiver.ts';

const rulesOf = (origin: string, type: string, more = ''): string => `
channels:
  ops: { type: webhook, url: "${origin}/ops" }
rules:
  - { name: builds, on: api, match: { type: ${type} }, message: { title: "{{ data.n }}" }, ${more} notify: ops }
`;

async function open(type: string): Promise<{ readonly home: Home; readonly receiver: Receiver }> {
  const receiver = await openReceiver();
  onTestFinished(() => receiver.close());
  const home = await Home.make();
  onTestFinished(() => home.close());
  await home.rules(rulesOf(receiver.origin, type));
  await home.start();
  return { home, receiver };
}

const jsonLines = (text: string): Record<string, unknown>[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

const post = (home: Home, count: number): Promise<unknown> =>
  home.call(
    'POST',
    '/v1/events',
    Array.from({ length: count }, (_, n) => ({ id: `e-${n}`, type: 'build', data: { n } })),
  );

test('events that matched nothing are run again by the rules of today: the plan says what changes, and windows count', async () => {
  const { home, receiver } = await open('biuld');
  await post(home, 5);
  await home.rules(rulesOf(receiver.origin, 'build', 'throttle: { max: 2, per: 1h },'));
  await home.call('POST', '/v1/reload');

  const wanted = ['events', 'rerun', '--outcome', 'no_match', '--type', 'build'];
  const planned = await home.belfry([...wanted, '--plan', '--json']);
  const [{ plan }] = jsonLines(planned.stdout) as [{ plan: Record<string, unknown> }];
  expect(plan).toMatchObject({
    events: 5,
    rules: [{ rule: 'builds', was: {}, would: { notified: 2, throttled: 3 }, sends: 2 }],
  });
  expect(plan.examples).toHaveLength(5);
  expect(receiver.deliveries()).toEqual([]);

  const ran = await home.belfry([...wanted, '--yes', '--json']);
  expect([ran.code, jsonLines(ran.stdout).at(-1)]).toEqual([0, { rerun: 5, failed: 0 }]);
  await receiver.until(() => true, 2);
  expect(receiver.deliveries().map(({ title }) => title)).toEqual(['0', '1']);
  const id = String(jsonLines(ran.stdout)[0]!.event);
  expect(id).toMatch(/^rerun-/);
  expect((await home.call('GET', `/v1/events/${id}`)).body).toMatchObject({
    event: { requeued: 'e-0', data: { n: 0 } },
  });
  expect((await home.call<{ jobs: unknown[] }>('GET', '/v1/jobs')).body.jobs).toMatchObject([
    { kind: 'events.rerun', state: 'done', total: 5, done: 5, results: { rerun: 5 } },
  ]);
});

test('a filter leaves out the reruns of earlier events, and a rerun of a rerun keeps the first id', async () => {
  const { home } = await open('other');
  await post(home, 2);
  const wanted = ['events', 'rerun', '--type', 'build', '--yes', '--json'];
  const first = jsonLines((await home.belfry(wanted)).stdout);
  expect(first.at(-1)).toEqual({ rerun: 2, failed: 0 });
  const again = jsonLines((await home.belfry(wanted)).stdout);
  expect(again.at(-1)).toEqual({ rerun: 2, failed: 0 });

  const id = String(first[0]!.event);
  const named = jsonLines((await home.belfry(['events', 'rerun', id, '--yes', '--json'])).stdout);
  expect((await home.call('GET', `/v1/events/${String(named[0]!.event)}`)).body).toMatchObject({
    event: { requeued: 'e-0' },
  });
});

test('two requests at once do not run an event twice', async () => {
  const { home } = await open('build');
  await post(home, 40);
  const run = () => home.call<string>('POST', '/v1/events/rerun', { filter: { type: 'build' } });
  const answers = await Promise.all([run(), run()]);
  const events = answers.flatMap(({ body }) =>
    typeof body === 'string' ? jsonLines(body).flatMap((line) => ('event' in line ? [line.id] : [])) : [],
  );
  expect(events).toHaveLength(new Set(events).size);
  expect(new Set(events).size).toBe(40);
});

test('a rerun of nothing says why: exit 3 without a match, exit 2 without a selection', async () => {
  const { home } = await open('build');
  const none = await home.belfry(['events', 'rerun', 'e-7', '--yes']);
  expect([none.code, none.stderr]).toEqual([3, expect.stringContaining('the history has no such event: e-7')]);
  expect((await home.belfry(['events', 'rerun', '--yes'])).code).toBe(2);
  expect((await home.belfry(['events', 'rerun', 'e-7', '--rule', 'builds', '--yes'])).code).toBe(2);
});
