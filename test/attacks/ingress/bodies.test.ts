import { gzipSync } from 'node:zlib';
import { expect } from 'vitest';
import { attacksOn } from '../support/attack.ts';
import { exchange, openRaw, statusesOf } from '../support/raw.ts';
import { cpuSecondsOf } from '../support/process.ts';
import { send, type Sent, storedCount, storedData } from '../support/send.ts';
import type { Target } from '../support/target.ts';

const MAX_BODY = 256 * 1024;

const attack = attacksOn({
  rules: (origin) => `sources:
  open: { type: webhook, path: /hooks/open, max_body: 256KiB }
channels:
  shown: { type: webhook, url: "${origin}/shown" }
  refusing: { type: webhook, url: "${origin}/refusing" }
rules:
  - { name: by-match, on: open, match: { data.admin: true }, notify: shown }
  - { name: by-if, on: open, if: data.admin == true, notify: shown }
  - { name: of-prototype, on: open, match: { data.prototype: shown }, notify: [shown, refusing],
      message: { title: "[{{ data.__proto__.polluted }}{{ data.constructor.name | default: '' }}{{ data.admin | default: '' }}]" } }
`,
});

const HEAD = 'POST /hooks/open HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n';
const post = (target: Target, body: string | Buffer, headers: Record<string, string> = {}): Promise<Sent> =>
  send(target, '/hooks/open', { body, headers });
const exactly = (bytes: number): string => JSON.stringify('x'.repeat(bytes - 2));
const raw = ({ port }: Target, bytes: string): Promise<string> => exchange({ host: '127.0.0.1', port }, bytes);

attack('A13', async (target) => {
  const before = await storedCount(target, 'open');
  expect((await post(target, exactly(MAX_BODY + 1))).status).toBe(413);
  const text = exactly(MAX_BODY + 1);
  const chunked = `${HEAD}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`;
  expect(statusesOf(await raw(target, chunked))).toEqual([413]);
  expect(await storedCount(target, 'open')).toBe(before);
  expect((await post(target, exactly(MAX_BODY))).status).toBe(202);
});

attack('A14', async (target) => {
  const connection = await openRaw({ host: '127.0.0.1', port: target.port });
  connection.socket.write(`${HEAD}Content-Length: ${10 * 1024 ** 3}\r\n\r\n`);
  expect(statusesOf(await connection.until(/\r\n\r\n/))).toEqual([413]);
  // Bytes that come nevertheless are discarded, up to a limit.
  const flood = Buffer.alloc(1024 * 1024, 0x78);
  while (!connection.socket.destroyed)
    await new Promise<void>((resolve) => connection.socket.write(flood, () => resolve()));
  expect(statusesOf(connection.received)).toEqual([413]);
});

attack('A15', async (target) => {
  const before = await cpuSecondsOf(target.home.pid);
  const chunks = '1\r\nx\r\n'.repeat(300_000);
  expect(
    statusesOf(await raw(target, `${HEAD}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`)),
  ).toEqual([413]);
  process.stdout.write(`  300,000 chunks: ${((await cpuSecondsOf(target.home.pid)) - before).toFixed(2)} s of CPU\n`);
});

attack('A30', async (target) => {
  const before = await storedCount(target, 'open');
  const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024, 0x78));
  for (const encoding of [
    'gzip',
    'GZIP',
    'x-gzip',
    'br',
    'zstd',
    'deflate',
    'identity, gzip',
    Array(1000).fill('gzip').join(', '),
  ])
    expect([encoding, (await post(target, bomb, { 'content-encoding': encoding })).status]).toEqual([encoding, 415]);
  const api = await send(target, '/v1/events', {
    body: bomb,
    headers: { authorization: `Bearer ${target.token}`, 'content-encoding': 'gzip' },
  });
  expect(api.status).toBe(415);
  expect(await storedCount(target, 'open')).toBe(before);
  expect((await post(target, '{}', { 'content-encoding': 'identity' })).status).toBe(202);
});

attack('A31', async (target) => {
  const before = await storedCount(target, 'open');
  const deep = (open: string, close: string, depth: number): string => open.repeat(depth) + '1' + close.repeat(depth);
  for (const body of [
    deep('[', ']', 100_000),
    deep('{"a":', '}', 40_000),
    '['.repeat(200_000),
    deep('[', ']', 65),
    deep('[{"a":', '}]', 33),
  ])
    expect([body.slice(0, 20), (await post(target, body)).status]).toEqual([body.slice(0, 20), 400]);
  // Brackets in texts are not nesting, and the media type does not switch the limit off.
  expect((await post(target, deep('[', ']', 100_000), { 'content-type': 'application/x+json' })).status).toBe(400);
  expect(await storedCount(target, 'open')).toBe(before);
  expect((await post(target, JSON.stringify('['.repeat(1000)))).status).toBe(202);
  expect((await post(target, deep('[', ']', 64))).status).toBe(202);
});

