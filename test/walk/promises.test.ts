import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Home } from '../support/daemon.ts';
import { openTestServer, type TestServer } from '../support/test-server.ts';

let home: Home;
let sink: TestServer;

beforeEach(async () => {
  home = await Home.make();
  sink = await openTestServer();
});

afterEach(async () => {
  await home.close();
  await sink.close();
});

interface Posted {
  readonly events: readonly { readonly id: string; readonly duplicate: boolean }[];
  readonly deliveries?: readonly {
    readonly id: string;
    readonly channel: string;
    readonly state: string;
    readonly attempts: readonly { readonly code?: string }[];
  }[];
}

interface Status {
  readonly generation: number;
  readonly files: readonly {
    readonly path: string;
    readonly state: string;
    readonly problems: readonly { readonly line: number; readonly column: number; readonly message: string }[];
  }[];
  readonly channels: readonly {
    readonly name: string;
    readonly state: string;
    readonly pending: number;
    readonly held: number;
  }[];
  readonly deliveries: Readonly<Record<string, number>>;
}

const oneHook = (url: string, more = ''): string => `
channels:
  sink: { type: webhook, url: "${url}"${more} }
rules:
  - { name: all, on: api, message: { title: "{{ type }} {{ data.n }}" }, notify: [sink] }
`;

test("a GitHub delivery with GitHub's own signature becomes a WeCom message; a forged one does not", async () => {
  sink.answer({ body: { errcode: 0, errmsg: 'ok' } });
  home.env.GITHUB_SECRET = "It's a Secret to Everybody";
  await home.rules(`
sources:
  deploys: { type: webhook, path: /hooks/deploys, verify: { github: "\${env:GITHUB_SECRET}" } }
channels:
  ops: { type: wecom, key: 693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa, api: "${sink.origin}" }
rules:
  - name: failed-deploy
    on: deploys
    match: { data.workflow_run.conclusion: [failure, timed_out] }
    if: data.workflow_run.head_branch == "main"
    message: { title: "Deploy failed: {{ data.repository.full_name }}" }
    notify: [ops]
`);
  await home.start();
  const body = JSON.stringify({
    workflow_run: { conclusion: 'failure', head_branch: 'main' },
    repository: { full_name: 'acme/api' },
  });
  const signature = `sha256=${createHmac('sha256', "It's a Secret to Everybody").update(body).digest('hex')}`;
  const post = (sign: string) =>
    home.call('POST', '/hooks/deploys', body, {
      'x-hub-signature-256': sign,
      'x-github-delivery': '72d3162e',
      'x-github-event': 'workflow_run',
    });

  expect((await post(`sha256=${'0'.repeat(64)}`)).status).toBe(401);
  expect((await post(signature)).status).toBe(202);
  await sink.arrived(1);
  expect(sink.requests[0]!.path).toContain('/cgi-bin/webhook/send');
  expect(sink.requests[0]!.text).toContain('Deploy failed: acme/api');
  expect(sink.requests).toHaveLength(1);
});

test('what was accepted before a kill is delivered after the next start', async () => {
  sink.answer({ hang: true });
  await home.rules(oneHook(sink.origin));
  await home.start();
  const posted = await home.call<Posted>('POST', '/v1/events', { type: 'backup.failed', data: { n: 1 } });
  expect(posted.status).toBe(202);
  await sink.arrived(1);
  await home.kill();
  sink.answer({ status: 200 });
  await home.start();
  await sink.arrived(2);
  const ids = sink.requests.map(({ headers }) => headers['idempotency-key']);
  expect(ids[1]).toBe(ids[0]);
  const audit = await home.call<{ violations: string[] }>('GET', '/v1/audit');
  expect(audit.body.violations).toEqual([]);
});

