import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, lstat, mkdir, readFile, realpath, rename, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { expect, onTestFinished } from 'vitest';
import { Home } from '../../support/daemon.ts';
import { attacksOn } from '../support/attack.ts';
import { descriptorsOf } from '../support/process.ts';
import { exchange, openRaw, statusesOf } from '../support/raw.ts';
import type { Target } from '../support/target.ts';

const attack = attacksOn();

const needsRoot = process.getuid?.() === 0 ? '' : ' (skipped: needs root)';
const hasPython = spawnSync('python3', ['-c', '']).status === 0;
const needsPython = hasPython ? '' : ' (skipped: needs python3)';
const STRANGER = 61_003;

const socketOf = ({ home }: Target): Promise<string> => realpath(home.path('state', 'belfry.sock'));

/** A stopped home whose socket is at `path`. */
async function homeWith(socket: (home: Home) => string): Promise<Home> {
  const home = await Home.make();
  onTestFinished(() => home.close());
  await home.rules('', 'rules.yaml', `  socket: ${socket(home)}\n`);
  return home;
}

/** Exit code and messages of a daemon that must not start. */
async function refusal(home: Home): Promise<{ code: number; output: string }> {
  const from = home.output.length;
  const [code] = (await once(home.spawn(['run', '--config', home.path('rules')]), 'close')) as [number];
  return { code, output: home.output.slice(from) };
}

attack(
  'C1',
  async (target) => {
    await chmod(target.home.folder, 0o755);
    const socket = await socketOf(target);
    expect(((await stat(socket)).mode & 0o777).toString(8)).toBe('660');
    for (const name of ['token', 'belfry.db'])
      expect(((await stat(target.home.path('state', name))).mode & 0o777).toString(8)).toBe('600');
    const script = `require('net').connect(${JSON.stringify(socket)}).on('error', ({ code }) => console.log(code)).on('connect', () => console.log('connected'))`;
    const connect = spawn(
      'setpriv',
      [`--reuid=${STRANGER}`, `--regid=${STRANGER}`, '--clear-groups', process.execPath, '-e', script],
      { cwd: '/' },
    );
    let said = '';
    connect.stdout.on('data', (text: Buffer) => (said += text.toString()));
    await once(connect, 'close');
    await chmod(target.home.folder, 0o700);
    expect(said.trim()).toBe('EACCES');
  },
  needsRoot,
);

attack('C2', async () => {
  const home = await homeWith((own) => own.path('place'));
  await writeFile(home.path('kept'), 'kept');
  const places: readonly [string, () => Promise<unknown>, RegExp][] = [
    ['a file', () => writeFile(home.path('place'), 'kept'), /exists and is not a socket/],
    ['a folder', () => mkdir(home.path('place')), /exists and is not a socket/],
    ['a link to a file', () => symlink(home.path('kept'), home.path('place')), /exists and is not a socket/],
  ];
  for (const [what, prepare, message] of places) {
    await prepare();
    const before = await lstat(home.path('place'));
    const { code, output } = await refusal(home);
    expect([what, code, output]).toEqual([what, 78, expect.stringMatching(message)]);
    expect((await lstat(home.path('place'))).ino).toBe(before.ino);
    await rename(home.path('place'), home.path(`old-${before.ino}`));
  }
  expect(await readFile(home.path('kept'), 'utf8')).toBe('kept');
  const other = createServer().listen(home.path('place'));
  await once(other, 'listening');
  const { code, output } = await refusal(home);
  expect([code, output]).toEqual([75, expect.stringContaining('another program listens on the socket')]);
  expect((await lstat(home.path('place'))).isSocket()).toBe(true);
  other.close();
});

