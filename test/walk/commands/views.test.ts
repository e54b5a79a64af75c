import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test, vi } from 'vitest';
import type {
  DeliveryView,
  EventView,
  ExplanationView,
  FeedItem,
  NotifiedAlertView,
  StatusView,
} from '../../../daemon/http/daemon-api.ts';
import { type DaemonFixture, openFixture } from '../../support/daemon-fixture.ts';

/** Limits of a wait for something that happens at once, on a machine with other work. */
const WAIT = { timeout: 20_000, interval: 20 };

/** Hours that begin in six hours. */
function notNow(): string {
  const hour = (later: number): string => new Date(Date.now() + later * 3_600_000).toISOString().slice(11, 13);
  return `{ from: "${hour(6)}:00", to: "${hour(7)}:00", timezone: UTC }`;
}

async function opened(rules: string): Promise<DaemonFixture> {
  const fixture = await openFixture(onTestFinished);
  await fixture.home.rules(fixture.channel + rules);
  await fixture.home.start();
  return fixture;
}

const rule = (name: string, settings: string): string =>
  `  - { name: ${name}, match: { data.rule: ${name} }, key: k, notify: ops, ${settings} }\n`;

async function jsonOf<T>({ home }: DaemonFixture, ...args: string[]): Promise<T> {
  return JSON.parse((await home.belfry([...args, '--json'])).stdout) as T;
}

test('status names active silences and what waits in the rules, with the end of the wait', async () => {
  const fixture = await opened(`hours: { night: ${notNow()} }
silences: [{ name: release, match: { data.host: web1 }, until: "2099-01-01T00:00:00Z", reason: release night }]
rules:
${rule('slow', 'for: 10m')}${rule('often', 'threshold: { count: 3, within: 1h }')}${rule('nightly', 'during: night, outside: hold')}${rule('daily', 'digest: { wait: 2h }')}`);
  for (const name of ['slow', 'often', 'nightly', 'daily', 'daily'])
    await fixture.post({ type: 't', data: { rule: name } });
  const status = await jsonOf<StatusView>(fixture, 'status');
  expect(status).toMatchObject({
    silences: { active: 1, list: [{ name: 'release', reason: 'release night', state: 'active' }] },
    waiting: {
      for: 1,
      threshold: 1,
      hours: 1,
      digest: 1,
      list: [
        { step: 'for', rule: 'slow', key: 'k', events: 1 },
        { step: 'threshold', rule: 'often', key: 'k', events: 1 },
        { step: 'hours', rule: 'nightly', key: 'k', events: 1 },
        { step: 'digest', rule: 'daily', key: 'k', events: 2 },
      ],
    },
    instances: [],
  });
  for (const { until } of status.waiting.list) expect(Date.parse(until!)).toBeGreaterThan(Date.now());
  const { stdout } = await fixture.home.belfry(['status']);
  expect(stdout).toMatch(
    /^silences {2}1 active\n {2}\S+ +until 2099-01-01T00:00:00.000Z +\S+ +release: release night$/m,
  );
  expect(stdout).toContain('waiting  1 in `for`, 1 in `threshold`, 1 for their hours, 1 in `digest`\n');
  expect(stdout).toMatch(/^ {2}waits in digest +daily +k +2 events +until \d{4}-\d\d-\d\dT/m);
});

test('the list of events shows the first and every later outcome of an event', async () => {
  const fixture = await opened(`rules:\n${rule('slow', 'for: 300ms')}${rule('daily', 'digest: { wait: 300ms }')}`);
  const ids = [];
  for (const name of ['slow', 'daily', 'daily']) ids.push(await fixture.post({ type: 't', data: { rule: name } }));
  await fixture.receiver.until(({ rule: name }) => name === 'slow');
  await fixture.receiver.until(({ rule: name }) => name === 'daily');
  await vi.waitFor(async () => {
    const { stdout } = await fixture.home.belfry(['events', '--order', 'asc']);
    expect(stdout.match(/(slow|daily): .*/g)).toEqual([
      'slow: waiting > notified',
      'daily: collected > notified',
      'daily: collected > notified',
    ]);
  }, WAIT);
  const first = await jsonOf<EventView>(fixture, 'events', ids[1]!);
  expect(first).toMatchObject({
    outcomes: { daily: 'notified' },
    earlier: { daily: ['collected'] },
    later: [{ rule: 'daily', outcome: 'notified', with_event: ids[2] }],
  });
  const { stdout } = await fixture.home.belfry(['events', ids[1]!]);
  expect(stdout).toMatch(/^ {2}\S+Z {2}daily {2}k {2}collected {2}1 collected, for 300ms; until \S+Z$/m);
  expect(stdout).toContain(`notified   together with event ${ids[2]}\n`);
  for (const outcome of ['collected', 'notified']) {
    const { stdout: found } = await fixture.home.belfry(['events', '--rule', 'daily', '--outcome', outcome, '--json']);
    expect(found.trim().split('\n')).toHaveLength(2);
  }
});

