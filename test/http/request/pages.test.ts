import { createHmac } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../daemon/lib/time/clock.ts';
import { heartbeat } from '../../../daemon/sources/heartbeat/heartbeat.ts';
import type { HookRoute, SourceType } from '../../../daemon/sources/source.ts';
import { webhook } from '../../../daemon/sources/webhook/webhook.ts';
import { ask, type Asking, openTestListener, type OpenedListener } from '../../support/listener.ts';
import { type RecordedIo, recordedIo, sourceSettings } from '../../support/source-io.ts';

interface Opened {
  readonly to: OpenedListener;
  readonly io: RecordedIo;
}

async function opened(type: SourceType, written: object): Promise<Opened> {
  const to = await openTestListener();
  to.daemon.reachedBy = 'https://belfry.example.com';
  to.daemon.listed = ['https://app.example.com'];
  const io = recordedIo({ clock: systemClock, name: 'job' });
  const source = await type.start(sourceSettings(type, written), io);
  onTestFinished(() => source.stop());
  const [route] = source.routes as [HookRoute];
  to.daemon.hookRoute = (path) => (`${path}/`.startsWith(`${route.path}/`) ? route : undefined);
  return { to, io };
}

const HOOK = { path: '/hooks/job', methods: ['GET', 'POST'] };
const BEAT = { every: '1d' };

/** Headers that a browser sends for a page that is not the daemon's own. */
const PAGES: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['a page of another site', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
  ['a browser without Sec-Fetch-Site', { origin: 'https://evil.example' }],
  ['a file or a sandboxed frame', { origin: 'null' }],
  ['an image, which has no Origin', { 'sec-fetch-site': 'cross-site' }],
  ['a page of another port', { origin: 'http://127.0.0.1:1', 'sec-fetch-site': 'same-site' }],
  ['an image in a page of another port', { 'sec-fetch-site': 'same-site' }],
  ['a browser of tomorrow', { 'sec-fetch-site': 'some-other-word' }],
  ['a name that is rebound', { origin: 'http://evil.example', host: 'evil.example', 'sec-fetch-site': 'same-origin' }],
  ['an application of `daemon.origins`', { origin: 'https://app.example.com', 'sec-fetch-site': 'cross-site' }],
];

const FORM = { 'content-type': 'text/plain' };

test.each(PAGES)('a hook without `verify` refuses a request of a browser for %s', async (_who, headers) => {
  const { to, io } = await opened(webhook, HOOK);
  for (const asking of [{}, { socket: true }] satisfies Asking[]) {
    const answer = await ask(to, '/hooks/job', {
      method: 'POST',
      body: 'x',
      headers: { ...FORM, ...headers },
      ...asking,
    });
    expect([answer.status, answer.json?.code]).toEqual([403, 'origin.foreign']);
    expect((await ask(to, '/hooks/job', { headers, ...asking })).status).toBe(403);
  }
  expect(io.events).toEqual([]);
});

test.each(PAGES)('a beat of a browser for %s is refused', async (_who, headers) => {
  const { to, io } = await opened(heartbeat, BEAT);
  for (const target of ['/beats/job', '/beats/job/start', '/beats/job/fail', '/beats/job/1'])
    for (const method of ['GET', 'POST', 'HEAD']) expect((await ask(to, target, { method, headers })).status).toBe(403);
  expect(io.events).toEqual([]);
  expect(io.stored.has('beat:')).toBe(false);
});

test('programs with any Host, a bookmark and pages of the daemon itself are accepted', async () => {
  const { to, io } = await opened(webhook, HOOK);
  const beats = await opened(heartbeat, BEAT);
  const own: readonly Readonly<Record<string, string>>[] = [
    {},
    { host: 'nas.lan:8765' },
    { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' },
    { origin: 'https://belfry.example.com', 'sec-fetch-site': 'same-origin' },
    { origin: 'http://localhost:9000', host: 'localhost:9000', 'sec-fetch-site': 'same-origin' },
  ];
  for (const headers of own) {
    expect((await ask(to, '/hooks/job', { headers })).status).toBe(202);
    expect((await ask(beats.to, '/beats/job', { headers })).status).toBe(202);
  }
  expect(io.events).toHaveLength(own.length);
});

test('a hook with `verify` accepts any origin with a valid signature', async () => {
  const { to, io } = await opened(webhook, { path: '/hooks/job', verify: { github: 'key' } });
  const sent = (signature: string) =>
    ask(to, '/hooks/job', {
      method: 'POST',
      body: '{}',
      headers: {
        origin: 'https://evil.example',
        'sec-fetch-site': 'cross-site',
        'x-hub-signature-256': signature,
      },
    });
  expect((await sent('sha256=00')).status).toBe(401);
  expect((await sent(`sha256=${createHmac('sha256', 'key').update('{}').digest('hex')}`)).status).toBe(202);
  expect(io.events).toHaveLength(1);
});

test('a repeated signature header is invalid', async () => {
  const { to, io } = await opened(webhook, { path: '/hooks/job', verify: { github: 'key' } });
  const good = `sha256=${createHmac('sha256', 'key').update('{}').digest('hex')}`;
  const twice = { 'x-hub-signature-256': [good, 'sha256=00'] as unknown as string };
  expect((await ask(to, '/hooks/job', { method: 'POST', body: '{}', headers: twice })).status).toBe(401);
  const same = { 'x-hub-signature-256': [good, good] as unknown as string };
  expect((await ask(to, '/hooks/job', { method: 'POST', body: '{}', headers: same })).status).toBe(401);
  expect(io.events).toEqual([]);
});