attack('C3', async () => {
  const home = await homeWith((own) => own.path('b.sock'));
  await home.start();
  await home.kill();
  expect((await lstat(home.path('b.sock'))).isSocket()).toBe(true);
  await home.start();
  const second = await refusal(home);
  expect([second.code, second.output]).toEqual([75, expect.stringMatching(/another process has this state directory/)]);
  expect((await home.belfry(['status', '--json'])).code).toBe(0);
});

attack('C4', async () => {
  for (const name of ['x'.repeat(120), '\u00e9'.repeat(60)]) {
    const { code, output } = await refusal(await homeWith((own) => own.path(name)));
    expect([code, output]).toEqual([78, expect.stringContaining('longer than 107 bytes')]);
  }
});

attack('C5', async () => {
  const home = await homeWith((own) => own.path('b.sock'));
  await home.start();
  await rename(home.path('b.sock'), home.path('moved.sock'));
  const thief = createServer((connection) => connection.end('HTTP/1.1 500 \r\n\r\n')).listen(home.path('b.sock'));
  await once(thief, 'listening');
  const { ino } = await lstat(home.path('b.sock'));
  const token = (await readFile(home.path('state', 'token'), 'utf8')).trim();
  const status = await fetch(`http://${home.address}/v1/status`, { headers: { authorization: `Bearer ${token}` } });
  expect(status.status).toBe(200);
  expect(await home.stop()).toBe(0);
  // Its stop removes its own socket only.
  expect((await lstat(home.path('b.sock'))).ino).toBe(ino);
  thief.close();
});

attack('C6', async (target) => {
  const socket = await socketOf(target);
  const before = await descriptorsOf(target.home.pid);
  const all = await Promise.all(Array.from({ length: 1200 }, () => openRaw({ path: socket })));
  const closed = all.filter(({ socket: own }) => own.destroyed);
  const most = (await descriptorsOf(target.home.pid)) - before;
  expect(most).toBeLessThanOrEqual(520);
  // The others are closed when their headers do not come.
  const received = await Promise.all(all.map((connection) => connection.ended()));
  process.stdout.write(`  ${closed.length} of ${all.length} were closed at once, at most ${most} were open\n`);
  expect(received.filter((text) => statusesOf(text)[0] === 408).length).toBeGreaterThan(0);
  expect((await target.home.call('GET', '/v1/status')).status).toBe(200);
});

attack('C7', async (target) => {
  const path = await socketOf(target);
  expect(statusesOf(await exchange({ path }, '\u0000\u0001\u0002\r\n\r\n'))).toEqual([400]);
  expect(statusesOf(await exchange({ path }, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'))).toEqual([400]);
  expect(statusesOf(await exchange({ path }, 'GET /v1/status HTTP/1.1\r\n\r\n'))).toEqual([400]);
  const endless = await openRaw({ path });
  endless.socket.write(`GET /${'x'.repeat(1024 * 1024)}`);
  expect(statusesOf(await endless.ended())).toEqual([431]);
  const binary = await openRaw({ path });
  binary.socket.write(Buffer.alloc(1024 * 1024, 0xff));
  expect(statusesOf(await binary.ended())).toEqual([400]);
});

const SEND_FILES = `
import socket, sys, os
files = [os.open('/dev/null', os.O_RDONLY) for _ in range(200)]
for _ in range(20):
    s = socket.socket(socket.AF_UNIX)
    s.connect(sys.argv[1])
    socket.send_fds(s, [b'GET /v1/status HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n'], files)
    while s.recv(65536): pass
print('sent')
`;

attack(
  'C8',
  async (target) => {
    const before = await descriptorsOf(target.home.pid);
    const python = spawn('python3', ['-c', SEND_FILES, await socketOf(target)]);
    let said = '';
    for (const stream of [python.stdout, python.stderr]) stream.on('data', (text: Buffer) => (said += text.toString()));
    await once(python, 'close');
    expect(said.trim()).toBe('sent');
    await expect.poll(async () => (await descriptorsOf(target.home.pid)) - before).toBeLessThan(20);
  },
  needsPython,
);
