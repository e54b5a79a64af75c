import { existsSync } from 'node:fs';
import { chmod, mkdir, open, rmdir, stat, symlink, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { makeFolder } from '../../../daemon/lib/files/make-folder.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

test('a folder is made with its missing parents, for its owner only', async () => {
  const root = await temporaryFolder();
  const folder = path.join(root, 'a', 'b', 'c');
  expect(await makeFolder(folder)).toBe(path.join(root, 'a'));
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
  expect((await stat(path.join(root, 'a'))).mode & 0o777).toBe(0o700);
});

test('an existing folder is not changed, also behind a symbolic link', async () => {
  const root = await temporaryFolder();
  await mkdir(path.join(root, 'real'), { mode: 0o755 });
  await symlink('real', path.join(root, 'link'));
  expect(await makeFolder(path.join(root, 'link'))).toBeUndefined();
  expect(await makeFolder('/')).toBeUndefined();
  expect((await stat(path.join(root, 'real'))).mode & 0o777).toBe(0o755);
});

test('a folder that many calls make at once is made once, without an error', async () => {
  const root = await temporaryFolder();
  const folder = path.join(root, 'a', 'b', 'c');
  await Promise.all(Array.from({ length: 20 }, () => makeFolder(folder)));
  expect((await stat(folder)).isDirectory()).toBe(true);
});

test('a file at the path is an error', async () => {
  const root = await temporaryFolder();
  await writeFile(path.join(root, 'plain'), '');
  await symlink('nowhere', path.join(root, 'dangling'));
  await expect(makeFolder(path.join(root, 'plain'))).rejects.toMatchObject({ code: 'EEXIST' });
  await expect(makeFolder(path.join(root, 'plain', 'below'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  await expect(makeFolder(path.join(root, 'dangling'))).rejects.toMatchObject({ code: 'EEXIST' });
});

test('a folder that the system refuses with ENOENT although its parent exists fails at once', async (context) => {
  if (!existsSync('/proc/self')) return context.skip('this system has no /proc');
  await expect(makeFolder('/proc/belfry')).rejects.toMatchObject({ code: 'ENOENT' });
  await expect(makeFolder('/proc/belfry/rules')).rejects.toMatchObject({ code: 'ENOENT' });
});

test('a missing permission is an error', async (context) => {
  if (userInfo().uid === 0) return context.skip('root may write everywhere');
  const root = await temporaryFolder();
  await chmod(root, 0o500);
  await expect(makeFolder(path.join(root, 'a', 'b'))).rejects.toMatchObject({ code: 'EACCES' });
});

test('a folder below one that was removed while in use fails at once', async (context) => {
  if (!existsSync('/proc/self/fd')) return context.skip('this system has no /proc/self/fd');
  const root = await temporaryFolder();
  await mkdir(path.join(root, 'mount'));
  const handle = await open(path.join(root, 'mount'));
  try {
    await rmdir(path.join(root, 'mount'));
    const vanished = `/proc/self/fd/${handle.fd}`;
    await expect(makeFolder(path.join(vanished, 'a'))).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(makeFolder(path.join(vanished, 'a', 'b'))).rejects.toMatchObject({ code: 'ENOENT' });
  } finally {
    await handle.close();
  }
});
