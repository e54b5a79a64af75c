import { mkdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
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

interface Reloaded {
  readonly ok: boolean;
  readonly generation: number;
}

const reload = async (): Promise<Reloaded> => (await home.call<Reloaded>('POST', '/v1/reload')).body;
const post = (...events: readonly object[]) => home.call('POST', '/v1/events', events);
const channel = (more = ''): string => `channels:\n  ops: { type: webhook, url: "${receiver.origin}/ops"${more} }\n`;
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 50));
const titles = (): string[] => receiver.deliveries().map(({ title }) => title);

/** Calls `change` every 50 ms until `over` resolves. Resolves to the number of calls. */
async function during(over: Promise<void>, change: (n: number) => Promise<void>): Promise<number> {
  const ended = over.then(() => true);
  for (let n = 1; ; n += 1) {
    await change(n);
    if (await Promise.race([ended, pause().then(() => false)])) return n;
  }
}

async function audited(): Promise<void> {
  expect((await home.call<{ violations: string[] }>('GET', '/v1/audit')).body.violations).toEqual([]);
}

test('reload and in-flight attempts: four hundred slow messages arrive once each while their channel is edited', async () => {
  const version = (n: number): string =>
    `${channel(`, headers: { x-version: "${n}" }, delivery: { concurrency: 20 }`)}rules:
  - { name: all, on: api, message: { title: "{{ data.n }}", body: "version ${n}" }, notify: [ops] }\n`;
  receiver.delay = 200;
  await home.rules(version(0));
  await home.start();
  await post(...Array.from({ length: 400 }, (_, n) => ({ type: 't', data: { n } })));
  const reloads = await during(
    receiver.until(() => true, 400),
    async (n) => {
      await home.rules(version(n));
      expect((await reload()).ok).toBe(true);
    },
  );
  expect(reloads).toBeGreaterThan(10);
  expect(await home.stop()).toBe(0);
  expect(receiver.got).toHaveLength(400);
  expect(new Set(titles()).size).toBe(400);
  expect(receiver.got.filter(({ answered }) => !answered)).toEqual([]);
  expect(await home.deadLetters()).toEqual([]);
});

test('reload and digests: a digest is complete and not sent early', async () => {
  const rules = (n: number): string => `${channel()}rules:
  - name: group
    match: { type: one }
    digest: { wait: 2s, every: 2s }
    message: { title: "{% for e in events %}{{ e.data.n }}{% endfor %}", body: "words ${n}" }
    notify: [ops]
  - { name: other, match: { type: never-${n} }, notify: [ops] }\n`;
  await home.rules(rules(0));
  await home.start();
  const began = Date.now();
  await post(...[1, 2].map((n) => ({ type: 'one', data: { n } })));
  let third: Promise<unknown> = Promise.resolve();
  const reloads = await during(
    receiver.until(({ title }) => title.startsWith('1')),
    async (n) => {
      await home.rules(rules(n));
      expect((await reload()).ok).toBe(true);
      if (n === 3) third = post({ type: 'one', data: { n: 3 } });
    },
  );
  await third;
  await receiver.until(({ title }) => title.includes('3'));
  expect(reloads).toBeGreaterThan(3);
  expect(titles().join('')).toBe('123');
  expect(titles()[0]).toMatch(/^12/);
  expect(receiver.got[0]!.at).toBeGreaterThanOrEqual(began + 2000);
  expect(receiver.got[0]!.body).not.toBe('words 0');
  await audited();
});

