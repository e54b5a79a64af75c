import { expect } from 'vitest';
import { attacksOn } from '../support/attack.ts';
import { openRaw, statusesOf } from '../support/raw.ts';
import type { Target } from '../support/target.ts';
import { CLOSE, CONTINUATION, frame, framesOf, openSocket, PING, TEXT, untilClosed, upgradeHead } from './client.ts';

const attack = attacksOn({
  rules: () => `channels:
  alice: { type: websocket, to: [alice] }
rules:
  - { name: pushed, on: api, match: { type: pushed }, message: { title: "{{ data.n }}" }, notify: alice }
`,
});

const STREAM = '/v1/stream?user=alice';
const PATHS = [STREAM, '/v1/feed'];

/** Status of the answer to a handshake. */
async function statusOf(
  { port, token }: Target,
  path: string,
  headers: Readonly<Record<string, string>>,
): Promise<number | undefined> {
  const connection = await openRaw({ host: '127.0.0.1', port });
  connection.socket.write(upgradeHead(path, { Authorization: `Bearer ${token}`, ...headers }));
  const [status] = statusesOf(await connection.until(/\r\n\r\n/));
  connection.socket.destroy();
  return status;
}

/** Fails unless the daemon closes each connection that sends these bytes with the code. */
async function expectClosed(
  target: Target,
  code: number,
  inputs: readonly (readonly Buffer[])[],
  paths = PATHS,
): Promise<void> {
  for (const path of paths)
    for (const [index, input] of inputs.entries()) {
      const connection = await openSocket(target, path);
      expect(statusesOf(connection.received)).toEqual([101]);
      for (const bytes of input) connection.socket.write(bytes);
      expect([path, index, await untilClosed(connection)]).toEqual([path, index, code]);
    }
}

attack('D1', async (target) => {
  for (const path of PATHS)
    for (const Origin of ['https://evil.example', 'http://localhost.evil', `http://localhost:${target.port + 1}`])
      expect([Origin, await statusOf(target, path, { Origin })]).toEqual([Origin, 403]);
});

attack('D2', async (target) => {
  for (const path of PATHS) {
    expect(await statusOf(target, path, { Origin: 'null' })).toBe(403);
    for (const Authorization of ['', 'Bearer wrong', `Basic ${target.token}`])
      expect(await statusOf(target, path, { Authorization })).toBe(401);
    expect(
      await statusOf(target, path, { Authorization: '', 'Sec-WebSocket-Protocol': 'belfry.v1, bearer.wrong' }),
    ).toBe(401);
  }
});

attack('D3', async (target) => {
  const from = target.home.output.length;
  for (const name of ['token', 'access_token', 'bearer', 'ticket'])
    for (const path of ['/v1/stream', '/v1/feed'])
      expect(await statusOf(target, `${path}?${name}=${target.token}`, { Authorization: '' })).toBe(401);
  const connection = await openSocket(target, STREAM, {
    'Sec-WebSocket-Protocol': `belfry.v1, bearer.${target.token}`,
  });
  expect(statusesOf(connection.received)).toEqual([101]);
  expect(connection.received).not.toContain(target.token);
  connection.socket.destroy();
  expect(target.home.output.slice(from)).not.toContain(target.token);
});

attack('D5', async (target) => {
  const many = Object.fromEntries(Array.from({ length: 1900 }, (_, index) => [`x${index}`, '1']));
  expect(await statusOf(target, STREAM, many)).toBe(431);
  for (const protocol of [
    ' '.repeat(8000),
    ','.repeat(8000),
    'belfry.v1, '.repeat(700),
    'a\u00e9b',
    'belfry.v1, belfry.v1',
  ])
    expect([400, 401]).toContain(
      await statusOf(target, STREAM, { Authorization: '', 'Sec-WebSocket-Protocol': protocol }),
    );
  for (const [name, value] of Object.entries({
    'Sec-WebSocket-Key': 'short',
    'Sec-WebSocket-Version': '7',
  }))
    expect([name, [400, 404, 426].includes((await statusOf(target, STREAM, { [name]: value }))!)]).toEqual([
      name,
      true,
    ]);
  expect(await statusOf(target, '/v1/events', {})).toBe(404);
});

