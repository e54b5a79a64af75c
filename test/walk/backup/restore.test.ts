import { execFileSync } from 'node:child_process';
import { chown, lstat, mkdir, open, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { ArchiveWriter } from '../../../daemon/app/backup/archive.ts';
import { ARCHIVE_END, memberHead, padding } from '../../../daemon/lib/files/tar/write.ts';
import { Home } from '../../support/daemon.ts';
import { type DaemonFixture, openFixture } from '../../support/daemon-fixture.ts';

let fixture: DaemonFixture;
let home: Home;
beforeEach(async () => {
  fixture = await openFixture(onTestFinished);
  ({ home } = fixture);
});

/** Rules of a daemon that alerts, waits, dies and is on hold. */
const rules = () => `${fixture.channel}  held: { type: webhook, url: "${fixture.receiver.origin}/held" }
  broken: { type: command, run: [/bin/false] }
sources:
  nightly: { type: schedule, cron: "0 3 * * *" }
rules:
  - name: firing
    on: api
    match: { type: down }
    key: "{{ subject }}"
    resolve: { match: { type: up } }
    notify: [ops]
  - { name: late, on: api, match: { type: late }, for: 1h, notify: [ops] }
  - { name: held, on: api, match: { type: held }, notify: [held] }
  - { name: dead, on: api, match: { type: bad }, notify: [broken] }
`;

/** Another home with the same rules, into which is restored. */
async function elsewhere(): Promise<Home> {
  const other = await Home.make();
  onTestFinished(() => other.close());
  await other.rules(rules());
  return other;
}

const names = async (folder: string): Promise<string[]> =>
  [...(await readdir(folder).catch(() => []))].toSorted((a, b) => (a < b ? -1 : 1));

test('a restore elsewhere brings back alerts, timers, holds, silences, dead letters, known ids and the token', async () => {
  await home.rules(rules());
  await home.start();
  await fixture.post({ type: 'down', subject: 'db' });
  await fixture.post({ type: 'late' });
  await fixture.post({ type: 'bad', id: 'known-1' });
  await home.logged(({ msg }) => msg === 'broken: dead');
  expect((await home.belfry(['hold', 'held'])).code).toBe(0);
  await fixture.post({ type: 'held' });
  expect(
    (await home.belfry(['silence', 'add', 'rule=firing', 'key=web', '--for', '2h', '--reason', 'work'])).code,
  ).toBe(0);
  await fixture.receiver.until(({ rule }) => rule === 'firing');
  const before = (await home.call<Record<string, unknown>>('GET', '/v1/status')).body;
  expect((await home.belfry(['backup', 'b.tgz'])).code).toBe(0);
  // An alert that ends and an event that comes after the backup are not in it.
  await fixture.post({ type: 'up', subject: 'db' });
  await home.kill();

  const other = await elsewhere();
  const run = await other.belfry(['restore', home.path('b.tgz'), '--json']);
  expect(run).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(run.stdout)).toMatchObject({ state: other.path('state'), violations: [], deliveries: { dead: 1 } });
  expect((await stat(other.path('state'))).mode & 0o777).toBe(0o700);
  expect((await other.belfry(['audit', '--json'])).code).toBe(0);
  await other.start();
  const after = (await other.call<Record<string, unknown>>('GET', '/v1/status')).body;
  for (const part of ['deliveries', 'alerts', 'silences', 'waiting'] as const)
    expect(after[part]).toMatchObject(before[part] as object);
  expect(after.alerts).toMatchObject({ firing: 1 });
  expect(after.channels).toContainEqual(expect.objectContaining({ name: 'held', state: 'paused', held: 1 }));
  expect(await other.deadLetters()).toHaveLength(1);
  expect(await readFile(other.path('state', 'token'))).toEqual(await readFile(home.path('state', 'token')));
  const again = await other.call('POST', '/v1/events', { type: 'bad', id: 'known-1' });
  expect(again.body).toEqual({ events: [{ id: 'known-1', duplicate: true }] });
  expect((await other.call<{ violations: string[] }>('GET', '/v1/audit')).body.violations).toEqual([]);
});