test('reload and repeats: a touch, a comment, another order and an unrelated edit send nothing', async () => {
  const parts = (other: string): string[] => [
    '  - { name: alert, match: { type: a }, resolve: { match: { type: z } }, repeat: 1h, escalate: [{ after: 1h, notify: ops }], notify: ops }\n',
    '  - { name: held, match: { type: a }, key: "{{ data.n }}", for: 300ms, resolve: { match: { type: z } }, notify: ops }\n',
    '  - { name: group, match: { type: a }, key: "{{ data.n }}", digest: { wait: 300ms, every: 1h }, notify: ops }\n',
    '  - { name: once, match: { type: a }, dedupe: 1h, notify: ops }\n',
    '  - { name: late, match: { type: a }, notify: [{ channel: ops, delay: 300ms }] }\n',
    `  - { name: other, match: { type: ${other} }, notify: ops }\n`,
  ];
  const rules = (other: string): string => `${channel()}rules:\n${parts(other).join('')}`;
  await home.rules(rules('never'));
  await home.start();
  await post({ type: 'a', data: { n: 1 } });
  await receiver.until(() => true, 5);
  const file = home.path('rules', 'rules.yaml');
  const text = await readFile(file, 'utf8');
  const edits: readonly (() => Promise<void>)[] = [
    () => utimes(file, new Date(), new Date()),
    () => writeFile(file, text),
    () => writeFile(file, `# a comment\n${text}`),
    () => home.rules(`${channel()}rules:\n${parts('never').toReversed().join('')}`),
    () => home.rules(rules('other')),
    () => home.rules(rules('another').replace('name: once,', 'name: once, message: { title: other words },')),
    () => home.rules(`rules: [{ name: new, match: { type: b }, notify: ops }]\n`, 'new.yaml'),
    () => rm(home.path('rules', 'new.yaml')),
  ];
  const generations: number[] = [];
  for (const edit of edits) {
    await edit();
    const { ok, generation } = await reload();
    expect(ok).toBe(true);
    generations.push(generation);
  }
  expect(generations).toEqual([1, 1, 1, 1, 2, 3, 4, 5]);
  // Messages that a reload had triggered would arrive before those of this event.
  await post({ type: 'a', data: { n: 2 } });
  await receiver.until(({ rule, key }) => rule === 'held' && key === '2');
  await receiver.until(({ rule, key }) => rule === 'group' && key === '2');
  await receiver.until(({ rule }) => rule === 'late', 2);
  const delivered = receiver.deliveries().map(({ rule, key }) => `${rule} ${key}`);
  expect(delivered.filter((one) => /^(held|group)/.test(one)).sort()).toEqual([
    'group 1',
    'group 2',
    'held 1',
    'held 2',
  ]);
  expect(delivered.filter((one) => /^(alert|once|other|new)/.test(one))).toHaveLength(2);
  expect(delivered).toHaveLength(8);
  expect(receiver.got).toHaveLength(8);
  await audited();
});

/** A script that writes the next version of its own rules and reloads them. */
const REWRITER = `
import { appendFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
const [, , rules, socketPath, log] = process.argv;
appendFileSync(log, process.env.BELFRY_DELIVERY_ID + '\\n');
const text = readFileSync(rules, 'utf8');
writeFileSync(rules + '~', text.replaceAll(/version (\\d+)/g, (_, n) => 'version ' + (Number(n) + 1)));
renameSync(rules + '~', rules);
request({ socketPath, path: '/v1/reload', method: 'POST', headers: { host: 'localhost' } }, async (answer) => {
  let body = '';
  for await (const chunk of answer) body += chunk;
  process.exit(JSON.parse(body).ok ? 0 : 1);
}).end();
`;

test('a self-triggered reload: a rule that rewrites its own file and reloads leaves every rule in force', async () => {
  await writeFile(home.path('rewrite.mjs'), REWRITER);
  const run = [
    process.execPath,
    ...['rewrite.mjs', 'rules/rules.yaml', 'state/belfry.sock', 'ran'].map((name) => home.path(name)),
  ];
  const many = Array.from(
    { length: 60 },
    (_, n) =>
      `  - { name: r${n}, match: { type: ask, data.n: ${n} }, message: { title: "r${n} version 0" }, notify: ops }\n`,
  );
  await home.rules(`${channel()}  self: { type: command, run: ${JSON.stringify(run)}, env: { V: "version 0" } }
rules:\n  - { name: rewriter, match: { type: rewrite }, message: { title: "version 0" }, notify: self }\n${many.join('')}`);
  await home.start();
  for (let n = 1; n <= 3; n += 1) {
    const { body } = await home.call<{ deliveries: object[] }>('POST', '/v1/events?wait=20s', { type: 'rewrite' });
    expect(body.deliveries).toMatchObject([{ channel: 'self', state: 'delivered', attempts: [{}] }]);
  }
  const { body: status } = await home.call<Reloaded>('GET', '/v1/status');
  expect(status.generation).toBe(4);
  await post(...Array.from({ length: 60 }, (_, n) => ({ type: 'ask', data: { n } })));
  await receiver.until(() => true, 60);
  expect(titles().sort()).toEqual(Array.from({ length: 60 }, (_, n) => `r${n} version 3`).sort());
  const ran = (await readFile(home.path('ran'), 'utf8')).trim().split('\n');
  expect(new Set(ran).size).toBe(3);
  expect(ran).toHaveLength(3);
  await audited();
});