test('a wrong token is dead at once, later deliveries are held, and fixed YAML releases them and allows a resend', async () => {
  sink.answer({ body: { errcode: 93000, errmsg: 'invalid webhook url' } });
  const rules = (key: string): string => `
channels:
  ops: { type: wecom, key: ${key}, api: "${sink.origin}" }
rules:
  - { name: all, on: api, message: { title: "{{ data.n }}" }, notify: [ops] }
`;
  await home.rules(rules('wrong-wrong-wrong'));
  await home.start();
  const first = await home.call<Posted>('POST', '/v1/events?wait=10s', { type: 'a', data: { n: 'first' } });
  expect(first.body.deliveries).toMatchObject([{ state: 'dead', attempts: [{ code: 'wecom.93000' }] }]);
  await home.call('POST', '/v1/events', { type: 'a', data: { n: 'second' } });
  const { body: status } = await home.call<Status>('GET', '/v1/status');
  expect(status.channels).toMatchObject([{ name: 'ops', state: 'misconfigured', held: 1 }]);
  expect(sink.requests).toHaveLength(1);

  sink.answer({ body: { errcode: 0 } });
  const seen = home.lines.length;
  await home.rules(rules('right-right-right'));
  await home.logged((line) => line.msg === 'reload: applied', seen);
  await sink.arrived(2);
  expect(sink.requests[1]!.text).toContain('second');
  const letters = await home.deadLetters();
  expect(letters).toMatchObject([{ class: 'permanent', channel: 'ops', error: { code: 'wecom.93000' } }]);
  const resent = await home.belfry(['dead', 'resend', String(letters[0]!.id), '--yes', '--json']);
  expect(
    resent.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown),
  ).toMatchObject([
    { state: 'delivered', channel: 'ops' },
    { delivered: 1, failed: 0, left: 0 },
  ]);
  expect(sink.requests[2]!.text).toContain('first');
  expect(await home.deadLetters()).toEqual([]);
  expect(home.output).not.toContain('wrong-wrong-wrong');
});

test('an invalid save keeps the old rules in force and names the position of the error', async () => {
  await home.rules(oneHook(sink.origin));
  await home.start();
  const seen = home.lines.length;
  await home.rules(`${oneHook(sink.origin)}  - { name: more, notfy: [sink] }\n`);
  const logged = await home.logged((line) => line.msg.includes('notfy'), seen);
  expect(logged.at).toMatch(/rules\.yaml:\d+:\d+$/);
  expect(JSON.stringify(logged)).toContain('notify');
  const { body: status } = await home.call<Status>('GET', '/v1/status');
  expect(status.generation).toBe(1);
  expect(status.files).toMatchObject([{ state: 'kept' }]);
  expect((await home.call<Posted>('POST', '/v1/events?wait=10s', { type: 'still' })).body.deliveries).toMatchObject([
    { state: 'delivered' },
  ]);
});

test('a thousand events across twenty reloads arrive once each', async () => {
  const version = (n: number): string =>
    oneHook(sink.origin, ', delivery: { concurrency: 16 }').replace('{{ type }}', `v${n} {{ type }}`);
  await home.rules(version(0));
  await home.start();
  const posting = (async () => {
    for (let batch = 0; batch < 100; batch += 1) {
      const events = Array.from({ length: 10 }, (_, index) => ({ type: 'count', data: { n: batch * 10 + index } }));
      expect((await home.call('POST', '/v1/events', events)).status).toBe(202);
    }
  })();
  for (let n = 1; n <= 20; n += 1) {
    await home.rules(version(n));
    expect((await home.call<{ ok: boolean }>('POST', '/v1/reload')).body.ok).toBe(true);
  }
  await posting;
  await sink.arrived(1000);
  const numbers = sink.requests.map(({ json }) => Number((json as { title: string }).title.split(' ').at(-1)));
  expect(new Set(numbers).size).toBe(1000);
  expect(numbers).toHaveLength(1000);
  expect((await home.call<{ violations: string[] }>('GET', '/v1/audit')).body.violations).toEqual([]);
}, 60_000);

test('an event emitted while no daemon runs waits in the inbox and is accepted at the start, once', async () => {
  await home.rules(oneHook(sink.origin));
  await home.start();
  await home.stop();
  const emitted = await home.belfry(['emit', 'disk.full', 'n=7', '--json']);
  expect(emitted.code).toBe(0);
  expect(JSON.parse(emitted.stdout)).toMatchObject({ duplicate: false, queued: true });
  expect(emitted.stderr).toContain('no daemon answers');
  await home.start();
  await sink.arrived(1);
  expect(sink.requests[0]!.json).toMatchObject({ title: 'disk.full 7' });
  await home.logged((line) => line.msg === 'sink: delivered');
  await home.kill();
  await home.start();
  expect(
    (await home.call<Posted>('POST', '/v1/events?wait=10s', { type: 'after', data: { n: 1 } })).body.deliveries,
  ).toMatchObject([{ state: 'delivered' }]);
  expect(sink.requests).toHaveLength(2);
});

