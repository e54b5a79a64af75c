import { type ChildProcess, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { Home } from '../../support/daemon.ts';

async function openHome(): Promise<Home> {
  const home = await Home.make();
  onTestFinished(() => home.close());
  return home;
}

/** Starts a command; `ended` resolves to how it ended. */
function start(home: Home, args: readonly string[]) {
  const child = home.spawn(args, { BELFRY_TOKEN: 'x' });
  onTestFinished(() => void child.kill('SIGKILL'));
  return { child, ended: once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]> };
}

/** Resolves when the program reads from its standard input: more is written than a pipe holds. */
function reads({ stdin }: ChildProcess): Promise<void> {
  stdin!.on('error', () => {});
  return new Promise((resolve) => stdin!.write(Buffer.alloc(1 << 20, ' '), () => resolve()));
}

test.each([
  ['SIGTERM', ['emit', 'a', '--data', '-']],
  ['SIGINT', ['emit', 'a', '--data', '-']],
  ['SIGTERM', ['explain', '-']],
] as const)('%s ends `%s` while it reads from standard input', async (signal, args) => {
  const home = await openHome();
  const { child, ended } = start(home, args);
  await reads(child);
  child.kill(signal);
  expect(await ended).toEqual([null, signal]);
  expect(home.output).toBe('belfry: interrupted\n');
});

test.each([
  ['emit', (fifo: string) => ['emit', 'a', '--data', `@${fifo}`]],
  ['explain', (fifo: string) => ['explain', fifo]],
])('SIGTERM ends %s while it reads from a FIFO without a writer', async (_, argsOf) => {
  const home = await openHome();
  const fifo = home.path('fifo');
  execFileSync('mkfifo', [fifo]);
  const { child, ended } = start(home, argsOf(fifo));
  // Opens when the other side has opened it, too.
  const writer = await open(fifo, 'w');
  child.kill('SIGTERM');
  expect(await ended).toEqual([null, 'SIGTERM']);
  await writer.close();
});

/** Accepts connections and never answers; `asked` resolves at the first request. */
async function silentDaemon() {
  let come = (): void => {};
  const asked = new Promise<void>((resolve) => (come = resolve));
  const server = createServer((socket) => socket.on('error', () => {}).on('data', () => come()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { asked, url: `http://127.0.0.1:${(server.address() as { port: number }).port}` };
}

test.each([
  ['status'],
  ['reload'],
  ['audit'],
  ['emit', 'a', '--wait'],
  ['events'],
  ['deliveries', 'd-1'],
  ['alerts'],
  ['ack', 'db1'],
  ['silence', 'list'],
  ['silence', 'add', 'key=a', '--for', '1h', '--reason', 'r'],
  ['hold', 'ops'],
  ['release', 'ops'],
  ['channel', 'list'],
  ['channel', 'test', 'ops'],
  ['dead', 'list'],
  ['dead', 'drop', 'd-1', '--yes'],
  ['explain', 'e-1'],
])('SIGTERM ends `%s %s %s` while the daemon does not answer', async (...args) => {
  const home = await openHome();
  const { url, asked } = await silentDaemon();
  const { child, ended } = start(home, [...args, '--url', url]);
  await asked;
  child.kill('SIGTERM');
  expect(await ended).toEqual([null, 'SIGTERM']);
});

test('SIGTERM ends `tail` with 0 while nothing happens', async () => {
  const home = await openHome();
  const { url, asked } = await silentDaemon();
  const { child, ended } = start(home, ['tail', '--url', url]);
  await asked;
  child.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
});

test('`init` reports a folder that cannot be made', async () => {
  const home = await openHome();
  const { code, stderr } = await home.belfry(['init', '/proc/x']);
  expect([code, stderr]).toEqual([
    1,
    'belfry: /proc/x cannot be made (ENOENT); nothing was written. Name a directory that does not exist yet: belfry init DIR\n',
  ]);
});

test('--timeout also limits the search for a daemon that does not answer', async () => {
  const home = await openHome();
  await home.rules('rules: []\n');
  await home.start();
  home.signal('SIGSTOP');
  onTestFinished(() => home.signal('SIGCONT'));
  expect(await home.belfry(['status', '--timeout', '100ms'])).toMatchObject({
    code: 1,
    // Without the line that explains a wait of more than 3 s.
    stderr: expect.stringMatching(
      /^belfry: the daemon is running, but has not answered `GET \/v1\/status` within 100ms/,
    ),
  });
});
