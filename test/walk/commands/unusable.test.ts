import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Home } from '../../support/daemon.ts';

const RULES = 'channels: { out: { type: log } }\nrules: [{ name: any, notify: out }]\n';

let home: Home;

beforeEach(async () => {
  home = await Home.make();
});
afterEach(() => home.close());

interface Unusable {
  readonly daemon: (at: Home) => string;
  readonly prepare?: (at: Home) => Promise<unknown>;
  readonly said: (at: Home) => string;
}

const UNUSABLE: readonly (readonly [string, Unusable])[] = [
  ['lies in /proc', { daemon: () => 'state: /proc/belfry/state', said: () => '/proc/belfry/state cannot be used' }],
  [
    'is a file',
    {
      daemon: (at) => `state: ${at.path('file')}`,
      prepare: (at) => writeFile(at.path('file'), ''),
      said: (at) => `${at.path('file')} cannot be used: it is not a folder`,
    },
  ],
  [
    'lies below a file',
    {
      daemon: (at) => `state: ${at.path('file', 'a', 'b')}`,
      prepare: (at) => writeFile(at.path('file'), ''),
      said: () => 'a part of the path is not a folder',
    },
  ],
  [
    'has a folder where its token should be',
    {
      daemon: (at) => `state: ${at.path('s')}`,
      prepare: (at) => mkdir(at.path('s', 'token'), { recursive: true }),
      said: () => 'is a directory, not a regular file',
    },
  ],
  ...['belfry.db', 'belfry.db-wal', 'reserve'].map((name): readonly [string, Unusable] => [
    `has a FIFO where its ${name} should be`,
    {
      daemon: (at) => `state: ${at.path('s')}`,
      prepare: async (at) => {
        await mkdir(at.path('s'));
        execFileSync('mkfifo', [at.path('s', name)]);
      },
      said: (at) => `${at.path('s', name)} is a FIFO, not a regular file; move it away`,
    },
  ]),
];

/** User id of `nobody`, because nothing is forbidden to root. */
const USER = process.getuid?.() === 0 ? 65534 : undefined;

/** Changes to the home, each of which forbids one operation to the user of the daemon. */
const FORBIDDEN: readonly (readonly [string, Unusable])[] = [
  [
    'may not be made',
    {
      daemon: (at) => `state: ${at.path('locked', 'state')}`,
      prepare: (at) => mkdir(at.path('locked'), { mode: 0o555 }),
      said: (at) => `${at.path('locked')}: permission denied`,
    },
  ],
  [
    'may not be written',
    {
      daemon: (at) => `state: ${at.path('locked')}`,
      prepare: (at) => mkdir(at.path('locked'), { mode: 0o555 }),
      said: (at) => `${at.path('locked')} cannot be used: permission denied`,
    },
  ],
  ...['token', 'key'].map((name): readonly [string, Unusable] => [
    `has a ${name} that may not be read`,
    {
      daemon: (at) => `state: ${at.path('s')}`,
      prepare: async (at) => {
        await mkdir(at.path('s'));
        await writeFile(at.path('s', name), 'x', { mode: 0 });
        if (USER !== undefined) await chown(at.path('s'), USER, USER);
      },
      said: (at) => `${at.path('s', name)}: permission denied`,
    },
  ]),
];

const SOCKETS: readonly (readonly [string, Unusable])[] = [
  [
    'has a path that is too long',
    { daemon: (at) => `socket: ${at.path('x'.repeat(120))}`, said: () => 'longer than 107 bytes' },
  ],
  [
    'lies in no folder',
    { daemon: (at) => `socket: ${at.path('none', 'b.sock')}`, said: () => 'the folder of the socket does not exist' },
  ],
  [
    'is a file',
    {
      daemon: (at) => `socket: ${at.path('file')}`,
      prepare: (at) => writeFile(at.path('file'), ''),
      said: () => 'exists and is not a socket',
    },
  ],
];

async function runsOn(daemon: string): Promise<{ code: number; output: string }> {
  await writeFile(home.path('rules', 'daemon.yaml'), `daemon: { listen: "127.0.0.1:0", ${daemon} }\n${RULES}`);
  const started = home.spawn(['run', '--config', home.path('rules')]);
  const [code] = (await once(started, 'close')) as [number];
  return { code, output: home.output };
}

test.each(UNUSABLE)('a state directory that %s is one line and exit 78', async (_, { daemon, prepare, said }) => {
  await prepare?.(home);
  const { code, output } = await runsOn(daemon(home));
  expect([code, output.trimEnd().split('\n').length]).toEqual([78, 1]);
  expect(output).toContain(said(home));
});

test.each(FORBIDDEN)('a state directory that %s is one line and exit 78', async (_, { daemon, prepare, said }) => {
  await prepare?.(home);
  await chmod(home.folder, 0o755);
  home.user = USER;
  const { code, output } = await runsOn(daemon(home));
  expect([code, output.trimEnd().split('\n').length]).toEqual([78, 1]);
  expect(existsSync(home.path('s', 'belfry.db'))).toBe(false);
  expect(output).toContain(said(home));
});

test('unreadable rules are exit 78 with the reason', async () => {
  await writeFile(home.path('rules', 'rules.yaml'), RULES, { mode: 0 });
  await chmod(home.folder, 0o755);
  home.user = USER;
  const { code, output } = await runsOn(`state: ${home.path('s')}`);
  expect(code).toBe(78);
  expect(output).toContain('the file cannot be read (EACCES)');
  expect(output).not.toContain('    at ');
});

test.each(SOCKETS)(
  'a socket that %s is one line and exit 78, and nothing is touched',
  async (_, { daemon, prepare, said }) => {
    await prepare?.(home);
    const { code, output } = await runsOn(`state: ${home.path('s')}, ${daemon(home)}`);
    expect([code, output.trimEnd().split('\n').length, existsSync(home.path('s'))]).toEqual([78, 1, false]);
    expect(output).toContain(said(home));
  },
);