test('SIGTERM lets an attempt in flight end, and exits with 0', async () => {
  sink.answer({ hang: true });
  await home.rules(oneHook(sink.origin, ', delivery: { timeout: 1s, retry: [] }'));
  await home.start();
  await home.call('POST', '/v1/events', { type: 'a' });
  await sink.arrived(1);
  expect(await home.stop()).toBe(0);
});

test('a second signal exits at once, and deliveries in flight stay pending', async () => {
  sink.answer({ hang: true });
  await home.rules(oneHook(sink.origin, ', delivery: { timeout: 15s }'));
  await home.start();
  await home.call('POST', '/v1/events', { type: 'a' });
  await sink.arrived(1);
  const exited = home.exited();
  const again = setInterval(() => home.signal('SIGTERM'), 60);
  await exited;
  clearInterval(again);
  expect(home.lines.some((line) => line.msg === 'stopped')).toBe(false);
  sink.answer({ status: 200 });
  await home.start();
  await sink.arrived(2);
});

test('a second daemon on the same state directory exits with 75, and the first goes on', async () => {
  await home.rules(oneHook(sink.origin));
  await home.start();
  const second = home.spawn(['run', '--config', home.path('rules')]);
  const [code] = (await once(second, 'exit')) as [number];
  expect(code).toBe(75);
  expect((await home.call<Posted>('POST', '/v1/events?wait=10s', { type: 'a' })).body.deliveries).toMatchObject([
    { state: 'delivered' },
  ]);
});

test('invalid rules at the start exit with 78 and touch nothing', async () => {
  await home.rules('rules:\n  - { name: x, notify: [nobody] }\n');
  const run = await home.belfry(['run']);
  expect(run.code).toBe(78);
  expect(run.stdout + run.stderr).toMatch(/rules\.yaml:\d+:\d+/);
  expect(await home.belfry(['dead', 'list'])).toMatchObject({ code: 69 });
});

test('SIGHUP reloads', async () => {
  await home.rules(oneHook(sink.origin), 'rules.yaml', '  reload: { watch: false }\n');
  await home.start();
  const seen = home.lines.length;
  await home.rules(
    `${oneHook(sink.origin)}  - { name: more, on: api, notify: [sink] }\n`,
    'rules.yaml',
    '  reload: { watch: false }\n',
  );
  home.signal('SIGHUP');
  expect(await home.logged((line) => line.msg === 'reload: applied', seen)).toMatchObject({
    generation: 2,
    added: ['rule more'],
  });
});

test('no secret is in a log line, a dead letter, the status or the metrics', async () => {
  sink.answer({ status: 403, body: { error: 'token canary-secret-0123456789 is not allowed' } });
  home.env.CANARY = 'canary-secret-0123456789';
  await home.rules(`
channels:
  sink: { type: webhook, url: "${sink.origin}/\${env:CANARY}", headers: { authorization: "Bearer \${env:CANARY}" } }
rules:
  - { name: all, on: api, message: { title: "{{ data.text }}" }, notify: [sink] }
`);
  await home.start();
  await home.call('POST', '/v1/events?wait=10s', { type: 'a', data: { text: 'hello' } });
  expect(sink.requests[0]!.headers.authorization).toBe('Bearer canary-secret-0123456789');
  // Text of events is logged, and it may contain anything.
  await home.call('POST', '/v1/events', { type: 'leak.canary-secret-0123456789' });
  await home.logged((line) => String(line.type).startsWith('leak.'));
  const shown = await Promise.all(
    ['/v1/status', '/v1/channels', '/metrics', '/v1/dead'].map(async (url) =>
      JSON.stringify((await home.call('GET', url)).body),
    ),
  );
  const everything = [home.output, JSON.stringify(await home.deadLetters()), ...shown].join('\n');
  expect(everything).toContain('http.403');
  expect(everything).not.toContain('canary-secret');
});

test('a start with NODE_TLS_REJECT_UNAUTHORIZED=0 is refused and touches nothing', async () => {
  await home.rules(oneHook(sink.origin));
  const refused = await home.belfry(['run'], { env: { NODE_TLS_REJECT_UNAUTHORIZED: '0' } });
  expect(refused).toMatchObject({ code: 78, stdout: '' });
  expect(refused.stderr).toBe(
    'belfry: the environment variable NODE_TLS_REJECT_UNAUTHORIZED is `0`: no certificate would be checked; unset it, and set `ca` on the channel instead; nothing was touched\n',
  );
  await expect(readdir(home.path('state'))).rejects.toMatchObject({ code: 'ENOENT' });
});