attack('D6', async (target) => {
  const ping = '{"type":"ping"}';
  await expectClosed(target, 1002, [
    [frame(TEXT, ping, { masked: false })],
    [frame(TEXT, ping, { rsv: 4 })],
    [frame(TEXT, ping, { rsv: 2 })],
    [frame(3, ping)],
    [frame(11, ping)],
    [frame(CLOSE, Buffer.from([0x03, 0xec]))],
    [frame(CLOSE, Buffer.from([0x03]))],
    [frame(PING, Buffer.alloc(126))],
    [frame(PING, 'x', { fin: false })],
    [frame(CONTINUATION, ping)],
    [frame(TEXT, 'x', { fin: false }), frame(TEXT, ping)],
  ]);
});

attack('D7', async (target) => {
  const invalid = [Buffer.from([0xff, 0xfe]), Buffer.from([0xc0, 0xaf]), Buffer.from([0xed, 0xa0, 0x80])];
  await expectClosed(target, 1007, [
    ...invalid.map((bytes) => [frame(TEXT, bytes)]),
    [frame(CLOSE, Buffer.concat([Buffer.from([0x03, 0xe8]), invalid[0]!]))],
  ]);
});

attack('D8', async (target) => {
  await expectClosed(target, 1009, [
    [frame(TEXT, '', { length: 200 * 1024 ** 2 })],
    [frame(TEXT, '', { length: 64 * 1024 + 1 })],
    [frame(TEXT, Buffer.alloc(40 * 1024, 0x20), { fin: false }), frame(CONTINUATION, Buffer.alloc(40 * 1024, 0x20))],
  ]);
  await expectClosed(target, 1009, [[frame(TEXT, '', { length: 2 ** 53 })]]);
});

attack('D9', async (target) => {
  const fragments = (payload: string) =>
    Buffer.concat([
      frame(TEXT, '{', { fin: false }),
      ...Array<Buffer>(300).fill(frame(CONTINUATION, payload, { fin: false })),
    ]);
  await expectClosed(target, 1008, [[fragments('x')], [fragments('')]]);
});

attack('D10', async (target) => {
  for (const offer of [
    'permessage-deflate',
    'permessage-deflate; server_max_window_bits=99',
    'permessage-deflate; client_max_window_bits, x-webkit-deflate-frame',
    `${'permessage-deflate, '.repeat(300)}x`,
  ]) {
    const connection = await openSocket(target, STREAM, {
      Authorization: `Bearer ${target.token}`,
      'Sec-WebSocket-Extensions': offer,
    });
    expect(statusesOf(connection.received)).toEqual([101]);
    expect(connection.received).not.toMatch(/sec-websocket-extensions/i);
    connection.socket.destroy();
  }
});

attack('D15', async (target) => {
  for (const query of [
    'seq=-1&epoch=x',
    'seq=1e9&epoch=x',
    `seq=${'9'.repeat(30)}&epoch=x`,
    'seq=1&seq=2&epoch=x',
    'cursor=1',
    'seq=%00&epoch=x',
  ])
    expect([query, await statusOf(target, `${STREAM}&${query}`, {})]).toEqual([query, 400]);
  expect(await statusOf(target, `${STREAM}&epoch=${'x'.repeat(1024 * 1024)}`, {})).toBe(431);
  // A position of another epoch, or beyond the last push, is reset.
  for (const query of ['epoch=other&seq=5', `epoch=x&seq=${10 ** 14}`]) {
    const connection = await openSocket(target, `${STREAM}&${query}`);
    await connection.until(/"type":"reset"/);
    connection.socket.destroy();
  }
  for (const text of [
    '{"type":"ack","seq":-1}',
    '{"type":"ack","seq":1e99}',
    '{"type":"resume","seq":1}',
    '{"type":"resume","epoch":[],"seq":1}',
    '[]',
    'null',
    'x',
    '{"__proto__":{"type":"ping"}}',
  ])
    await expectClosed(target, 1008, [[frame(TEXT, text)]], [STREAM]);
  const connection = await openSocket(target, STREAM);
  connection.socket.write(frame(TEXT, JSON.stringify({ type: 'ack', seq: Number.MAX_SAFE_INTEGER })));
  connection.socket.write(frame(TEXT, '{"type":"ping"}'));
  expect(framesOf(await connection.until(/"type":"pong"/)).some(({ opcode }) => opcode === CLOSE)).toBe(false);
  connection.socket.destroy();
  // The acknowledgement of pushes that were not sent keeps none of the later ones back.
  const reader = await openSocket(target, STREAM);
  await target.home.call('POST', '/v1/events', { type: 'pushed', data: { n: 'after' } });
  await reader.until(/"title":"after"/);
  reader.socket.destroy();
});