test('an event that emit left in the inbox is in the backup, and is accepted after the restore', async () => {
  await home.rules(rules());
  await home.start();
  await home.stop();
  expect((await home.belfry(['emit', 'down', '--id', 'left-1', '--subject', 'db'])).code).toBe(0);
  expect((await home.belfry(['backup', 'b.tar'])).code).toBe(0);
  const other = await elsewhere();
  expect((await other.belfry(['restore', home.path('b.tar')])).code).toBe(0);
  await other.start();
  expect((await other.call('GET', '/v1/events/left-1')).status).toBe(200);
  await fixture.receiver.until(({ rule }) => rule === 'firing');
});

describe('a restore replaces nothing', () => {
  test('beside a daemon: 75; in a directory with files: 78, and what to do', async () => {
    await home.rules(rules());
    await home.start();
    expect((await home.belfry(['backup', 'b.tar'])).code).toBe(0);
    const running = await home.belfry(['restore', 'b.tar']);
    expect([running.code, running.stderr]).toEqual([
      75,
      `belfry: a daemon uses the state directory ${home.path('state')}; stop it first\n`,
    ]);
    await home.stop();
    const before = await names(home.path('state'));
    const occupied = await home.belfry(['restore', 'b.tar']);
    expect([occupied.code, occupied.stderr]).toEqual([78, expect.stringContaining(`mv ${home.path('state')} `)]);
    expect(await names(home.path('state'))).toEqual(before);
  });

  test('a daemon does not start beside a restore that did not end', async () => {
    const other = await elsewhere();
    await mkdir(other.path('state', '.restoring'), { recursive: true });
    const { code, stderr } = await other.belfry(['run']);
    expect([code, stderr]).toEqual([78, expect.stringContaining('has a restore that did not end')]);
  });
});

describe('a file that cannot be restored is refused by name before anything is written', () => {
  const member = (name: string, content: string | Buffer): Buffer => {
    const bytes = Buffer.from(content);
    return Buffer.concat([memberHead(name, bytes.length, 0), bytes, padding(bytes.length)]);
  };
  const HEAD = {
    format: 'belfry-backup',
    version: 1,
    belfry: '0.1.0',
    created_at: '2026-11-23T09:00:00Z',
    state: '/s',
  };
  const head = (change: object = {}): Buffer => member('belfry-backup.json', JSON.stringify({ ...HEAD, ...change }));
  const manifest = (change: object = {}): Buffer =>
    member('manifest.json', JSON.stringify({ schema: 3, members: [], left_out: [], ...change }));

  const FILES: Readonly<Record<string, { make: (sound: Buffer) => Buffer; code?: number; text: RegExp }>> = {
    'a backup without its end': { make: (sound) => sound.subarray(0, sound.length - 4000), text: /is a torn backup/ },
    'a backup that was cut between two members': {
      make: (sound) => Buffer.concat([sound.subarray(0, sound.indexOf('manifest.json\0')), ARCHIVE_END]),
      text: /is a torn backup.*it has no manifest\.json/,
    },
    'an empty file': { make: () => Buffer.alloc(0), text: /is a torn backup/ },
    'a text': { make: () => Buffer.from('no backup'.repeat(200)), text: /is not a backup of Belfry/ },
    'another tar archive': {
      make: () => Buffer.concat([member('etc/passwd', 'x'), ARCHIVE_END]),
      text: /is not a backup of Belfry/,
    },
    'a backup with one changed bit': {
      make: (sound) => {
        const copy = Buffer.from(sound);
        copy[sound.indexOf('SQLite format 3') + 5000]! ^= 1;
        return copy;
      },
      text: /is a damaged backup.*belfry\.db is not as it was written/,
    },
    'a backup with a changed header': {
      make: (sound) => {
        const copy = Buffer.from(sound);
        copy[sound.indexOf('belfry.db\0') + 1]! ^= 1;
        return copy;
      },
      text: /is a damaged backup.*a member has no valid header/,
    },
    'a backup with a changed name in its manifest': {
      make: (sound) => Buffer.from(sound.toString('latin1').replace('"left_out"', '"left_ouu"'), 'latin1'),
      text: /is a damaged backup.*manifest\.json cannot be read/,
    },
    'a backup of a newer form': {
      make: () => Buffer.concat([head({ version: 2, belfry: '9.0.0' }), manifest(), ARCHIVE_END]),
      code: 78,
      text: /newer version \(belfry 9\.0\.0, format 2\)/,
    },
    'a backup with tables of a newer version': {
      make: () => {
        const archive = new ArchiveWriter(0);
        const first = archive.head({ ...HEAD, belfry: '9.0.0' });
        return Buffer.concat([
          first,
          archive.whole('belfry.db', Buffer.alloc(4096)),
          archive.end({ schema: 99, left_out: [] }),
        ]);
      },
      code: 78,
      text: /newer version \(belfry 9\.0\.0, tables 99\)/,
    },
    'a member that leads out of the directory': {
      make: () => Buffer.concat([head(), member('../../evil', 'x'), manifest(), ARCHIVE_END]),
      text: /is a damaged backup.*"\.\.\/\.\.\/evil"/,
    },
    'a member with a path in the inbox that leads out': {
      make: () => Buffer.concat([head(), member('inbox/../../evil', 'x'), manifest(), ARCHIVE_END]),
      text: /is a damaged backup.*evil/,
    },
    'a backup without a store': {
      make: () => Buffer.concat([head(), manifest(), ARCHIVE_END]),
      text: /is a damaged backup/,
    },
  };

  let sound: Buffer;
  beforeEach(async () => {
    await home.rules(rules());
    await home.start();
    await fixture.post({ type: 'down', subject: 'db' });
    expect((await home.belfry(['backup', 'b.tar'])).code).toBe(0);
    sound = await readFile(home.path('b.tar'));
    await home.stop();
  });

  test('torn, foreign, damaged, newer, or with members that lead elsewhere', async () => {
    const other = await elsewhere();
    for (const [name, { make, code = 1, text }] of Object.entries(FILES)) {
      await writeFile(other.path('file.tar'), make(sound));
      const refused = await other.belfry(['restore', 'file.tar']);
      expect([name, refused.code, refused.stderr]).toEqual([name, code, expect.stringMatching(text)]);
      expect(refused.stderr).toContain(other.path('file.tar'));
      expect(await names(other.path('state'))).toEqual([]);
      expect(await lstat(other.path('evil')).catch(() => undefined)).toBeUndefined();
    }
  });

  test('a folder and a FIFO, without a stack trace', async () => {
    await mkdir(home.path('folder'));
    execFileSync('mkfifo', [home.path('fifo')]);
    for (const [name, kind] of Object.entries({ folder: 'a directory', fifo: 'a FIFO' }))
      expect(await home.belfry(['restore', name, '--state', home.path('other')])).toMatchObject({
        code: 1,
        stderr: `belfry: ${home.path(name)} is ${kind}, not a regular file; nothing was restored\n`,
      });
  });

  test('the state of a newer version is neither copied nor used: 78', async () => {
    const database = await open(home.path('state', 'belfry.db'), 'r+');
    await database.write(Buffer.from([0, 0, 0, 99]), 0, 4, 60); // user_version
    await database.close();
    expect((await home.belfry(['backup', 'newer.tar', '--skip-check'])).code).toBe(78);
    const started = await home.belfry(['run']);
    expect([started.code, started.stderr]).toEqual([78, expect.stringContaining('written by a newer version')]);
  });
});

