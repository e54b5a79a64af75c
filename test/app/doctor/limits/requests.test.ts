import { expect, test } from 'vitest';
import { LIMITS } from '../../../../daemon/app/doctor/limits/page.ts';
import { ask, exchange, type OpenedListener, openTestListener, post } from '../../../support/listener.ts';
import { tokenOf } from '../../../support/recorded-daemon.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

interface Tried {
  readonly status: number;
  readonly code?: string | undefined;
}

/** One limit: a request of exactly its size, and one that is larger by one. */
interface Probe {
  readonly limit: string;
  readonly at: (to: OpenedListener) => Promise<Tried>;
  readonly above: (to: OpenedListener) => Promise<Tried>;
  /** Answer above; at the limit the status is 2xx. */
  readonly refused: Tried;
}

async function raw(to: OpenedListener, lines: readonly string[], body = ''): Promise<Tried> {
  const [first, ...headers] = lines;
  const all = [first, 'Host: localhost', 'Connection: close', 'Authorization: Bearer admin-token', ...headers];
  const text = await exchange(to, `${all.join('\r\n')}\r\n\r\n${body}`);
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1]), code: /"code":"([^"]*)"/.exec(text)?.[1] };
}

async function sent(to: OpenedListener, body: unknown, headers: Record<string, string> = {}): Promise<Tried> {
  const { status, json } = await post(to, '/v1/events', body, { headers });
  return { status, code: (json as { code?: string }).code };
}

const HEADERS = ['Host', 'Connection', 'Authorization'].length;
const nested = (levels: number): unknown => JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`);
const padded = (bytes: number): string => `{"type":"a","data":"${'x'.repeat(bytes - 22)}"}`;
const chunked = (extension: number): string => `d;${'x'.repeat(extension)}\r\n{"type":"ab"}\r\n0\r\n\r\n`;

const PROBES: readonly Probe[] = [
  {
    limit: 'header_bytes',
    at: (to) => raw(to, ['GET /v1/status HTTP/1.1', `X-A: ${'x'.repeat(16 * 1024 - 300)}`]),
    above: (to) => raw(to, ['GET /v1/status HTTP/1.1', `X-A: ${'x'.repeat(16 * 1024)}`]),
    refused: { status: 431, code: 'header.too_large' },
  },
  {
    limit: 'header_count',
    at: (to) => raw(to, ['GET /v1/status HTTP/1.1', ...Array<string>(100 - HEADERS).fill('X-A: b')]),
    above: (to) => raw(to, ['GET /v1/status HTTP/1.1', ...Array<string>(101 - HEADERS).fill('X-A: b')]),
    refused: { status: 431, code: 'header.too_many' },
  },
  {
    limit: 'chunk_extension',
    at: (to) => raw(to, ['POST /v1/events HTTP/1.1', 'Transfer-Encoding: chunked'], chunked(16 * 1024)),
    above: (to) => raw(to, ['POST /v1/events HTTP/1.1', 'Transfer-Encoding: chunked'], chunked(16 * 1024 + 1)),
    refused: { status: 413, code: 'body.chunk_extension' },
  },
  {
    limit: 'body',
    at: (to) => sent(to, padded(to.daemon.bodyLimit)),
    above: (to) => sent(to, padded(to.daemon.bodyLimit + 1)),
    refused: { status: 413, code: 'body.too_large' },
  },
  {
    limit: 'json_depth',
    at: (to) => sent(to, { type: 'a', data: nested(32) }),
    above: (to) => sent(to, { type: 'a', data: nested(33) }),
    refused: { status: 400, code: 'events.too_deep' },
  },
  {
    limit: 'json_values',
    at: (to) => sent(to, { type: 'a', data: Array<number>(99_999).fill(0) }),
    above: (to) => sent(to, { type: 'a', data: Array<number>(100_000).fill(0) }),
    refused: { status: 400, code: 'events.too_many_values' },
  },
  {
    limit: 'json_key',
    at: (to) => sent(to, { type: 'a', data: { ['k'.repeat(1024)]: 1 } }),
    above: (to) => sent(to, { type: 'a', data: { ['k'.repeat(1025)]: 1 } }),
    refused: { status: 400, code: 'events.long_key' },
  },
  {
    limit: 'batch',
    at: (to) => sent(to, Array<object>(10_000).fill({ type: 'a' })),
    above: (to) => sent(to, Array<object>(10_001).fill({ type: 'a' })),
    refused: { status: 400, code: 'events.too_many' },
  },
  {
    limit: 'attribute',
    at: (to) => sent(to, { type: 'a', subject: 's'.repeat(1024) }),
    above: (to) => sent(to, { type: 'a', subject: 's'.repeat(1025) }),
    refused: { status: 400, code: 'events.attribute' },
  },
  {
    limit: 'idempotency_key',
    at: (to) => sent(to, { type: 'a' }, { 'idempotency-key': 'k'.repeat(255) }),
    above: (to) => sent(to, { type: 'a' }, { 'idempotency-key': 'k'.repeat(256) }),
    refused: { status: 400, code: 'header.idempotency_key' },
  },
  {
    limit: 'token_rate',
    at: async (to) => {
      to.daemon.known.push({ ...tokenOf('ci', 'ci-token', 'emit'), rate: { count: 1, per: 60_000 } });
      return post(to, '/v1/events', { type: 'a' }, { token: 'ci-token' });
    },
    above: async (to) => (await post(to, '/v1/events', { type: 'a' }, { token: 'ci-token' })).json as Tried,
    refused: { status: 429, code: 'auth.rate' },
  },
  {
    limit: 'page_size',
    at: (to) => ask(to, '/v1/events?limit=1000', { token: 'admin-token' }),
    above: async (to) => (await ask(to, '/v1/events?limit=1001', { token: 'admin-token' })).json as Tried,
    refused: { status: 400, code: 'query.invalid' },
  },
  {
    limit: 'hold',
    at: (to) => post(to, '/v1/channels/ops/hold', { for: '365d' }),
    above: async (to) => (await post(to, '/v1/channels/ops/hold', { for: '365d1ms' })).json as Tried,
    refused: { status: 400, code: 'hold.body' },
  },
];

const counted = new Map(LIMITS.flatMap(({ limits }) => limits).map((limit) => [limit.name, limit.counted]));

async function refusedBy(to: OpenedListener): Promise<readonly string[]> {
  return [...(await to.metrics.text()).matchAll(/^belfry_refused_total\{limit="(\w+)"\} [1-9]\d*$/gm)].map(
    ([, limit]) => limit!,
  );
}

test.each(PROBES)(
  'the limit $limit takes a request at it, refuses the one above, counts that, and goes on',
  async ({ limit, at, above, refused }) => {
    const to = await openTestListener({ clock: new VirtualClock() });
    to.daemon.bodyLimit = 1024 * 1024;
    const { status } = await at(to);
    expect([limit, Math.floor(status / 100)]).toEqual([limit, 2]);
    expect(await refusedBy(to)).toEqual([]);
    const before = to.daemon.accepted.length;
    expect(await above(to)).toMatchObject(refused);
    expect(to.daemon.accepted).toHaveLength(before);
    expect(await refusedBy(to)).toEqual(counted.get(limit) === 'refused' ? [limit] : []);
    expect((await sent(to, { type: 'good' })).status).toBe(202);
  },
);
