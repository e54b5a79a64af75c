import { execFileSync } from 'node:child_process';
import { readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { type KeptRead, KeptRules, type KeptRulesDeps, readKeptRules } from '../../../daemon/app/state/kept-rules.ts';
import { stateKey } from '../../../daemon/app/state/secrets-at-rest.ts';
import type { RulesText } from '../../../daemon/reload/load.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const CONFIG = '/etc/belfry';
const A = { file: '/etc/belfry/a.yaml', text: 'rules: [] # a\n' };
const B = { file: '/etc/belfry/b.yaml', text: 'channels: {} # ü\n' };

const key = await stateKey({ key: '/no-such-folder/key' });

/** Kept rules in a folder; each call stands for another process. */
function keptIn(folder: string, config = CONFIG, more: Partial<KeptRulesDeps> = {}): KeptRules {
  const deps = {
    key,
    now: () => '2026-11-23T02:00:00.000Z',
    refusing: () => undefined,
    log: pino({ level: 'silent' }),
  };
  return new KeptRules({ folder, config, ...deps, ...more });
}

const read = (folder: string, config = CONFIG): Promise<KeptRead> => readKeptRules(folder, config, key);

async function saved(folder: string, files: readonly RulesText[], config = CONFIG): Promise<KeptRules> {
  const kept = keptIn(folder, config);
  await kept.save(files);
  return kept;
}

const texts = async (folder: string): Promise<string[]> =>
  (await readdir(folder)).filter((name) => name !== 'index.json').sort();

test('kept rules are read again with their paths and the time, by their owner only', async () => {
  const folder = path.join(await temporaryFolder(), 'state', 'kept-rules');
  const kept = await saved(folder, [A, B]);
  expect(kept.fault).toBeUndefined();
  expect(await read(folder)).toEqual({
    kind: 'read',
    kept: { config: CONFIG, keptAt: '2026-11-23T02:00:00.000Z', files: [A, B] },
  });
  for (const name of await readdir(folder)) expect((await stat(path.join(folder, name))).mode & 0o777).toBe(0o600);
});

test('a kept text cannot be read without the key of the state directory', async () => {
  const folder = await temporaryFolder();
  await saved(folder, [{ ...A, text: 'password: hunter2-hunter2\n' }]);
  for (const name of await readdir(folder))
    expect(await readFile(path.join(folder, name), 'latin1')).not.toContain('hunter2');
  const other = await stateKey({ key: path.join(folder, 'no-key') });
  expect(await readKeptRules(folder, CONFIG, other)).toMatchObject({
    kind: 'unusable',
    reason: expect.stringContaining('written with another key'),
  });
});

test('only a text that changed is written, and a text that is no longer used is removed', async () => {
  const folder = await temporaryFolder();
  await saved(folder, [A, B]);
  const before = await texts(folder);
  const inode = async (name: string) => (await stat(path.join(folder, name))).ino;
  const untouched = await Promise.all(before.map(inode));
  const edited = { ...B, text: 'channels: {} # edited\n' };
  await saved(folder, [A, edited]);
  const after = await texts(folder);
  const same = after.filter((name) => before.includes(name));
  expect([after.length, same.length]).toEqual([2, 1]);
  expect(untouched).toContain(await inode(same[0]!));
  expect(await read(folder)).toMatchObject({ kept: { files: [A, edited] } });
});

test('nothing is written when the live texts are those on disk', async () => {
  const folder = await temporaryFolder();
  const kept = await saved(folder, [A]);
  const index = path.join(folder, 'index.json');
  const { ino } = await stat(index);
  await kept.save([A]);
  await saved(folder, [{ ...A }]);
  expect((await stat(index)).ino).toBe(ino);
});

test('the kept rules of another config are not taken, and are replaced', async () => {
  const folder = await temporaryFolder();
  await saved(folder, [A], '/srv/rules');
  expect(await read(folder)).toEqual({ kind: 'none' });
  await saved(folder, [B]);
  expect(await read(folder)).toMatchObject({ kept: { files: [B] } });
  expect(await read(path.join(folder, 'none'))).toEqual({ kind: 'none' });
});

const DAMAGES: readonly (readonly [string, (folder: string) => Promise<unknown>, string])[] = [
  [
    'a text that is cut',
    async (at) => truncate(path.join(at, (await texts(at))[0]!), 3),
    'it was changed, is incomplete, or was written with another key',
  ],
  [
    'an exchange of two texts',
    async (at) => {
      const [a, b] = (await texts(at)).map((name) => path.join(at, name)) as [string, string];
      const [textA, textB] = [await readFile(a), await readFile(b)];
      await writeFile(a, textB);
      await writeFile(b, textA);
    },
    'it was changed, is incomplete, or was written with another key',
  ],
  ['a text that is missing', async (at) => rm(path.join(at, (await texts(at))[0]!)), 'it is missing'],
  ['an index that is cut', (at) => truncate(path.join(at, 'index.json'), 20), 'it is no JSON'],
  [
    'an index of another version',
    async (at) => {
      const index = path.join(at, 'index.json');
      await writeFile(index, (await readFile(index, 'utf8')).replace('"format": 1', '"format": 2'));
    },
    'another version of Belfry wrote it',
  ],
  [
    'a path in place of a digest',
    async (at) => {
      const index = path.join(at, 'index.json');
      await writeFile(index, (await readFile(index, 'utf8')).replace(/"digest": "\w+"/, '"digest": "../../key"'));
    },
    'it is no such index',
  ],
  [
    'a FIFO as index',
    async (at) => {
      await rm(path.join(at, 'index.json'));
      execFileSync('mkfifo', [path.join(at, 'index.json')]);
    },
    'not a regular file',
  ],
];

test.each(DAMAGES)('%s makes the kept rules unusable until they are written again', async (_, damage, reason) => {
  const folder = await temporaryFolder();
  await saved(folder, [A, B]);
  await damage(folder);
  expect(await read(folder)).toMatchObject({ kind: 'unusable', reason: expect.stringContaining(reason) });
  await saved(folder, [A, B]);
  expect(await read(folder)).toMatchObject({ kind: 'read', kept: { files: [A, B] } });
});

test('a failure is a fault that names the folder, and a later try ends it', async () => {
  const state = await temporaryFolder();
  const folder = path.join(state, 'kept-rules');
  await writeFile(folder, 'a file');
  const kept = await saved(folder, [A]);
  expect(kept.fault).toContain(`cannot be kept in ${folder}: a part of the path is not a folder (EEXIST)`);
  await rm(folder);
  await kept.retry();
  expect(kept.fault).toBeUndefined();
  expect(await read(folder)).toMatchObject({ kept: { files: [A] } });
});

test('kept rules of this config in the default state directory are out of date when another one is used', async () => {
  const root = await temporaryFolder();
  const [outdated, folder] = [path.join(root, 'default'), path.join(root, 'other')];
  const elsewhere = path.join(root, 'of-another-config');
  await saved(outdated, [A]);
  await saved(elsewhere, [A], '/srv/rules');
  for (const one of [outdated, elsewhere]) {
    await keptIn(folder, CONFIG, { outdated: one }).save([B]);
  }
  expect(await readdir(outdated)).toEqual([]);
  expect(await read(elsewhere, '/srv/rules')).toMatchObject({ kept: { files: [A] } });
  expect(await read(folder)).toMatchObject({ kept: { files: [B] } });
});

test('nothing is written while the store refuses, and the fault has its reason', async () => {
  const folder = await temporaryFolder();
  let refusal: string | undefined = 'the disk is full';
  const kept = keptIn(folder, CONFIG, { refusing: () => refusal });
  await kept.save([A]);
  await kept.retry();
  expect([kept.fault, await readdir(folder)]).toEqual([expect.stringContaining(': the disk is full; '), []]);
  refusal = undefined;
  await kept.retry();
  expect([kept.fault, await read(folder)]).toMatchObject([undefined, { kept: { files: [A] } }]);
});