attack('A32', async (target) => {
  const json = 'application/json';
  const refused: readonly [string | Buffer, number][] = [
    ['{"a":NaN}', 400],
    ['{"a":Infinity}', 400],
    ["{'a':1}", 400],
    ['{"a":1,}', 400],
    ['{"a":01}', 400],
    ['{"a":1}{"b":2}', 400],
    ['{"a":"\u0000"}', 400],
    [Buffer.from([0x22, 0xff, 0xfe, 0x22]), 415],
    [Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), 415],
    [Buffer.from([0x22, 0xc0, 0xaf, 0x22]), 415],
    [Buffer.from('\uFEFF{"a":1}', 'utf16le'), 415],
  ];
  for (const [body, status] of refused)
    expect([body, (await post(target, body, { 'content-type': json })).status]).toEqual([body, status]);
  const stored: readonly [string, unknown][] = [
    [
      '{"n":18446744073709551616,"m":-9007199254740993,"e":1e400}',
      { n: '18446744073709551616', m: '-9007199254740993', e: '1e400' },
    ],
    ['\uFEFF{"bom":1}', { bom: 1 }],
    ['{"twice":1,"twice":2}', { twice: 2 }],
    [String.raw`{"lone":"\ud800x"}`, { lone: '\uD800x' }],
    ['null', null],
    ['"text"', 'text'],
    ['', null],
  ];
  for (const [body, data] of stored) {
    const before = await storedCount(target, 'open');
    expect([body, (await post(target, body)).status]).toEqual([body, 202]);
    expect((await storedData(target, 'open'))[before]).toEqual(data);
  }
  const keys = JSON.stringify(Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`k${index}`, 0])));
  expect((await post(target, keys)).status).toBe(202);
});

attack('A33', async (target) => {
  const { home, receiver } = target;
  receiver.statuses.set('refusing', 400);
  const count = await storedCount(target, 'open');
  const outcomes = async (body: string, type = 'application/json'): Promise<unknown> => {
    const { id } = JSON.parse((await post(target, body, { 'content-type': type })).text) as { id: string };
    return (await home.call<{ outcomes: unknown }>('GET', `/v1/events/${id}`)).body.outcomes;
  };
  const hostile =
    '{"__proto__":{"admin":true,"polluted":"P"},"constructor":{"prototype":{"admin":true}},"prototype":"shown"}';
  expect(await outcomes(hostile)).toEqual({ 'of-prototype': 'notified' });
  expect(
    await outcomes('__proto__=1&__proto__[admin]=true&constructor=x', 'application/x-www-form-urlencoded'),
  ).toEqual({});
  expect(await outcomes('{}')).toEqual({});
  const data = await storedData(target, 'open');
  expect(JSON.stringify(data[count])).toBe(hostile);
  await expect.poll(() => receiver.got.map(({ channel, title }) => `${channel} ${title}`)).toContain('shown [P]');
  // The dead letter and its resend carry the same event.
  await expect.poll(async () => (await home.deadLetters()).length).toBe(1);
  receiver.statuses.delete('refusing');
  const resent = await home.belfry(['dead', 'resend', '--all', '--yes', '--requeue']);
  expect([resent.code, resent.stderr]).toEqual([0, '']);
  expect(await outcomes('{}')).toEqual({});
});

attack('A34', async (target) => {
  for (const type of [
    'application/json; charset=utf-7',
    'text/plain; charset=utf-16',
    'application/json; charset="iso-8859-1"',
  ])
    expect([type, (await post(target, '{"a":1}', { 'content-type': type })).status]).toEqual([type, 415]);
  const before = await storedCount(target, 'open');
  for (const type of [
    'text/plain',
    'text/html; charset=utf-8',
    'multipart/form-data; boundary=x',
    'application/octet-stream',
  ])
    expect((await post(target, '{"admin":true}', { 'content-type': type })).status).toBe(202);
  expect((await storedData(target, 'open')).slice(before)).toEqual(Array(4).fill({ text: '{"admin":true}' }));
});