test('a held delivery is shown with its reason and the next step', async () => {
  const fixture = await opened(`rules:\n${rule('page', 'enabled: true')}`);
  const { home, receiver } = fixture;
  receiver.statuses.set('ops', 401);
  const post = () => fixture.post({ type: 't', data: { rule: 'page' } });
  await post();
  await home.logged(({ msg }) => msg.startsWith('ops: misconfigured'));
  const id = await post();
  const [delivery] = (await jsonOf<EventView>(fixture, 'events', id)).deliveries!;
  expect(delivery).toMatchObject({
    state: 'held',
    reason: expect.stringMatching(/^misconfigured \(http\.401\) since \d{4}-\d\d-\d\dT[\d:.]+Z: /) as string,
    mend: 'belfry channel test ops',
  });
  const text = `held: ops ${delivery!.reason!}; belfry channel test ops\n`;
  for (const args of [
    ['events', id],
    ['deliveries', '--event', id],
    ['deliveries', delivery!.id],
    ['explain', id],
  ])
    expect((await home.belfry(args)).stdout).toContain(text);
  const { deliveries, rules } = await jsonOf<ExplanationView>(fixture, 'explain', id);
  expect(deliveries).toMatchObject([{ id: delivery!.id, state: 'held', mend: 'belfry channel test ops' }]);
  expect(rules[0]!.sends).toMatchObject([{ channel: 'ops', reason: delivery!.reason, mend: delivery!.mend }]);
  expect((await jsonOf<StatusView>(fixture, 'status')).channels).toMatchObject([
    { name: 'ops', state: 'misconfigured', code: 'http.401' },
  ]);
  await home.belfry(['hold', 'ops', '--reason', 'move']);
  receiver.statuses.delete('ops');
  expect((await home.belfry(['channel', 'test', 'ops'])).code).toBe(0);
  const held = await jsonOf<DeliveryView>(fixture, 'deliveries', delivery!.id);
  expect(held).toMatchObject({ state: 'held', mend: 'belfry release ops' });
  expect(held.reason).toMatch(/^paused: .*move/);
  await home.belfry(['release', 'ops']);
  await receiver.until((got) => got.id === delivery!.id && got.answered);
});

test('deliveries shows when a delivery was created and tried, and with --message what was sent, without secrets', async () => {
  const fixture = await openFixture(onTestFinished);
  const { home } = fixture;
  home.env.TOKEN = 'hunter2-hunter2';
  await home.rules(`channels:
  ops: { type: webhook, url: "${fixture.receiver.origin}/ops", headers: { x-token: "\${env:TOKEN}" } }
rules:
  - { name: all, on: api, notify: ops, message: { title: "Disk {{ data.host }}", body: "first\\n{{ data.password }}" } }
`);
  await home.start();
  const { stdout: posted } = await home.belfry([
    'emit',
    't',
    'host=db1',
    'password=hunter2-hunter2',
    '--wait',
    '--json',
  ]);
  const { deliveries } = JSON.parse(posted) as { deliveries: readonly DeliveryView[] };
  const { id, created_at: created, attempts } = deliveries[0]!;
  const { stdout: table } = await home.belfry(['deliveries']);
  expect(table).toMatch(/^CREATED +ID +RULE +CHANNEL +KEY +STATE +ATTEMPTS +LAST ATTEMPT +NEXT +LAST ANSWER\n/);
  expect(table).toContain(`\n${created}  ${id}  all   ops`);
  expect(table).toContain(`delivered  1         ${attempts[0]!.at}`);
  for (const args of [
    ['deliveries', '--message'],
    ['deliveries', id, '--message'],
  ])
    expect((await home.belfry(args)).stdout).toMatch(/^ {2}Disk db1\n {4}first\n {4}\*\*\*$/m);
  expect(await jsonOf<DeliveryView>(fixture, 'deliveries')).not.toHaveProperty('message');
  expect(await jsonOf<DeliveryView>(fixture, 'deliveries', '--message')).toMatchObject({
    message: { title: 'Disk db1', body: 'first\n***' },
  });
});

test('alerts lists which notifications were requested and which have arrived', async () => {
  const fixture = await openFixture(onTestFinished);
  const { home, receiver } = fixture;
  await home.rules(`channels:
  ops: { type: webhook, url: "${receiver.origin}/ops" }
  mail: { type: webhook, url: "${receiver.origin}/mail", delivery: { paused: true } }
  boss: { type: webhook, url: "${receiver.origin}/boss" }
rules:
  - { name: disk, on: api, key: db1, resolve: { after: 1h }, notify: [ops, mail, boss] }
`);
  receiver.statuses.set('boss', 400);
  await home.start();
  await fixture.post({ type: 't' });
  const alert = await vi.waitFor(async () => {
    const found = await jsonOf<NotifiedAlertView>(fixture, 'alerts');
    expect(found.notifications).toMatchObject({ requested: 3, delivered: 1, pending: 0, held: 1, dead: 1 });
    return found;
  }, WAIT);
  const [ops, mail, boss] = alert.notifications!.list;
  expect(Date.parse(ops!.delivered_at!)).toBeGreaterThanOrEqual(Date.parse(ops!.requested_at!));
  expect(mail).toMatchObject({ state: 'held', mend: 'remove `delivery.paused` from the rules' });
  expect(boss).toMatchObject({ state: 'dead', error: expect.stringMatching(/^http\.400: /) as string });
  const { stdout } = await home.belfry(['alerts']);
  expect(stdout).toContain(
    `ops delivered ${ops!.delivered_at}; mail held (remove \`delivery.paused\` from the rules), requested ${mail!.requested_at}; boss dead (`,
  );
});

