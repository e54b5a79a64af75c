import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, openSync, closeSync } from 'node:fs';
import { mkdir, readFile, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Home } from '../../support/daemon.ts';
import { hasFullDevice } from '../../support/small-disk.ts';

const BELFRY = path.resolve(import.meta.dirname, '../../../bin/belfry.js');
const CONSOLE = 'channels:\n  console: { type: log }\nrules:\n  - { name: all, on: api, notify: [console] }\n';

let home: Home;

beforeAll(async () => {
  home = await Home.make();
  await home.rules(CONSOLE);
  await home.start();
  expect((await home.call('POST', '/v1/events', { type: 't', id: 'e-1' })).status).toBe(202);
});

afterAll(() => home.close());

/** Runs a command whose standard output is `out`. */
async function run(args: readonly string[], out: string, cwd = home.folder): Promise<{ code: number; stderr: string }> {
  const fd = openSync(out, 'w');
  const child = spawn(process.execPath, [BELFRY, ...args], {
    cwd,
    env: { PATH: process.env.PATH!, HOME: home.folder, PWD: cwd, BELFRY_CONFIG: home.path('rules') },
    stdio: ['ignore', fd, 'pipe'],
  });
  closeSync(fd);
  const stderr = collected(child);
  const [code] = (await once(child, 'close')) as [number];
  return { code, stderr: stderr() };
}

function collected(child: ChildProcess): () => string {
  let text = '';
  child.stderr!.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return () => text;
}

const VERBS = [
  '--help',
  'emit --help',
  'check',
  'channel list',
  'status',
  'status --json',
  'events',
  'events --json',
  'deliveries',
  'explain e-1',
  'emit t',
  'audit',
  'alerts',
  'silence list',
  'reload',
  'schema rules',
  'completion bash',
  'version',
];

describe.skipIf(!hasFullDevice)('a full disk behind standard output (/dev/full)', () => {
  test.each(VERBS)('is reported by one line and an exit code: belfry %s', async (verb) => {
    expect(await run(verb.split(' '), '/dev/full')).toEqual({
      code: 1,
      stderr: 'belfry: standard output cannot be written (ENOSPC); not everything was printed\n',
    });
  });

  test('ends a backup at once, which says that it is not complete', async () => {
    await home.call('POST', '/v1/events', { type: 'large', data: 'x'.repeat(200_000) });
    expect(await run(['backup', '-'], '/dev/full')).toEqual({
      code: 1,
      stderr: expect.stringMatching(/^.*\(ENOSPC\); .*\nbelfry: interrupted; the backup is not complete\n$/),
    });
  });

  test('is reported by one line, and the daemon goes on: belfry run', async () => {
    const other = await Home.make();
    try {
      await other.rules(`channels:
  out: { type: file, path: ${other.path('out.jsonl')} }
rules:
  - { name: all, on: api, notify: [out] }
`);
      const fd = openSync('/dev/full', 'w');
      const child = spawn(process.execPath, [BELFRY, 'run', '--config', other.path('rules')], {
        env: { PATH: process.env.PATH!, HOME: other.folder },
        stdio: ['ignore', fd, 'pipe'],
      });
      closeSync(fd);
      const stderr = collected(child);
      await once(child.stderr!, 'data');
      let answer = { code: 69, stdout: '', stderr: '' };
      while (answer.code === 69) answer = await other.belfry(['emit', 'x', '--wait']);
      expect(answer).toMatchObject({ code: 0, stderr: '' });
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      expect(await exited).toEqual([0, null]);
      expect(stderr()).toBe(
        'belfry: standard output cannot be written (ENOSPC); the daemon goes on; lines of its log are lost\n',
      );
    } finally {
      await other.close();
    }
  });
});

test('a closed pipe is not an error of a command', async () => {
  const child = home.spawn(['schema', 'rules']);
  child.stdout!.destroy();
  const stderr = collected(child);
  expect(await once(child, 'close')).toEqual([0, null]);
  expect(stderr()).toBe('');
});

test('a backup whose reader has gone ends at once, not complete', async () => {
  const child = home.spawn(['backup', '-']);
  child.stdout!.destroy();
  const stderr = collected(child);
  expect(await once(child, 'close')).toEqual([130, null]);
  expect(stderr()).toBe('belfry: interrupted; the backup is not complete\n');
});

test('a removed working directory gives no stack trace', async () => {
  const gone = home.path('gone');
  await mkdir(gone);
  const child = spawn('sh', ['-c', `rmdir "$PWD" && exec "${process.execPath}" "${BELFRY}" check rules`], {
    cwd: gone,
    env: { PATH: process.env.PATH!, HOME: home.folder, PWD: gone },
  });
  const stderr = collected(child);
  let stdout = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  expect({ code, stderr: stderr() }).toMatchObject({ code: 78, stderr: '' });
  expect(stdout).toContain('there is no such');
  await rmdir(gone).catch(() => {});
});

test('SIGHUP while the daemon starts reloads after the start', async (context) => {
  if (!existsSync('/proc/self/status')) return context.skip('this system has no /proc');
  const other = await Home.make();
  try {
    await other.rules(CONSOLE);
    const started = other.start();
    while (!(await catchesHangup(other.pid)));
    expect(other.output).toBe('');
    other.signal('SIGHUP');
    await started;
    await other.logged(({ msg }) => msg === 'reload: nothing has changed');
    expect(await other.stop()).toBe(0);
  } finally {
    await other.close();
  }
});

/** Whether a process has a handler for SIGHUP, which is the lowest bit of the mask. */
async function catchesHangup(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const mask = /^SigCgt:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0';
  return (BigInt(`0x${mask}`) & 1n) === 1n;
}
