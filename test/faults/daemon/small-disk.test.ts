import { mkdirSync } from 'node:fs';
import { appendFile, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Home } from '../../support/daemon.ts';
import { mountSmallDisk, type SmallDisk } from '../../support/small-disk.ts';

const NO_MOUNT = 'mounting a small tmpfs needs root and the right to mount (and the Debian package mount)';
const CONSOLE = 'channels:\n  console: { type: log }\nrules:\n  - { name: all, on: api, notify: [console] }\n';

let home: Home;
let disk: SmallDisk | undefined;

beforeEach(async () => {
  home = await Home.make();
});

afterEach(async () => {
  await home.close().catch(() => {});
  disk?.unmount();
  disk = undefined;
  await home.close();
});

interface Readiness {
  readonly ready: boolean;
  readonly reasons: readonly string[];
}

const post = (data: string) => home.call('POST', '/v1/events', { type: 't', data });
const readiness = () => home.call<Readiness>('GET', '/readyz');
const gauge = async (): Promise<string | undefined> =>
  (await home.call<string>('GET', '/metrics')).body.split('\n').find((line) => line.startsWith('belfry_ready '));
const violations = async () => (await home.call<{ violations: string[] }>('GET', '/v1/audit')).body.violations;
/** Mounts a small disk in the home. */
const mount = (name: string): SmallDisk | undefined => {
  mkdirSync(home.path(name));
  disk = mountSmallDisk(home.path(name), 24);
  return disk;
};

describe('a full disk under the state directory', () => {
  test('makes the daemon not ready with the reason, is logged once, and recovers by itself', async (context) => {
    const small = mount('state');
    if (small === undefined) return context.skip(NO_MOUNT);
    await home.rules(CONSOLE);
    await home.start();
    expect((await post('before')).status).toBe(202);
    small.fill();
    await home.logged(({ msg }) => msg.startsWith('the disk is full'));
    expect(await readiness()).toMatchObject({
      status: 503,
      body: { ready: false, reasons: [expect.stringMatching(/^the disk is full/)] },
    });
    expect(await gauge()).toBe('belfry_ready 0');
    for (let count = 0; count < 20; count += 1) expect((await post('x'.repeat(5000))).status).toBe(507);
    small.empty();
    await home.logged(({ msg }) => msg.startsWith('the disk has space again'));
    expect(await readiness()).toMatchObject({ status: 200, body: { ready: true, reasons: [] } });
    expect(await gauge()).toBe('belfry_ready 1');
    expect((await post('after')).status).toBe(202);
    expect(await violations()).toEqual([]);
    expect(home.lines.filter(({ msg }) => msg.includes('disk')).map(({ level }) => level)).toEqual(['error', 'info']);
  });

  test('is reported at the first refused event, also before a check has run', async (context) => {
    const small = mount('state');
    if (small === undefined) return context.skip(NO_MOUNT);
    await home.rules(CONSOLE);
    await home.start();
    small.fill();
    for (let status = 202; status !== 507; ) ({ status } = await post('x'.repeat(100_000)));
    expect((await readiness()).status).toBe(503);
  });

  test('keeps the new rules from being copied, which is a reason, until there is space again', async (context) => {
    const small = mount('state');
    if (small === undefined) return context.skip(NO_MOUNT);
    await home.rules(CONSOLE);
    await home.start();
    small.fill();
    await home.logged(({ msg }) => msg.startsWith('the disk is full'));
    await home.rules(CONSOLE.replace('name: all', 'name: later'));
    await home.logged(({ msg }) => msg.startsWith('the last good rules cannot be kept'));
    expect((await readiness()).body.reasons).toContainEqual(expect.stringContaining('cannot be kept'));
    small.empty();
    await home.logged(({ msg }) => msg === 'the last good rules are kept again');
    expect(await readiness()).toMatchObject({ status: 200, body: { reasons: [] } });
    await home.kill();
    await home.rules(CONSOLE.replace('notify:', 'notfy:'));
    await home.start();
    const { body } = await home.call<{ rules: { rule: string }[] }>('POST', '/v1/explain', { event: { type: 't' } });
    expect(body.rules.map(({ rule }) => rule)).toEqual(['later']);
  });

  const ENDS: Readonly<Record<string, (small: SmallDisk) => Promise<unknown>>> = {
    'killed on a full disk': async (small) => {
      small.fill();
      await home.logged(({ msg }) => msg.startsWith('the disk is full'));
      await home.kill();
    },
    'stopped on a full disk': async (small) => {
      small.fill();
      await home.logged(({ msg }) => msg.startsWith('the disk is full'));
      await home.stop();
    },
    'killed before the disk is full': () => home.kill(),
    'stopped before the disk is full': () => home.stop(),
  };

  test.for(Object.keys(ENDS))(
    'keeps no daemon from starting that was %s, and is over by itself',
    async (end, context) => {
      const small = mount('state');
      if (small === undefined) return context.skip(NO_MOUNT);
      await home.rules(CONSOLE);
      await home.start();
      expect((await post('before')).status).toBe(202);
      await ENDS[end]!(small);
      small.fill();
      const from = home.lines.length;
      await home.start();
      await home.logged(({ msg }) => msg.startsWith('the disk is full'), from);
      // A daemon that was killed early has not copied its rules, which is a second reason.
      const { status, body } = await readiness();
      expect([status, body.ready, body.reasons[0]]).toEqual([503, false, expect.stringMatching(/^the disk is full/)]);
      expect((await post('during')).status).toBe(507);
      small.empty();
      await home.logged(({ msg }) => msg.startsWith('the disk has space again'), from);
      expect((await post('after')).status).toBe(202);
      expect(await violations()).toEqual([]);
    },
  );
});

