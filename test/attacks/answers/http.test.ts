import { gzipSync } from 'node:zlib';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect } from 'vitest';
import { openTestServer, type ServerAnswer, type TestServer } from '../../support/test-server.ts';
import { attacksOn } from '../support/attack.ts';
import { NO_WATCH } from '../support/reload.ts';
import type { Target } from '../support/target.ts';

const TOKEN = 'k7tokenQ9x4711bcdE';

let server: TestServer;
let other: TestServer;
beforeAll(async () => {
  server = await openTestServer();
  other = await openTestServer();
});
afterAll(async () => {
  await server.close();
  await other.close();
});

/** Types whose provider has an answer of its own. */
const PROVIDERS: Readonly<Record<string, string>> = {
  slack: `token: "xoxb-${TOKEN}", channel: ops, api: ORIGIN`,
  wecom: `key: ${TOKEN}, api: ORIGIN`,
  dingtalk: `token: ${TOKEN}, api: ORIGIN`,
  feishu: `token: ${TOKEN}, api: ORIGIN`,
  telegram: `token: "4711:${TOKEN}", to: "1", api: ORIGIN`,
  pushover: `token: ${TOKEN}, user: u${TOKEN}, api: ORIGIN`,
  pushplus: `token: ${TOKEN}, api: ORIGIN`,
  serverchan: `key: ${TOKEN}, api: ORIGIN`,
};
/** Values of `Retry-After`; each has a channel of its own, which rests then. */
const WAITS = ['-5', '1e99', 'Fri, 31 Dec 9999 23:59:59 GMT', 'abc', '0', '999999999999', '', '1, 2', '%D9%A3'];
const DELIVERY = 'delivery: { timeout: 1s, retry: [], rate: 1000/1s }';

const attack = attacksOn({
  daemon: NO_WATCH,
  rules: () => `channels:
  hook: { type: webhook, url: "${server.origin}/hook", headers: { Authorization: "Bearer ${TOKEN}", X-Api-Key: "${TOKEN}" }, ${DELIVERY} }
  again: { type: webhook, url: "${server.origin}/again", delivery: { timeout: 1s, retry: [10ms, 10ms], on_unknown: retry } }
${WAITS.map((_, at) => `  later${at}: { type: webhook, url: "${server.origin}/later", delivery: { retry: [1h] } }\n`).join('')}${Object.entries(
  PROVIDERS,
)
  .map(
    ([type, settings]) => `  ${type}: { type: ${type}, ${settings.replace('ORIGIN', server.origin)}, ${DELIVERY} }\n`,
  )
  .join('')}rules:
${['hook', 'again', ...WAITS.map((_, at) => `later${at}`), ...Object.keys(PROVIDERS)].map((name) => `  - { name: ${name}, on: api, match: { type: attack.${name} }, notify: ${name} }\n`).join('')}`,
});

interface Delivery {
  readonly id: string;
  readonly state: string;
  readonly next_at?: string;
  readonly attempts: readonly { readonly class: string; readonly code: string; readonly message: string }[];
}

/** End of one attempt by hand, which also a misconfigured channel makes. */
interface End {
  readonly ok: boolean;
  readonly error?: { readonly class: string; readonly code: string; readonly message: string };
}

async function attempt({ home }: Target, channel: string): Promise<End> {
  return (await home.call<End>('POST', `/v1/channels/${channel}/test`, {})).body;
}

/** Makes one attempt for each answer. */
async function endsOf(target: Target, channel: string, answers: readonly ServerAnswer[]): Promise<End[]> {
  const ends: End[] = [];
  for (const answer of answers) {
    server.answer(answer);
    ends.push(await attempt(target, channel));
  }
  return ends;
}

