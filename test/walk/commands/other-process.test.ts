import { chmod, chown, lstat, mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Home } from '../../support/daemon.ts';

const SERVICE = 61_001;
const isRoot = process.geteuid?.() === 0;

/** Node of Debian 13, with the libuv of the system, may not change the user of its process. */
const REFUSES = `
process.initgroups = process.setgid = process.setuid = () => {
  throw Object.assign(new Error('initgroups() disabled'), { code: 'ERR_INVALID_STATE' });
};
`;

const RULES = `
channels: { broken: { type: command, run: [/bin/false] } }
rules: [{ name: dead, on: api, match: { type: bad }, notify: broken }]
`;

describe.skipIf(!isRoot)('a Node that may not change its user, with commands of root on a stopped daemon', () => {
  let home: Home;
  beforeEach(async () => {
    home = await Home.make();
    await chmod(home.folder, 0o755);
    for (const folder of ['state', 'run']) {
      await mkdir(home.path(folder), { mode: 0o700 });
      await chown(home.path(folder), SERVICE, SERVICE);
    }
    await home.rules(RULES);
    home.user = SERVICE;
    await home.start();
    expect((await home.belfry(['emit', 'bad', '--wait'])).code).toBe(1);
    await home.stop();
    await writeFile(home.path('refuses.cjs'), REFUSES);
    home.env.NODE_OPTIONS = `--require=${home.path('refuses.cjs')}`;
  });
  afterEach(() => home.close());

  const expectOwner = async (): Promise<void> => {
    for (const name of await readdir(home.path('state'), { recursive: true }))
      expect([name, (await lstat(home.path('state', name))).uid]).toEqual([name, SERVICE]);
  };

  test('an event is left in the inbox with its data and attributes, once, for the user of the daemon', async () => {
    const args = ['emit', 'in.file', '--id', 'e1', '--subject', 's', '--data', '-', '--json', '--wait', '1s'];
    const { code, stdout } = await home.belfry(args, { input: '{"deep":{"list":[1,"2"]}}' });
    expect([code, JSON.parse(stdout)]).toEqual([1, expect.objectContaining({ id: 'e1', queued: true })]);
    expect(await readdir(home.path('state', 'inbox'))).toEqual(['e1.json']);
    await expectOwner();
    delete home.env.NODE_OPTIONS;
    await home.start();
    await home.logged(({ msg }) => msg === 'event');
    expect((await home.call('GET', '/v1/events/e1')).body).toMatchObject({
      type: 'in.file',
      subject: 's',
      event: { data: { deep: { list: [1, '2'] } } },
    });
  });

  test('dead letters are listed, and dropped by ids on standard input', async () => {
    const { stdout } = await home.belfry(['dead', 'list', '--json']);
    expect(await home.belfry(['dead', 'drop', '-', '--yes'], { input: stdout })).toMatchObject({ code: 0, stderr: '' });
    expect((await home.belfry(['dead', 'list'])).stdout).toBe('no dead letters\n');
    expect((await home.belfry(['audit'])).code).toBe(0);
    await expectOwner();
  });

  test('a backup goes to a folder of root, and is restored from there', async () => {
    await mkdir(home.path('backups'), { mode: 0o700 });
    expect(await home.belfry(['backup', 'backups/b.tar'])).toMatchObject({ code: 0, stderr: '' });
    await rename(home.path('state'), home.path('before'));
    await mkdir(home.path('state'), { mode: 0o700 });
    await chown(home.path('state'), SERVICE, SERVICE);
    const file = home.path('backups', 'b.tar');
    const { code, stdout, stderr } = await home.belfry(['restore', 'backups/b.tar', '--json']);
    expect([code, stderr, JSON.parse(stdout)]).toEqual([
      0,
      '',
      expect.objectContaining({ file, state: home.path('state') }),
    ]);
    expect((await home.belfry(['dead', 'list', '--json'])).stdout).toContain('broken');
    await expectOwner();
    await writeFile(file, 'no archive');
    await rename(home.path('state'), path.join(home.folder, 'again'));
    await mkdir(home.path('state'), { mode: 0o700 });
    await chown(home.path('state'), SERVICE, SERVICE);
    expect(await home.belfry(['restore', 'backups/b.tar'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`${file} is `),
    });
  });
});
