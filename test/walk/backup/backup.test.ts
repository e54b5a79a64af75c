import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { Home } from '../../support/daemon.ts';
import { type DaemonFixture, openFixture } from '../../support/daemon-fixture.ts';
import { mountSmallDisk } from '../../support/small-disk.ts';

let fixture: DaemonFixture;
let home: Home;
beforeEach(async () => {
  fixture = await openFixture(onTestFinished);
  ({ home } = fixture);
});

const rules = (): Promise<void> =>
  home.rules(`${fixture.channel}  broken: { type: command, run: [/bin/false] }
rules:
  - { name: all, on: api, match: { type: good }, notify: [ops] }
  - { name: dead, on: api, match: { type: bad }, notify: [broken] }
`);

async function dies(): Promise<void> {
  const from = home.lines.length;
  await fixture.post({ type: 'bad' });
  await home.logged(({ msg }) => msg === 'broken: dead', from);
}

const members = (file: string): string[] =>
  execFileSync('tar', ['-tf', file], { encoding: 'utf8' }).trim().split('\n').sort();

describe('a backup', () => {
  test('is one file for its owner that tar lists, with every file that is to be copied', async () => {
    await rules();
    await home.start();
    await dies();
    await mkdir(home.path('state', 'inbox'));
    await writeFile(home.path('state', 'inbox', 'broken.json.bad'), 'no event');
    await writeFile(home.path('state', 'dead-letters.torn-1'), '{');
    await writeFile(home.path('state', 'notes'), 'of somebody');
    const made = await home.belfry(['backup', 'b.tar', '--json']);
    expect(made.code).toBe(0);
    expect(made.stderr).toBe('belfry: not in the backup: notes: it is no file of Belfry\n');
    const file = home.path('b.tar');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const kept = (await readdir(home.path('state', 'kept-rules'))).map((name) => `kept-rules/${name}`);
    const expected = ['audit.jsonl', 'belfry-backup.json', 'belfry.db', 'dead-letters.jsonl', 'dead-letters.torn-1'];
    expect(members(file)).toEqual(
      [...expected, 'inbox/broken.json.bad', ...kept, 'key', 'last-config', 'manifest.json', 'token'].sort(),
    );
    expect(JSON.parse(made.stdout)).toMatchObject({
      file,
      bytes: (await stat(file)).size,
      checked: true,
      deliveries: { dead: 1 },
      violations: [],
      left_out: [{ name: 'notes' }],
    });
    expect(await readdir(home.folder)).toEqual(expect.not.arrayContaining([expect.stringMatching(/partial|check/)]));
  });

  test('does not replace a file without --force, nor anything that is no regular file', async () => {
    await rules();
    await home.start();
    await writeFile(home.path('b.tar'), 'earlier');
    expect(await home.belfry(['backup', 'b.tar'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('--force'),
    });
    expect(await readFile(home.path('b.tar'), 'utf8')).toBe('earlier');
    await symlink('b.tar', home.path('link.tar'));
    expect((await home.belfry(['backup', 'link.tar', '--force'])).code).toBe(0);
    expect(members(home.path('b.tar'))).toContain('belfry.db');
    expect((await home.belfry(['backup', '/dev/null', '--force'])).code).toBe(1);
    expect(await home.belfry(['backup', 'nosuch/b.tar'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('there is no folder'),
    });
  });

  test('is compressed when its name says so, and - is standard output', async () => {
    await rules();
    await home.start();
    await fixture.post({ type: 'good' });
    expect((await home.belfry(['backup', 'b.tgz'])).code).toBe(0);
    expect((await readFile(home.path('b.tgz'))).readUInt16BE()).toBe(0x1f8b);
    expect((await home.belfry(['restore', 'b.tgz', '--check'])).code).toBe(0);
    expect((await home.belfry(['backup', '-'])).stdout).toContain('manifest.json');
  });

  test('of a stopped daemon is made without its secrets, also when the rules do not load', async () => {
    await rules();
    await home.start();
    await dies();
    await home.kill();
    await home.rules('rules: [', 'broken.yaml');
    expect(await home.belfry(['backup', 'b.tar'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('1 dead'),
    });
    expect(await home.belfry(['restore', 'b.tar', '--check'])).toMatchObject({ code: 0 });
  });

  test('without a daemon and without a state directory says what to do', async () => {
    await rules();
    const { code, stderr } = await home.belfry(['backup', 'b.tar']);
    expect([code, stderr]).toEqual([69, expect.stringContaining('there is no state directory at')]);
  });

  test('on a full disk fails, leaves nothing, and keeps the earlier one', async (context) => {
    await mkdir(home.path('small'));
    const disk = mountSmallDisk(home.path('small'), 4);
    if (disk === undefined) return context.skip('mounting a small tmpfs needs root and the right to mount');
    onTestFinished(() => disk.unmount());
    await rules();
    await home.start();
    expect((await home.belfry(['backup', 'small/b.tar'])).code).toBe(0);
    const earlier = await readFile(home.path('small', 'b.tar'));
    for (let count = 0; count < 30; count += 1) await fixture.post({ type: 'other', data: 'x'.repeat(200_000) });
    const failed = await home.belfry(['backup', 'small/b.tar', '--force']);
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(/the disk is full; there is no new backup, and an earlier one is as it was/);
    expect((await readFile(home.path('small', 'b.tar'))).equals(earlier)).toBe(true);
    expect(await readdir(home.path('small'))).toEqual(['b.tar']);
    await fixture.audited();
  });

  test('of a malformed store is refused, so that it does not replace a sound one', async () => {
    await rules();
    await home.start();
    for (let count = 0; count < 30; count += 1) await fixture.post({ type: 'other', data: 'x'.repeat(20_000) });
    await home.stop();
    expect((await home.belfry(['backup', 'b.tar'])).code).toBe(0);
    const database = await readFile(home.path('state', 'belfry.db'));
    // Pages of events, which no command reads to open the store.
    database.fill(0xa5, 60 * 4096, 80 * 4096);
    await writeFile(home.path('state', 'belfry.db'), database);
    const failed = await home.belfry(['backup', 'b.tar', '--force']);
    expect(failed).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^belfry: the store .* is malformed, .* `belfry audit` says/),
    });
    expect((await home.belfry(['audit'])).stderr).toMatch(/is malformed: .*first seen at /);
    expect((await home.belfry(['restore', 'b.tar', '--check'])).code).toBe(0);
    expect((await home.belfry(['backup', 'damaged.tar', '--skip-check'])).code).toBe(0);
  });

  test('a caller whose disk is slow stops no event, and a second backup waits for its turn', async () => {
    await rules();
    await home.start();
    // More than the buffers of a connection can hold, so that the first backup has not ended.
    for (let count = 0; count < 80; count += 1) await fixture.post({ type: 'other', data: 'x'.repeat(200_000) });
    const slow = await fetchBackup(home);
    expect((await slow.read()).length).toBeGreaterThan(0);
    const second = await home.call('GET', '/v1/backup');
    expect(second.status).toBe(409);
    expect((await home.call('POST', '/v1/events', { type: 'good' })).status).toBe(202);
    await slow.cancel();
    await home.logged(({ msg }) => msg === 'backup: not complete');
    expect((await home.call('GET', '/v1/backup')).status).toBe(200);
    await fixture.audited();
  });
});

/** Begins a backup over the TCP listener and reads no more than asked. */
async function fetchBackup(daemon: Home): Promise<{ read: () => Promise<Uint8Array>; cancel: () => Promise<void> }> {
  const token = (await readFile(daemon.path('state', 'token'), 'utf8')).trim();
  const answer = await fetch(`http://${daemon.address}/v1/backup`, { headers: { authorization: `Bearer ${token}` } });
  const reader = answer.body!.getReader();
  return {
    read: async () => (await reader.read()).value!,
    cancel: () => reader.cancel(),
  };
}
