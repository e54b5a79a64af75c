import { readFile, writeFile } from 'node:fs/promises';
import { expect } from 'vitest';
import { attacksOn } from '../support/attack.ts';
import { memoryOf } from '../support/process.ts';
import { openRaw, type RawConnection, statusesOf } from '../support/raw.ts';
import { reload } from '../support/reload.ts';
import { send } from '../support/send.ts';
import type { Target } from '../support/target.ts';
import { frame, framesOf, openSocket, PING, TEXT, untilClosed, upgradeHead } from './client.ts';

const attack = attacksOn({
  daemon: `  tokens:
    - { name: admin, token: token-of-the-admin-0123, scopes: [admin] }
    - { name: alice, token: token-of-alice-01234567, scopes: ["stream:alice"] }
    - { name: bob, token: token-of-bob-0123456789, scopes: ["stream:bob"] }
`,
  rules: () => `channels:
  alice: { type: websocket, to: [alice] }
  bob: { type: websocket, to: [bob] }
rules:
  - { name: to-alice, on: api, match: { type: to-alice }, message: { title: "{{ data.n }}", body: "{{ data.text | default: '' }}" }, notify: alice }
  - { name: to-bob, on: api, match: { type: to-bob }, message: { title: "{{ data.n }}" }, notify: bob }
`,
});

const ADMIN = { Authorization: 'Bearer token-of-the-admin-0123' };
const ALICE = { Authorization: 'Bearer token-of-alice-01234567' };
const BOB = { Authorization: 'Bearer token-of-bob-0123456789' };

const messagesOf = ({ received }: Pick<RawConnection, 'received'>): { seq: number; title: string }[] =>
  framesOf(received)
    .filter(({ opcode }) => opcode === TEXT)
    .map(({ payload }) => JSON.parse(payload.toString()) as { type: string; seq: number; title: string })
    .filter(({ type }) => type === 'message');

attack('D4', async (target) => {
  for (const user of ['bob', '*', '../bob', 'alice,bob', '']) {
    const connection = await openSocket(target, `/v1/stream?user=${encodeURIComponent(user)}`, ALICE);
    const [status] = statusesOf(connection.received);
    const code = status === 101 ? await untilClosed(connection) : undefined;
    expect([user, status, code]).toEqual(user === '' ? [user, 400, undefined] : [user, 101, 1008]);
  }
  for (const headers of [ALICE, BOB])
    expect(statusesOf((await openSocket(target, '/v1/feed', headers)).received)).toEqual([403]);
  const alice = await openSocket(target, '/v1/stream', ALICE);
  await target.home.call('POST', '/v1/events', { type: 'to-bob', data: { n: 'secret of bob' } });
  await target.home.call('POST', '/v1/events', { type: 'to-alice', data: { n: 'for alice' } });
  expect(await alice.until(/for alice/)).not.toContain('secret of bob');
  alice.socket.destroy();
});

attack('D11', async (target) => {
  const text = 'x'.repeat(60_000);
  const count = 300;
  const before = await memoryOf(target.home.pid);
  const reader = await openRaw({ host: '127.0.0.1', port: target.port });
  const closed = new Promise<void>((resolve) => reader.socket.once('close', () => resolve()));
  reader.socket.write(upgradeHead('/v1/stream', BOB));
  await reader.until(/"type":"hello"/);
  const hello = JSON.parse(framesOf(reader.received)[0]!.payload.toString()) as { epoch: string; seq: number };
  reader.socket.pause();
  const from = target.home.lines.length;
  for (let n = 0; n < count; n += 1)
    await target.home.call('POST', '/v1/events', { type: 'to-bob', data: { n, text } });
  const slow = await openSocket(target, '/v1/stream', ALICE);
  slow.socket.pause();
  for (let n = 0; n < count; n += 1)
    await target.home.call('POST', '/v1/events', { type: 'to-alice', data: { n: `slow-${n}`, text } });
  await target.home.logged(({ msg }) => msg.startsWith('push: a client does not read'), from);
  process.stdout.write(`  memory: +${Math.round(((await memoryOf(target.home.pid)) - before) / 1024 ** 2)} MiB\n`);
  reader.socket.resume();
  reader.socket.destroy();
  slow.socket.destroy();
  await closed;
  // It resumes where it stopped: every push comes once, in order.
  const again = await openSocket(target, `/v1/stream?epoch=${hello.epoch}&seq=${hello.seq}`, BOB);
  await again.until(new RegExp(`"title":"${count - 1}"`));
  const titles = messagesOf(again).map(({ title }) => title);
  expect(titles.filter((title) => title !== 'secret of bob')).toEqual(Array.from({ length: count }, (_, n) => `${n}`));
  again.socket.destroy();
});