test('replaced files: in each way of replacing them the daemon stays up and the last version counts', async () => {
  const rules = (n: number): string => `${channel()}rules:
  - { name: hook, on: api, message: { title: "version ${n}" }, notify: [ops] }\n`;
  await home.rules(rules(0));
  await home.start();
  const folder = home.path('rules');
  const file = home.path('rules', 'rules.yaml');
  const text = async (n: number): Promise<string> =>
    (await readFile(home.path('first.yaml'), 'utf8')).replace('version 0', `version ${n}`);
  await writeFile(home.path('first.yaml'), await readFile(file));
  const seen = async (msg: string, act: () => Promise<unknown>): Promise<void> => {
    const from = home.lines.length;
    await act();
    await home.logged((line) => line.msg.startsWith(msg), from);
  };
  const applied = (act: () => Promise<unknown>): Promise<void> => seen('reload: applied', act);
  const refused = (act: () => Promise<unknown>): Promise<void> => seen('reload: rejected', act);
  const speaks = async (n: number): Promise<void> => {
    const { body } = await home.call<{ deliveries: object[] }>('POST', '/v1/events?wait=20s', { type: 't' });
    expect(body.deliveries).toMatchObject([{ state: 'delivered' }]);
    expect(titles().at(-1)).toBe(`version ${n}`);
  };
  await speaks(0);

  // Deleted and written again, with a reload in between.
  await refused(() => rm(file));
  await speaks(0);
  const one = await text(1);
  await applied(() => writeFile(file, one));
  await speaks(1);

  // Written to another name and renamed over the file.
  await applied(() => home.rules(rules(2)));
  await speaks(2);

  // Written in two steps.
  const three = await text(3);
  const half = three.indexOf('version') + 3;
  await refused(() => writeFile(file, three.slice(0, half)));
  await speaks(2);
  await applied(() => writeFile(file, three));
  await speaks(3);

  // Truncated first, with a reload in between.
  await refused(() => writeFile(file, ''));
  await speaks(3);
  const four = await text(4);
  await applied(() => writeFile(file, four));
  await speaks(4);

  // Another directory in its place.
  await refused(() => rename(folder, home.path('old')));
  await speaks(4);
  const five = await text(5);
  await mkdir(home.path('new'));
  await writeFile(home.path('new', 'rules.yaml'), five);
  await applied(() => rename(home.path('new'), folder));
  await speaks(5);

  // An empty rule set is valid.
  await applied(() => writeFile(file, '# nothing yet\n'));
  expect((await post({ type: 't' })).status).toBe(202);
  await applied(() => writeFile(file, five));
  await speaks(5);
  expect(titles()).toEqual([0, 0, 1, 2, 2, 3, 3, 4, 4, 5, 5].map((n) => `version ${n}`));
  await audited();
});

test('a delivery that waits by `delay` follows the edited delay after a reload and a restart', async () => {
  const message = 'message: { title: "{{ data.n }}", ttl: 30m }';
  const rules = (delay: string): string =>
    `${channel()}rules:\n  - { name: r, match: { type: t }, notify: [{ channel: ops, delay: ${delay} }], ${message} }\n`;
  await home.rules(rules('1h'));
  await home.start();
  await post({ type: 't', data: { n: 1 } });
  await home.rules(rules('1s'));
  await reload();
  await receiver.until(({ title }) => title === '1');
  await home.rules(rules('1h'));
  await reload();
  await post({ type: 't', data: { n: 2 } });
  await home.kill();
  await home.rules(rules('1s'));
  await home.start();
  await receiver.until(({ title }) => title === '2');
  expect(titles()).toEqual(['1', '2']);
  const { body } = await home.call<{ violations: string[] }>('GET', '/v1/audit');
  expect(body.violations).toEqual([]);
});

test('a rules file that is missing for a time, also across a restart, loses no delivery of its paused channel', async () => {
  const file = (paused: boolean): string => `channels:
  ops: { type: webhook, url: "${receiver.origin}/ops", delivery: { paused: ${paused} } }
rules:
  - { name: all, on: api, message: { title: "{{ data.n }}" }, notify: [ops] }
`;
  interface Status {
    readonly reasons: readonly string[];
    readonly channels: readonly object[];
    readonly deliveries: object;
  }
  const status = async (): Promise<Status> => (await home.call<Status>('GET', '/v1/status')).body;
  await home.rules('');
  await home.rules(file(true), 'team.yaml');
  await home.start();
  await post(...[1, 2, 3].map((n) => ({ type: 't', data: { n } })));
  await rename(home.path('rules', 'team.yaml'), home.path('team.yaml'));
  expect((await reload()).ok).toBe(true);
  const removed = {
    reasons: [expect.stringMatching(/^channel ops is removed: not in the rules since /)],
    channels: [{ name: 'ops', type: 'webhook', state: 'removed', held: 3, since: expect.any(String) }],
    deliveries: { held: 3, dead: 0 },
  };
  expect(await status()).toMatchObject(removed);
  await home.kill();
  await home.start();
  expect(await status()).toMatchObject(removed);
  await rename(home.path('team.yaml'), home.path('rules', 'team.yaml'));
  expect((await reload()).ok).toBe(true);
  expect(await status()).toMatchObject({ reasons: [], channels: [{ state: 'paused', held: 3 }] });
  await home.rules(file(false), 'team.yaml');
  expect((await reload()).ok).toBe(true);
  await receiver.until(() => true, 3);
  expect(titles().sort()).toEqual(['1', '2', '3']);
  expect(await home.deadLetters()).toEqual([]);
  await audited();
});