test('a full disk under the dead-letter file alone is reported, its deliveries stay pending, and it recovers by itself', async (context) => {
  const small = mount('letters');
  if (small === undefined) return context.skip(NO_MOUNT);
  await mkdir(home.path('state'), { mode: 0o700 });
  await writeFile(home.path('letters', 'dead-letters.jsonl'), '');
  await symlink(home.path('letters', 'dead-letters.jsonl'), home.path('state', 'dead-letters.jsonl'));
  small.fill();
  await home.rules(`channels:
  out: { type: command, run: [/bin/false] }
rules:
  - { name: all, on: api, notify: [out] }
`);
  await home.start();
  for (let count = 0; count < 5; count += 1) expect((await post('lost?')).status).toBe(202);
  await home.logged(({ msg }) => msg.startsWith('dead letters: the disk is full'));
  expect(await readiness()).toMatchObject({
    status: 200,
    body: { reasons: [expect.stringMatching(/^dead letters: the disk is full/)] },
  });
  expect(await home.deadLetters()).toEqual([]);
  small.empty();
  await home.logged(({ msg }) => msg === 'dead letters: the file can be written again');
  expect((await readiness()).body.reasons).toEqual([]);
  expect(home.lines.filter(({ msg }) => /^dead letters: the (?:file can|disk)/.test(msg))).toHaveLength(2);
});

describe('state that is removed while the daemon runs', () => {
  const REMOVALS: Readonly<Record<string, () => Promise<unknown>>> = {
    'the directory is removed': () => rm(home.path('state'), { recursive: true }),
    'the database is removed': () => rm(home.path('state', 'belfry.db')),
    'the log of the database is removed': () => rm(home.path('state', 'belfry.db-wal')),
    'another file is put in the place of the database': async () => {
      await writeFile(home.path('other'), '');
      await rename(home.path('other'), home.path('state', 'belfry.db'));
    },
    'the directory is moved away and an empty one made': async () => {
      await rename(home.path('state'), home.path('moved'));
      await mkdir(home.path('state'));
    },
  };

  test.each(Object.keys(REMOVALS))('ends it with exit code 74 by itself: %s', async (removal) => {
    await home.rules(CONSOLE);
    await home.start();
    expect((await post('before')).status).toBe(202);
    const exited = home.exited();
    await REMOVALS[removal]!();
    expect(await exited).toBe(74);
    expect(home.output).toMatch(/^belfry: .*was removed or replaced/m);
    expect(home.output).not.toContain('    at ');
  });

  test('events are refused as soon as it is noticed', async () => {
    await home.rules(CONSOLE);
    await home.start();
    await home.call('GET', '/healthz');
    const exited = home.exited();
    await rm(home.path('state'), { recursive: true });
    // The open connection still reaches the daemon, whose socket file is gone.
    const statusOf = async (): Promise<number | string> =>
      post('lost').then(
        (answer) => answer.status,
        () => 'no answer',
      );
    let status = await statusOf();
    while (status === 202) status = await statusOf();
    expect([503, 'no answer']).toContain(status);
    expect(await exited).toBe(74);
  });
});

test('a user may remove or replace the dead-letter file: later records go to the new one', async () => {
  await home.rules(`channels:
  out: { type: command, run: [/bin/false] }
rules:
  - { name: all, on: api, notify: [out] }
`);
  await home.start();
  const file = home.path('state', 'dead-letters.jsonl');
  const dies = async (): Promise<void> => {
    const from = home.lines.length;
    await post('x');
    await home.logged(({ msg }) => msg === 'out: dead', from);
  };
  await dies();
  await rename(file, home.path('kept'));
  await dies();
  expect(await home.deadLetters()).toHaveLength(1);
  // Saves as an editor does: writes another file and renames it to the old name.
  await writeFile(home.path('edited'), await readFile(file));
  await appendFile(home.path('edited'), await readFile(home.path('kept')));
  await rename(home.path('edited'), file);
  await dies();
  expect(await home.deadLetters()).toHaveLength(3);
});
