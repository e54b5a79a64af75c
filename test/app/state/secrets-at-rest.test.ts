import { execFileSync } from 'node:child_process';
import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { statePaths } from '../../../daemon/app/state/paths.ts';
import { stateKey, firstToken } from '../../../daemon/app/state/secrets-at-rest.ts';
import { sha256 } from '../../../daemon/lib/sha256.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

let paths: ReturnType<typeof statePaths>;

beforeEach(async () => {
  const folder = await temporaryFolder();
  paths = statePaths({ state: folder }, {}, folder);
});

const keepKey = async (): Promise<void> => (await stateKey(paths)).keep();
const FILES = [
  ['token', () => firstToken(paths)],
  ['key', keepKey],
] as const;

describe.each(FILES)('the %s in the state directory', (name, keep) => {
  const file = (): string => path.join(paths.state, name);

  test('is created once, for its owner only, and stays the same at the next start', async () => {
    await keep();
    const first = await readFile(file());
    expect((await stat(file())).mode & 0o777).toBe(0o600);
    await keep();
    expect(await readFile(file())).toEqual(first);
  });

  test('has its mode reset', async () => {
    await keep();
    await chmod(file(), 0o644);
    await keep();
    expect((await stat(file())).mode & 0o777).toBe(0o600);
  });

  test('is created anew if it is empty', async () => {
    await writeFile(file(), '\n');
    await keep();
    expect((await readFile(file())).length).toBeGreaterThan(16);
  });

  test.each([
    ['a FIFO', () => execFileSync('mkfifo', [file()])],
    ['a directory', () => mkdir(file())],
  ] as const)('is named when %s stands in its place', async (kind, put) => {
    await put();
    await expect(keep()).rejects.toMatchObject({
      exit: 78,
      message: expect.stringContaining(`${file()} is ${kind}, not a regular file`),
    });
  });
});

test('the hash of the first token is that of the content of its file without the newline', async () => {
  const { hash } = await firstToken(paths);
  expect(hash).toBe(sha256((await readFile(paths.token, 'utf8')).trim()));
});

test('an encrypted text is decrypted by the same key alone, and never when a byte of it has changed', async () => {
  const key = await stateKey(paths);
  const sealed = key.seal('ü: hunter2\n');
  expect(key.unseal(sealed)).toBe('ü: hunter2\n');
  expect((await stateKey(paths)).unseal(sealed)).toBeUndefined();
  for (const at of sealed.keys()) {
    const changed = Buffer.from(sealed);
    changed[at]! ^= 1;
    expect(key.unseal(changed)).toBeUndefined();
  }
  for (const length of [0, 27, sealed.length - 1]) expect(key.unseal(sealed.subarray(0, length))).toBeUndefined();
  expect(key.seal('ü: hunter2\n')).not.toEqual(sealed);
});
