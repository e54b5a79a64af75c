import { execFile } from 'node:child_process';
import { appendFile, chmod, mkdir, open, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { attacksOn } from '../support/attack.ts';
import { NO_WATCH } from '../support/reload.ts';
import type { Target } from '../support/target.ts';

const run = promisify(execFile);
const attack = attacksOn({
  daemon: NO_WATCH,
  rules: (origin) => `channels:
  ok: { type: webhook, url: "${origin}/ok" }
  bad: { type: webhook, url: "${origin}/bad" }
  down: { type: webhook, url: "http://127.0.0.1:9/", delivery: { rate: 10/1s } }
rules:
  - { name: dead, on: api, match: { type: attack.dead }, notify: bad }
`,
});

let count = 0;

/** A record as the daemon writes it. */
function record(change: object = {}): Record<string, unknown> {
  count += 1;
  return {
    id: `00000000-0000-4000-8000-${String(count).padStart(12, '0')}`,
    dead_at: '2026-11-23T02:00:00Z',
    class: 'permanent',
    error: { code: 'http.422', message: 'refused' },
    channel: 'ok',
    channel_type: 'webhook',
    rule: 'dead',
    key: 'k',
    event: { id: `e${count}`, source: 'api', type: 'attack.dead', time: '2026-11-23T02:00:00Z', data: {} },
    message: { title: 'title', body: 'body' },
    attempts: [],
    ...change,
  };
}

const line = (change: object = {}): string => `${JSON.stringify(record(change))}\n`;
const fileOf = ({ home }: Target): string => home.path('state', 'dead-letters.jsonl');

interface Resent {
  readonly plan: {
    readonly total: number;
    readonly problems: readonly { readonly line: number; readonly problem: string }[];
  };
  readonly results: readonly {
    readonly id: string;
    readonly state: string;
    readonly error?: { readonly code: string };
  }[];
  readonly ended: { readonly delivered: number; readonly failed: number };
}

/** Resends all records of the file. */
async function resend({ home }: Target, more: object = {}): Promise<Resent> {
  const { body } = await home.call<string>('POST', '/v1/dead/resend', { all: true, ...more });
  const lines = body
    .trim()
    .split('\n')
    .map((text) => JSON.parse(text) as object);
  return {
    ...(lines[0] as Resent),
    results: lines.slice(1, -1) as unknown as Resent['results'],
    ended: lines.at(-1) as Resent['ended'],
  };
}

/** Number of requests to the good channel. */
const sentTo = ({ receiver }: Target, channel: string): number =>
  receiver.got.filter((got) => got.channel === channel).length;

attack('H1', async (target) => {
  const before = sentTo(target, 'ok');
  const file = fileOf(target);
  await writeFile(file, `\uFEFF${line()}\n  \n${line().replace('\n', '\r\n')}\n${line().trimEnd()}`);
  expect((await resend(target)).ended).toMatchObject({ delivered: 3, failed: 0 });
  expect(sentTo(target, 'ok')).toBe(before + 3);
  await target.home.stop();
  await writeFile(file, `${line()}{"id":"cut","dead_at":"20`);
  await target.home.start();
  expect((await resend(target)).ended).toMatchObject({ delivered: 1, failed: 0 });
  expect(await readFile(target.home.path('state', 'dead-letters.torn-1'), 'utf8')).toBe('{"id":"cut","dead_at":"20');
});

attack('H2', async (target) => {
  const wrong = [
    '{}',
    '[]',
    'null',
    'not json',
    `${'['.repeat(200_000)}`,
    `{"id":"deep","channel":"ok","rule":"r","message":{"title":"t","body":"b"},"event":{"id":"e","type":"t","data":${'['.repeat(5000)}${']'.repeat(5000)}}}`,
    ...[
      { message: { title: 't', body: 'b', actions: [null] } },
      { message: { title: 't', body: 'b', tags: 'x' } },
      { message: { title: 5, body: 'b' } },
      { message: { title: 't', body: 'b', priority: { a: 1 } } },
      { message: { title: 't', body: 'b', to: { a: 1 } } },
      { message: [] },
      { event: 'e' },
      { event: { id: {}, type: 5 } },
      { attempts: [null] },
      { attempts: { length: 1e9 } },
      { class: 'bogus' },
      { key: {} },
      { channel: ['ok'] },
      { id: 5 },
    ].map((change) => line(change).trimEnd()),
  ];
  const text = `${wrong.join('\n')}\n`;
  await writeFile(fileOf(target), text + line());
  const { plan, ended } = await resend(target);
  expect(plan.problems.map((problem) => problem.line)).toEqual(wrong.map((_, at) => at + 1));
  expect([plan.total, ended]).toEqual([1, expect.objectContaining({ delivered: 1, failed: 0 })]);
  expect(await readFile(fileOf(target), 'utf8')).toBe(text);
  const list = await target.home.belfry(['dead', 'list']);
  expect([list.code, list.stdout + list.stderr]).toEqual([
    list.code,
    expect.stringContaining('dead-letters.jsonl:1-20'),
  ]);
  await rm(fileOf(target));
});

attack('H3', async (target) => {
  const before = sentTo(target, 'ok');
  const twice = line();
  await writeFile(fileOf(target), twice + twice);
  const { ended } = await resend(target);
  expect([ended.delivered, sentTo(target, 'ok') - before, await readFile(fileOf(target), 'utf8')]).toEqual([1, 1, '']);
});

attack('H4', async (target) => {
  const { home, receiver } = target;
  const post = async (): Promise<string> => {
    const { body } = await home.call<{ deliveries: { id: string }[] }>('POST', '/v1/events?wait=30s', {
      type: 'attack.dead',
    });
    return body.deliveries[0]!.id;
  };
  const delivered = await post();
  receiver.statuses.set('bad', 422);
  const dropped = await post();
  receiver.statuses.clear();
  expect((await home.call('DELETE', `/v1/dead/${dropped}`)).status).toBe(204);
  const got = receiver.got.length;
  for (const more of [{}, { to: 'ok' }, { requeue: true }]) {
    await writeFile(fileOf(target), [delivered, dropped].map((id) => line({ id, channel: 'bad' })).join(''));
    const { results, ended } = await resend(target, more);
    expect(results.map(({ id, state, error }) => [id, state, error?.code])).toEqual([
      [delivered, 'delivered', undefined],
      [dropped, 'dead', 'resend.gone'],
    ]);
    expect([ended.delivered, ended.failed, await readFile(fileOf(target), 'utf8')]).toEqual([1, 1, '']);
  }
  // A start, too, removes what is done.
  await home.stop();
  await writeFile(fileOf(target), line({ id: delivered, channel: 'ok' }));
  await home.start();
  expect([await home.deadLetters(), receiver.got.length]).toEqual([[], got]);
});

attack('H5', async (target) => {
  const got = target.receiver.got.length;
  for (const channel of ['http://evil.test/', '__proto__', 'constructor', '../ok', 'OK', ''])
    await appendFile(fileOf(target), line({ channel }));
  const { ended } = await resend(target);
  expect([ended, target.receiver.got.length - got]).toEqual([expect.objectContaining({ delivered: 0 }), 0]);
  const hostile = { url: 'http://evil.test/', settings: { url: 'http://evil.test/' } };
  await writeFile(
    fileOf(target),
    line({
      ...hostile,
      message: { title: 't', body: 'b', ...hostile, to: ['http://evil.test/'], attach: ['/etc/passwd'] },
    }),
  );
  expect((await resend(target)).ended).toMatchObject({ delivered: 1 });
  expect(target.receiver.got.slice(got).map(({ channel }) => channel)).toEqual(['ok']);
});

attack('H6', async (target) => {
  const file = fileOf(target);
  await writeFile(file, line());
  await appendFile(file, `{"id":"long","x":"`);
  const handle = await open(file, 'a');
  for (let at = 0; at < 100; at += 1) await handle.write(Buffer.alloc(1_000_000, 'x'));
  await handle.write('"}\n');
  await handle.close();
  await appendFile(file, line());
  const { plan, ended } = await resend(target);
  expect([plan.problems.map(({ problem }) => problem), ended.delivered]).toEqual([
    [expect.stringContaining('longer than')],
    2,
  ]);
  expect((await stat(file)).size).toBeGreaterThan(100_000_000);
  await rm(file);
});

attack('H7', async (target) => {
  const got = target.receiver.got.length;
  const title = 'a\u2028b\u0000c\uD800d __proto__';
  const text = line({ message: { title, body: 'b' } })
    .replace('"message":{', '"__proto__":{"polluted":1},"message":{"__proto__":{"to":["evil"]},')
    .replace('"data":{}', '"data":{"__proto__":{"polluted":1}}');
  await writeFile(fileOf(target), text);
  expect((await resend(target)).ended).toMatchObject({ delivered: 1 });
  expect(target.receiver.got[got]!.title).toMatch(/^a.*b.*c.*d __proto__$/s);
});

attack('H8', async (target) => {
  const file = fileOf(target);
  await rm(file, { force: true });
  for (const make of [() => run('mkfifo', [file]), () => mkdir(file), () => symlink('/dev/zero', file)]) {
    await make();
    const { status } = await target.home.call('POST', '/v1/dead/resend', { all: true });
    expect(status).toBeGreaterThanOrEqual(400);
    await rm(file, { recursive: true });
  }
  target.home.lines.length = 0;
});

attack('H9', async (target) => {
  const file = fileOf(target);
  target.receiver.statuses.set('bad', 422);
  await target.home.call('POST', '/v1/events?wait=30s', { type: 'attack.dead' });
  // The editor saves by rename: the file that the daemon knows is gone.
  const saved = `${await readFile(file, 'utf8')}${line()}`;
  await writeFile(`${file}~`, saved);
  await rename(`${file}~`, file);
  await target.home.call('POST', '/v1/events?wait=30s', { type: 'attack.dead' });
  const lines = (await readFile(file, 'utf8')).trim().split('\n');
  expect([lines.length, lines.slice(0, 2).join('\n')]).toEqual([3, saved.trim()]);
  target.receiver.statuses.clear();
  expect((await resend(target)).ended).toMatchObject({ delivered: 3 });
});

attack('H10', async (target) => {
  const file = fileOf(target);
  await writeFile(file, line());
  await chmod(file, 0o644);
  await resend(target);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});

attack('H11', async (target) => {
  const { home } = target;
  await writeFile(fileOf(target), Array.from({ length: 2000 }, () => line({ channel: 'down' })).join(''));
  const streamed = home.call<string>('POST', '/v1/dead/resend', { all: true });
  const running = async (): Promise<{ id: string }[]> =>
    (await home.call<{ jobs: { id: string; state: string }[] }>('GET', '/v1/jobs')).body.jobs.filter(
      ({ state }) => state === 'running',
    );
  await expect.poll(running, { timeout: 30_000 }).toHaveLength(1);
  const [{ id }] = (await running()) as [{ id: string }];
  expect((await home.call('POST', `/v1/jobs/${id}/cancel`, {})).status).toBe(200);
  await streamed;
  expect((await home.deadLetters()).length).toBe(2000);
  await rm(fileOf(target));
});
