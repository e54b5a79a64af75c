import { expect, test } from 'vitest';
import { exchange, openTestListener, type OpenedListener } from '../../support/listener.ts';

/** The answer's status and code. */
async function sent(to: OpenedListener, head: string, more: { socket?: boolean; body?: string } = {}): Promise<string> {
  const text = await exchange(to, `${head}Connection: close\r\n\r\n${more.body ?? ''}`, more.socket);
  return [/^HTTP\/1\.1 (\d+)/.exec(text)?.[1], /"code":"([^"]+)"/.exec(text)?.[1]].filter(Boolean).join(' ');
}

const POST = 'POST /v1/events HTTP/1.1\r\nHost: localhost\r\n';
const TOKEN = 'Authorization: Bearer admin-token\r\n';

test('a request without Host, or with two, is 400 on every path', async () => {
  const to = await openTestListener();
  to.daemon.hookRoute = (path) => ({ path, methods: ['GET'], handle: async () => ({ status: 202 }) });
  for (const socket of [false, true])
    for (const target of ['/healthz', '/hooks/x', '/beats/x', '/nothing', '/v1/status']) {
      const line = `GET ${target} HTTP/1.1\r\n`;
      for (const hosts of ['', 'Host: localhost\r\nHost: localhost\r\n', 'Host: localhost\r\nHost: evil.example\r\n'])
        expect([target, await sent(to, line + hosts, { socket })]).toEqual([target, '400 host.missing']);
    }
  for (const socket of [false, true])
    expect(await sent(to, 'GET /hooks/x HTTP/1.1\r\nHost: any.example\r\n', { socket })).toBe('202');
});

test('only HTTP/1.0 may omit Host', async () => {
  const to = await openTestListener();
  expect(await sent(to, 'GET /healthz HTTP/1.0\r\n')).toBe('200');
  expect(await sent(to, 'GET /healthz HTTP/1.0\r\n', { socket: true })).toBe('200');
  expect(await sent(to, 'GET /healthz HTTP/1.0\r\nHost: evil.example\r\n')).toBe('421 host.foreign');
  expect(await sent(to, 'GET /healthz HTTP/1.0\r\nHost: localhost\r\nHost: localhost\r\n')).toBe('400 host.missing');
});

test('an upgrade is checked in the same way', async () => {
  const to = await openTestListener();
  const offer = `Upgrade: websocket\r\n${TOKEN}`;
  const get = 'GET /v1/feed HTTP/1.1\r\n';
  for (const socket of [false, true])
    for (const hosts of ['', 'Host: localhost\r\nHost: localhost\r\n'])
      expect(await exchange(to, `${get}${hosts}Connection: Upgrade\r\n${offer}\r\n`, socket)).toMatch(
        /^HTTP\/1\.1 400 /,
      );
  const twice = `${get}Host: localhost\r\nOrigin: http://localhost\r\nOrigin: http://localhost\r\n`;
  expect(await exchange(to, `${twice}Connection: Upgrade\r\n${offer}\r\n`)).toMatch(/^HTTP\/1\.1 400 /);
  expect(to.stream.came).toEqual([]);
});

test.each([
  ['Authorization', 'Bearer admin-token'],
  ['Content-Type', 'application/json'],
  ['Idempotency-Key', 'k'],
  ['Origin', 'http://localhost'],
  ['Sec-Fetch-Site', 'same-origin'],
])('a repeated header `%s` is 400, since a proxy might use the other one', async (name, value) => {
  const to = await openTestListener();
  const body = '{"type":"x"}';
  const others = name === 'Authorization' ? '' : TOKEN;
  const head = `${POST}${others}Content-Length: ${body.length}\r\n${name}: ${value}\r\n${name.toLowerCase()}: ${value}\r\n`;
  expect(await sent(to, head, { body })).toBe('400 header.repeated');
  expect(to.daemon.accepted).toEqual([]);
});

test.each([
  ['two lengths', 'Content-Length: 12\r\nContent-Length: 12\r\n'],
  ['two different lengths', 'Content-Length: 12\r\nContent-Length: 13\r\n'],
  ['a length and an encoding', 'Content-Length: 12\r\nTransfer-Encoding: chunked\r\n'],
  ['an encoding that is not known', 'Transfer-Encoding: xchunked\r\n'],
  [
    'an encoding in two headers, the last of which does not end it',
    'Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n',
  ],
])('a body with %s is not read', async (_what, lengths) => {
  const to = await openTestListener();
  for (const socket of [false, true])
    expect(await exchange(to, `${POST}${TOKEN}${lengths}\r\n{"type":"x"}`, socket)).toMatch(/^HTTP\/1\.1 400 /);
  expect(to.daemon.accepted).toEqual([]);
});
