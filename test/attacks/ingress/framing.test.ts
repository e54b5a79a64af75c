import { expect } from 'vitest';
import { attacksOn } from '../support/attack.ts';
import { exchange, openRaw, statusesOf } from '../support/raw.ts';
import { storedCount } from '../support/send.ts';
import type { Target } from '../support/target.ts';
import { SECRET } from './signed.ts';

const attack = attacksOn({
  rules: () => `sources:
  open: { type: webhook, path: /hooks/open }
  signed: { type: webhook, path: /hooks/signed, verify: { standard_webhooks: ${SECRET} } }
`,
});

const HEAD = 'POST /hooks/open HTTP/1.1\r\nHost: belfry.example\r\nContent-Type: application/json\r\n';
const CLOSE = 'Connection: close\r\n';
/** A second request that must never be read as one. */
const SMUGGLED = 'POST /hooks/open HTTP/1.1\r\nHost: x\r\nContent-Length: 15\r\n\r\n{"smuggled":1}\n';

const raw = ({ port }: Target, bytes: string | Buffer): Promise<string> => exchange({ host: '127.0.0.1', port }, bytes);

/** Fails unless each text gets only this status, and nothing is stored. */
async function expectStatus(target: Target, status: number | undefined, texts: readonly string[]): Promise<void> {
  const before = await storedCount(target, 'open');
  for (const text of texts) {
    const statuses = statusesOf(await raw(target, text));
    expect([text.slice(0, 400), statuses]).toEqual([text.slice(0, 400), status === undefined ? [] : [status]]);
  }
  expect(await storedCount(target, 'open')).toBe(before);
}

attack('A16', async (target) => {
  const chunked = `2\r\n{}\r\n0\r\n\r\n${SMUGGLED}`;
  const lengths = [
    `Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n${chunked}`,
    `Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n${chunked}`,
    `Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}${SMUGGLED}`,
    `Content-Length: 2, 2\r\n\r\n{}${SMUGGLED}`,
    `Transfer-Encoding: chunked, identity\r\n\r\n${chunked}`,
    `Transfer-Encoding: xchunked\r\n\r\n${chunked}`,
    `Transfer-Encoding: identity\r\nTransfer-Encoding: chunked, x\r\n\r\n${chunked}`,
    `Transfer-Encoding : chunked\r\n\r\n${chunked}`,
    `Content-Length : 2\r\n\r\n{}${SMUGGLED}`,
    `Content-Length: +2\r\n\r\n{}${SMUGGLED}`,
    `Content-Length: -1\r\n\r\n{}${SMUGGLED}`,
    `Content-Length: 0x2\r\n\r\n{}${SMUGGLED}`,
    `Content-Length: ${'9'.repeat(23)}\r\n\r\n{}`,
    `X-Folded: one\r\n two\r\nContent-Length: 2\r\n\r\n{}${SMUGGLED}`,
    `X-Nul: a\u0000b\r\nContent-Length: 2\r\n\r\n{}${SMUGGLED}`,
    `X-Return: a\rb\r\nContent-Length: 2\r\n\r\n{}${SMUGGLED}`,
    `X-No-Colon\r\nContent-Length: 2\r\n\r\n{}${SMUGGLED}`,
    `: no name\r\nContent-Length: 2\r\n\r\n{}${SMUGGLED}`,
    `Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n{}\r\n0\r\n\r\n`,
    `Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n`,
    `Transfer-Encoding: chunked\r\n\r\n2\r\n{}X0\r\n\r\n`,
  ];
  await expectStatus(
    target,
    400,
    lengths.map((text) => HEAD + text),
  );
  await expectStatus(target, 400, [`${HEAD.replaceAll('\r\n', '\n')}Content-Length: 2\n\n{}`]);
});

attack('A17', async (target) => {
  const extension = `Transfer-Encoding: chunked\r\n\r\n2;${'x'.repeat(20_000)}\r\n{}\r\n0\r\n\r\n`;
  await expectStatus(target, 413, [HEAD + extension]);
});

attack('A18', async (target) => {
  const body = `${CLOSE}Content-Length: 2\r\n\r\n{}`;
  await expectStatus(target, 400, [
    `POST /hooks/open HTTP/1.1\r\nHost: belfry.example\r\nHost: other.example\r\n${body}`,
    `POST /hooks/open HTTP/1.1\r\nHost: belfry.example\r\nhost: belfry.example\r\n${body}`,
    `POST http://other.example/hooks/open HTTP/1.1\r\nHost: belfry.example\r\n${body}`,
    `POST //other.example/hooks/open HTTP/1.1\r\nHost: belfry.example\r\nHost: x\r\n${body}`,
  ]);
});

attack('A19', async (target) => {
  const hello = Buffer.from('160301007a0100007603035f', 'hex').toString('latin1');
  await expectStatus(target, 400, [
    `POST /hooks/open HTTP/1.1\r\n${CLOSE}Content-Length: 2\r\n\r\n{}`,
    'POST /hooks/open\r\n\r\n',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    `POST /hooks/open HTTP/9.9\r\nHost: x\r\n${CLOSE}Content-Length: 2\r\n\r\n{}`,
    hello,
    '\u0000\u0001\u0002\u0003\r\n\r\n',
  ]);
});