test('tail shows ids, and only what its filters select', async () => {
  const fixture = await opened(`rules:\n${rule('a', 'enabled: true')}${rule('b', 'enabled: true')}`);
  const { home } = fixture;
  const tails = [
    ['--rule', 'b'],
    ['--channel', 'ops', '--json'],
  ].map((args) => {
    const child = home.spawn(['tail', ...args], { BELFRY_CONFIG: home.path('rules') });
    const lines: string[] = [];
    createInterface({ input: child.stdout! }).on('line', (text) => lines.push(text));
    return { child, lines };
  });
  const [text, json] = tails.map(({ lines }) => lines) as [string[], string[]];
  let id = '';
  // A command that has not connected yet sees nothing, so events are sent until it sees one.
  await vi.waitFor(async () => {
    await fixture.post({ type: 't', data: { rule: 'a' } });
    id = await fixture.post({ type: 't', data: { rule: 'b' } });
    await vi.waitFor(() => expect(text.some((one) => one.includes(id) && json.length > 0)).toBe(true));
  }, WAIT);
  await vi.waitFor(() => expect(text.filter((one) => one.includes(`delivery`)).length).toBeGreaterThan(0), WAIT);
  expect(text.find((one) => one.includes(id))).toMatch(/^\S+Z event {5}\S+ {2}api {2}t {2}b: notified$/);
  expect(text.find((one) => one.includes('delivery'))).toMatch(/^\S+Z delivery {2}\S{36} {2}ops {2}b {2}delivered$/);
  expect(text.join('\n')).not.toContain(' a: ');
  for (const item of json.map((one) => JSON.parse(one) as FeedItem))
    expect(item).toMatchObject({ kind: 'delivery', delivery: { channel: 'ops' }, event: { source: 'api', type: 't' } });
  for (const { child } of tails) {
    const ended = once(child, 'exit');
    child.kill('SIGINT');
    expect(await ended).toEqual([0, null]);
  }
});

test('a filter that matches nothing is exit 3, and an empty list is exit 0 and says so', async () => {
  const { home } = await opened('');
  for (const [verb, text] of [
    ['deliveries', 'no deliveries\n'],
    ['alerts', 'nothing fires\n'],
    ['dead list', 'no dead letters\n'],
    ['silence list', 'no silences\n'],
  ] as const)
    expect(await home.belfry(verb.split(' '))).toMatchObject({ code: 0, stdout: text });
  for (const verb of ['events', 'deliveries', 'alerts', 'dead list']) {
    expect((await home.belfry([...verb.split(' '), '--rule', 'none'])).code).toBe(3);
    expect(await home.belfry([...verb.split(' '), '--rule', 'none', '--json'])).toMatchObject({ code: 3, stdout: '' });
  }
});

const BELFRY = path.resolve(import.meta.dirname, '../../../bin/belfry.js');
/** Program of util-linux that runs a command on a terminal. */
const SCRIPT = '/usr/bin/script';

test.skipIf(!existsSync(SCRIPT))('times are those of $TZ on a terminal, and UTC in a pipe (needs script)', async () => {
  const fixture = await opened(`rules:\n${rule('a', 'enabled: true')}`);
  const { home } = fixture;
  const id = await fixture.post({ type: 't', data: { rule: 'a' } });
  const args = [process.execPath, BELFRY, 'events', id, '--config', home.path('rules')];
  const child = spawn(SCRIPT, ['-qec', args.join(' '), '/dev/null'], {
    env: { PATH: process.env.PATH!, TZ: 'Asia/Kolkata', NO_COLOR: '1', RUNTIME_DIRECTORY: home.path('run') },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let shown = '';
  child.stdout!.on('data', (chunk: Buffer) => (shown += chunk.toString()));
  await once(child, 'close');
  const received = (await jsonOf<EventView>(fixture, 'events', id)).received_at;
  const local = new Date(Date.parse(received) + 5.5 * 3_600_000).toISOString().slice(0, 19).replace('T', ' ');
  expect(shown).toContain(`received ${local}\r\n  ${local}  a  k  notified\r\n`);
  expect((await home.belfry(['events', id])).stdout).toContain(`received ${received}\n`);
});
