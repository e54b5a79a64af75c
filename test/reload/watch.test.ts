import { mkdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../daemon/lib/time/clock.ts';
import { ContentScanner, watchRules } from '../../daemon/reload/watch.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** Watches a directory; `next` resolves at the next call of `onChange`. */
async function watching(root: string, options: { notifications?: boolean; alsoWatch?: string[] } = {}) {
  const stop = new AbortController();
  let calls = 0;
  let waiting: (() => void)[] = [];
  const next = (): Promise<void> => new Promise((resolve) => waiting.push(resolve));
  const first = next();
  const done = watchRules({
    root,
    clock: systemClock,
    alsoWatch: () => options.alsoWatch ?? [],
    signal: stop.signal,
    ...(options.notifications !== undefined && { notifications: options.notifications }),
    onChange: () => {
      calls += 1;
      const called = waiting;
      waiting = [];
      for (const call of called) call();
      return Promise.resolve();
    },
  });
  onTestFinished(async () => {
    stop.abort();
    await done;
  });
  await first;
  return { next, calls: () => calls };
}

/** Ways to change the content of `root`, which `prepare` creates. */
const SAVES: readonly [string, (root: string) => Promise<void>][] = [
  ['a write in place', (root) => writeFile(path.join(root, 'a.yaml'), 'new')],
  [
    "an editor's rename-save",
    async (root) => {
      await writeFile(path.join(root, '.a.yaml.swp'), 'new');
      await rename(path.join(root, '.a.yaml.swp'), path.join(root, 'a.yaml'));
    },
  ],
  [
    'a new file in a new directory',
    async (root) => (await mkdir(path.join(root, 'team')), writeFile(path.join(root, 'team/b.yaml'), 'new')),
  ],
  ['a file that goes', (root) => rm(path.join(root, 'a.yaml'))],
  [
    'the directory deleted and made again',
    async (root) => {
      await rm(root, { recursive: true });
      await mkdir(root);
      await writeFile(path.join(root, 'a.yaml'), 'new');
    },
  ],
];

describe.each([true, false])('with notifications: %s', (notifications) => {
  it.each(SAVES)('%s is seen', async (_what, save) => {
    const root = path.join(await temporaryFolder(), 'rules');
    await mkdir(root);
    await writeFile(path.join(root, 'a.yaml'), 'old');
    const { next } = await watching(root, { notifications });
    const changed = next();
    await save(root);
    await changed;
  });

  it('a Kubernetes swap of `..data` is seen', async () => {
    const root = await temporaryFolder();
    for (const version of ['..1', '..2']) {
      await mkdir(path.join(root, version));
      await writeFile(path.join(root, version, 'a.yaml'), `version ${version}`);
    }
    await symlink('..1', path.join(root, '..data'));
    await symlink('..data/a.yaml', path.join(root, 'a.yaml'));
    const { next } = await watching(root, { notifications });
    const changed = next();
    await symlink('..2', path.join(root, '..data_tmp'));
    await rename(path.join(root, '..data_tmp'), path.join(root, '..data'));
    await rm(path.join(root, '..1'), { recursive: true });
    await changed;
  });

  it('a swap of the link to the directory is seen', async () => {
    const folder = await temporaryFolder();
    for (const version of ['v1', 'v2']) {
      await mkdir(path.join(folder, version));
      await writeFile(path.join(folder, version, 'a.yaml'), version);
    }
    await symlink('v1', path.join(folder, 'current'));
    const { next } = await watching(path.join(folder, 'current'), { notifications });
    const changed = next();
    await symlink('v2', path.join(folder, 'next'));
    await rename(path.join(folder, 'next'), path.join(folder, 'current'));
    await changed;
  });
});

it('a directory is seen when it is created', async () => {
  const root = path.join(await temporaryFolder(), 'later');
  const { next } = await watching(root);
  const changed = next();
  await mkdir(root);
  await writeFile(path.join(root, 'a.yaml'), 'new');
  await changed;
});

it('a secret file outside of the directory is watched too', async () => {
  const root = await temporaryFolder();
  const secret = path.join(await temporaryFolder(), 'key');
  await writeFile(secret, 'one');
  const { next } = await watching(root, { alsoWatch: [secret] });
  const changed = next();
  await writeFile(secret, 'two');
  await changed;
});

describe('a scan', () => {
  it('gives the same text after a touch, and another text after a change that keeps size and time', async () => {
    const root = await temporaryFolder();
    const file = path.join(root, 'a.yaml');
    await writeFile(file, 'one');
    const scanner = new ContentScanner(systemClock);
    const first = await scanner.scan(root, []);
    await utimes(file, new Date(1e12), new Date(1e12));
    expect(await scanner.scan(root, [])).toBe(first);
    await writeFile(file, 'two');
    await utimes(file, new Date(1e12), new Date(1e12));
    expect(await scanner.scan(root, [])).not.toBe(first);
  });

  it('ignores tests, hidden files and files of other types', async () => {
    const root = await temporaryFolder();
    const scanner = new ContentScanner(systemClock);
    const first = await scanner.scan(root, []);
    for (const name of ['a.test.yaml', '.a.yaml.swp', '_a.yaml', 'a.yaml~', 'notes.md'])
      await writeFile(path.join(root, name), 'x');
    expect(await scanner.scan(root, [])).toBe(first);
  });
});

it('many files that are saved together are read once, after they have settled', async () => {
  const root = await temporaryFolder();
  const { next, calls } = await watching(root);
  const before = calls();
  const changed = next();
  await Promise.all(Array.from({ length: 50 }, (_, index) => writeFile(path.join(root, `${index}.yaml`), 'x')));
  await changed;
  expect(calls() - before).toBe(1);
});