const isRoot = process.getuid?.() === 0;
const SERVICE = 65534;

test.skipIf(!isRoot)(
  'root restores into the directory of the service and backs it up, and the service can use every file (needs root)',
  async () => {
    await home.rules(rules());
    await home.start();
    await fixture.post({ type: 'down', subject: 'db' });
    expect((await home.belfry(['backup', 'b.tar'])).code).toBe(0);
    await home.stop();
    const other = await elsewhere();
    execFileSync('chmod', ['755', other.folder]);
    await mkdir(other.path('state'), { mode: 0o700 });
    await chown(other.path('state'), SERVICE, SERVICE);
    await mkdir(other.path('run'));
    await chown(other.path('run'), SERVICE, SERVICE);
    expect(await other.belfry(['restore', home.path('b.tar')])).toMatchObject({ code: 0, stderr: '' });
    await mkdir(other.path('backups'), { mode: 0o700 });
    expect(await other.belfry(['backup', 'backups/stopped.tar'])).toMatchObject({ code: 0, stderr: '' });
    expect((await stat(other.path('backups', 'stopped.tar'))).uid).toBe(0);
    for (const name of await readdir(other.path('state'), { recursive: true })) {
      const { uid } = await lstat(path.join(other.path('state'), name));
      expect([name, uid]).toEqual([name, SERVICE]);
    }
    other.user = SERVICE;
    await other.start();
    expect((await other.call<{ violations: string[] }>('GET', '/v1/audit')).body.violations).toEqual([]);
  },
);