attack('D12', async (target) => {
  const before = await memoryOf(target.home.pid);
  const reader = await openSocket(target, '/v1/stream', ALICE);
  const pings = [frame(PING, Buffer.alloc(125)), frame(TEXT, '{"type":"ping"}')];
  for (const path of ['/v1/stream?user=bob', '/v1/feed'])
    for (const ping of pings) {
      const flooding = await openSocket(target, path, ADMIN);
      flooding.socket.pause();
      const flood = Buffer.concat(Array<Buffer>(2000).fill(ping));
      // The kernel buffers answers of a few megabytes before the daemon must.
      const ended = new Promise<void>((resolve) => flooding.socket.once('close', () => resolve()));
      while (!flooding.socket.destroyed)
        await Promise.race([ended, new Promise<void>((resolve) => flooding.socket.write(flood, () => resolve()))]);
    }
  process.stdout.write(`  memory: +${Math.round(((await memoryOf(target.home.pid)) - before) / 1024 ** 2)} MiB\n`);
  await target.home.call('POST', '/v1/events', { type: 'to-alice', data: { n: 'after the flood' } });
  await reader.until(/after the flood/);
  reader.socket.destroy();
});

attack('D14', async (target) => {
  const all = await Promise.all(Array.from({ length: 200 }, () => openSocket(target, '/v1/stream?user=carol', ADMIN)));
  await Promise.all(all.map((connection) => connection.until(/"type":"hello"|\u0088/)));
  const kept = all.filter(({ received }) => received.includes('"type":"hello"'));
  expect(kept).toHaveLength(16);
  for (const connection of all.filter((one) => !kept.includes(one))) expect(await untilClosed(connection)).toBe(1013);
  for (const { socket } of kept) socket.destroy();
  const alice = await openSocket(target, '/v1/stream', ALICE);
  await alice.until(/"type":"hello"/);
  alice.socket.destroy();
});

/** Sends nothing, and answers no ping. */
async function silent(target: Target, path: string): Promise<RawConnection> {
  return openSocket(target, path, ADMIN);
}

attack('D13', async (target) => {
  const start = performance.now();
  const connections = await Promise.all(['/v1/stream?user=alice', '/v1/feed'].map((path) => silent(target, path)));
  for (const connection of connections) {
    const received = await connection.ended();
    expect(framesOf(received).some(({ opcode }) => opcode === PING)).toBe(true);
  }
  process.stdout.write(`  closed after ${((performance.now() - start) / 1000).toFixed(1)} s\n`);
});

/** Opens a stream of each kind with a token; the function that is returned fails unless the daemon ends all of them. */
async function openStreams(target: Target, token: string): Promise<() => Promise<void>> {
  const headers = { Authorization: `Bearer ${token}` };
  const events = await fetch(`${target.origin}/v1/feed`, { headers });
  const asked = await send(target, '/v1/stream/tickets', {
    body: '{"user":"alice"}',
    headers,
  });
  const { ticket } = JSON.parse(asked.text) as { ticket: string };
  const sockets = [
    await openSocket(target, '/v1/feed', headers),
    await openSocket(target, '/v1/stream?user=alice', headers),
    await openSocket(target, `/v1/stream?ticket=${ticket}`, {}),
  ];
  return async () => {
    expect(await Promise.all(sockets.map(untilClosed))).toEqual([1008, 1008, 1008]);
    await events.text();
  };
}

attack('D16', async (target) => {
  const file = target.home.path('rules', 'rules.yaml');
  const rules = await readFile(file, 'utf8');
  const withToken = async (line: string): Promise<void> => {
    await writeFile(file, rules.replace('  tokens:\n', `  tokens:\n${line}`));
    expect(await reload(target)).toMatchObject({ ok: true });
  };
  const guest = 'name: guest, token: token-of-a-guest-012345, scopes: [admin]';
  await withToken(`    - { ${guest}, expires: "${new Date(Date.now() + 5000).toISOString()}" }\n`);
  await (await openStreams(target, 'token-of-a-guest-012345'))();
  await withToken(`    - { ${guest} }\n`);
  const removed = await openStreams(target, 'token-of-a-guest-012345');
  await withToken('');
  await removed();
  const { body: issued } = await target.home.call<{ ticket: string }>('POST', '/v1/console/tickets');
  const session = await target.home.call<{ token: string }>('POST', '/v1/console/login', { ticket: issued.ticket });
  const ended = await openStreams(target, session.body.token);
  const { body: known } = await target.home.call<{ sessions: { id: string }[] }>('GET', '/v1/tokens');
  await target.home.call('DELETE', `/v1/sessions/${known.sessions[0]!.id}`);
  await ended();
});