/** Resident memory of the daemon, MiB. */
async function memoryOf({ home }: Target): Promise<number> {
  const status = await readFile(`/proc/${home.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1024;
}

const raw = (...lines: readonly string[]): ServerAnswer => ({ raw: lines.join('\r\n') });

attack('G1', async (target) => {
  const places = [
    `${other.origin}/elsewhere`,
    'http://169.254.169.254/latest/meta-data/',
    `${server.origin}/hook`,
    '/hook',
    'file:///etc/passwd',
    '//evil.test',
  ];
  for (const status of [301, 302, 303, 307, 308])
    for (const location of places) {
      server.forget();
      const [end] = await endsOf(target, 'hook', [{ status, headers: { location } }]);
      expect([location, end!.ok, end!.error]).toEqual([
        location,
        false,
        expect.objectContaining({ class: 'permanent', code: 'http.redirect' }),
      ]);
      expect(server.requests.length).toBe(1);
    }
  expect(other.requests).toEqual([]);
});

attack('G3', async (target) => {
  const before = await memoryOf(target);
  const bomb = gzipSync(Buffer.alloc(300_000_000)).toString('latin1');
  const head = (coding: string): string =>
    `HTTP/1.1 200 OK\r\nContent-Encoding: ${coding}\r\nContent-Length: ${bomb.length}\r\n\r\n`;
  const ends = await endsOf(target, 'hook', [
    { flood: true },
    { flood: true, status: 500 },
    { raw: head('gzip') + bomb },
    { raw: head(Array(100).fill('gzip').join(', ')) + bomb },
    { stall: true, body: 'x' },
    raw('HTTP/1.1 200 OK', 'Content-Length: 1000000000', '', 'short'),
  ]);
  expect(ends.map(({ ok }) => typeof ok)).toEqual(ends.map(() => 'boolean'));
  const grown = (await memoryOf(target)) - before;
  process.stdout.write(`  memory: ${grown.toFixed(0)} MiB more after bodies of 300 MB and without end\n`);
  expect(grown).toBeLessThan(150);
});

attack('G4', async (target) => {
  const ends = await endsOf(target, 'hook', [
    raw('HTTP/1.1 200 OK', ...Array.from({ length: 10_000 }, (_, at) => `X-${at}: y`), '', ''),
    raw('HTTP/1.1 200 OK', `X-Long: ${'x'.repeat(10_000_000)}`, '', ''),
    raw('HTTP/1.1 200 OK', 'X-Nul: a\u0000b', '', ''),
    raw('HTTP/1.1 200 OK', 'X Bad Name: b', '', ''),
    raw('HTTP/1.1 200 OK', 'Content-Length: 2', 'Content-Length: 3', '', '{}'),
    raw('HTTP/1.1 200 OK', 'Content-Length: -1', '', ''),
    raw('<html>HTTP/0.9</html>'),
    raw('220 mail.test ESMTP', ''),
    raw('\u0016\u0003\u0001\u0002\u0000\u0001'),
    raw('HTTP/2 200', '', ''),
    raw('HTTP/1.1 999 What', '', ''),
  ]);
  expect(ends.map(({ ok }) => ok)).toEqual(ends.map(() => false));
});

attack('G5', async (target) => {
  const page = '<!doctype html><html><form action="/login">Please log in</form></html>';
  const bodies: readonly ServerAnswer[] = [
    { status: 200, headers: { 'content-type': 'text/html' }, body: page },
    { status: 200, body: '' },
    { status: 200, body: 'null' },
    { status: 200, body: '[]' },
    { status: 200, body: '{}' },
    { status: 200, body: '{"errcode":93000,"ok":false,"code":19021,"status":0,"error":"invalid_auth"}' },
    { status: 200, body: '{"__proto__":{"errcode":0,"ok":true,"code":0,"status":1}}' },
    { status: 200, body: '['.repeat(30_000) },
    { status: 204 },
  ];
  for (const type of Object.keys(PROVIDERS)) {
    const ends = await endsOf(target, type, bodies);
    const delivered = bodies.filter((_, at) => ends[at]!.ok);
    expect([type, delivered]).toEqual([type, []]);
  }
});

attack('G6', async (target) => {
  const cuts: readonly ServerAnswer[] = [
    { reset: true },
    { raw: '' },
    { raw: 'HTTP/1.1 200 O' },
    { raw: 'HTTP/1.1 500 No\r\nContent-Length: 10\r\n\r\nx' },
    { hang: true },
  ];
  for (const cut of cuts) {
    server.forget();
    server.answer(cut, { status: 200 });
    const { body } = await target.home.call<{ deliveries: Delivery[] }>('POST', '/v1/events?wait=30s', {
      type: 'attack.again',
    });
    const { id, state, attempts } = body.deliveries[0]!;
    expect([cut, state, attempts[0]!.class]).toEqual([
      cut,
      'delivered',
      expect.stringMatching(/^(?:transient|unknown)$/),
    ]);
    expect(server.requests.map(({ headers }) => headers['idempotency-key'])).toEqual([id, id]);
  }
});

attack('G7', async ({ home }) => {
  for (const [number, after] of WAITS.entries()) {
    server.answer({ status: 429, headers: { 'retry-after': after } });
    const from = Date.now();
    const { body } = await home.call<{ deliveries: Delivery[] }>('POST', '/v1/events?wait=1s', {
      type: `attack.later${number}`,
    });
    const [{ state, next_at = '' }] = body.deliveries as [Delivery];
    const wait = Date.parse(next_at) - from;
    expect([after, state, wait > 0 && wait <= 25 * 3_600_000]).toEqual([after, 'pending', true]);
  }
});

attack('G9', async (target) => {
  for (const type of ['hook', ...Object.keys(PROVIDERS)]) {
    const [end] = await endsOf(target, type, [
      {
        status: 403,
        headers: { 'x-echo': TOKEN, location: `http://evil.test/${TOKEN}` },
        body: `the token ${TOKEN} is wrong: Bearer ${TOKEN}`,
      },
    ]);
    const deliveries = (await target.home.call('GET', '/v1/deliveries?limit=100')).body;
    expect([type, JSON.stringify([end, deliveries]).includes(TOKEN)]).toEqual([type, false]);
  }
  expect(JSON.stringify(await target.home.deadLetters())).not.toContain(TOKEN);
  expect(target.home.output).not.toContain(TOKEN);
});

attack('G10', async (target) => {
  const unasked = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'.repeat(2);
  server.answer({ raw: unasked }, { status: 422 });
  const first = await attempt(target, 'hook');
  const second = await attempt(target, 'hook');
  expect([first.ok, second.ok]).toEqual([true, false]);
});