attack('A20', async (target) => {
  const flood = (count: number, header: (index: number) => string): string =>
    `${HEAD}${CLOSE}${Array.from({ length: count }, (_, index) => header(index)).join('')}Content-Length: 2\r\n\r\n{}`;
  await expectStatus(target, 431, [
    flood(1, () => `X-Long: ${'x'.repeat(17 * 1024)}\r\n`),
    flood(1, () => `X-${'x'.repeat(17 * 1024)}: v\r\n`),
    flood(3000, (index) => `X-${index}: v\r\n`),
    flood(3000, () => 'a:b\r\n'),
    `POST /hooks/open?${'q'.repeat(17 * 1024)} HTTP/1.1\r\nHost: x\r\n${CLOSE}Content-Length: 2\r\n\r\n{}`,
  ]);
});

attack('A21', async (target) => {
  const names = '__proto__: x\r\nconstructor: x\r\nprototype: x\r\ntoString: x\r\nhasOwnProperty: x\r\n';
  const before = await storedCount(target, 'open');
  const post = (path: string): Promise<string> =>
    raw(
      target,
      `POST ${path}?__proto__=x&constructor=y HTTP/1.1\r\nHost: x\r\n${names}${CLOSE}Content-Length: 2\r\n\r\n{}`,
    );
  expect(statusesOf(await post('/hooks/open'))).toEqual([202]);
  expect(statusesOf(await post('/hooks/signed'))).toEqual([401]);
  expect(await storedCount(target, 'open')).toBe(before + 1);
});

attack('A22', async (target) => {
  const request = (method: string, target = '/hooks/open') =>
    `${method} ${target} HTTP/1.1\r\nHost: x\r\n${CLOSE}Content-Length: 2\r\n\r\n{}`;
  for (const method of ['TRACE', 'PUT', 'DELETE', 'PROPFIND', 'OPTIONS', 'PURGE', 'GET']) {
    const answer = await raw(target, request(method));
    expect([method, statusesOf(answer), /^allow: (.*)\r$/im.exec(answer)?.[1]]).toEqual([method, [405], 'POST']);
  }
  await expectStatus(target, 400, [request('BREW'), request('post'), request('P\u00D6ST'), request('')]);
  await expectStatus(target, undefined, [request('CONNECT', 'internal.example:443'), request('CONNECT')]);
});

attack('A23', async (target) => {
  const offer = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n';
  const connection = await openRaw({ host: '127.0.0.1', port: target.port });
  connection.socket.write(`${HEAD}${offer}Content-Length: 9\r\n\r\n{"h2c":1}`);
  expect(statusesOf(await connection.until(/\r\n\r\n/))).toEqual([202]);
  connection.socket.write(`${HEAD}${CLOSE}Content-Length: 2\r\n\r\n{}`);
  expect(statusesOf(await connection.ended())).toEqual([202, 202]);
});

attack('A24', async (target) => {
  await expectStatus(target, 417, [`${HEAD}${CLOSE}Expect: nope\r\nContent-Length: 2\r\n\r\n{}`]);
  const asked = await raw(target, `${HEAD}${CLOSE}Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{}`);
  expect(statusesOf(asked)).toEqual([100, 202]);
});

attack('A28', async (target) => {
  const before = await storedCount(target, 'open');
  const bodies = Array.from({ length: 100 }, (_, index) => `{"n":${index}}`);
  const requests = bodies.map((body) => `${HEAD}Content-Length: ${body.length}\r\n\r\n${body}`);
  const bad = 'POST /hooks/open HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n';
  expect(statusesOf(await raw(target, requests.join('') + bad))).toEqual([...bodies.map(() => 202), 400]);
  expect(await storedCount(target, 'open')).toBe(before + 100);
});

attack('A35', async (target) => {
  const paths = [
    '/hooks/../v1/status',
    '/hooks/open/..',
    '/hooks/%2e%2e/metrics',
    '/hooks/..%2f..',
    '/hooks/open/../open',
    '\\hooks\\open',
    '*',
    'hooks/open',
    '/hooks/%2e/open',
  ];
  const get = (path: string): string => `POST ${path} HTTP/1.1\r\nHost: x\r\n${CLOSE}Content-Length: 2\r\n\r\n{}`;
  for (const path of paths) {
    const [status] = statusesOf(await raw(target, get(path)));
    expect([path, [400, 404].includes(status!)]).toEqual([path, true]);
  }
  await expectStatus(
    target,
    404,
    [
      '/hooks//open',
      '/hooks/open/',
      '/hooks/open;x',
      '/hooks/open%00',
      '/hooks/OPEN',
      '/hooks/%6fpen',
      `/hooks/${'x'.repeat(9000)}`,
    ].map(get),
  );
});
