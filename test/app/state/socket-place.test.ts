import { lstat, readlink, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { statePaths } from '../../../daemon/app/state/paths.ts';
import { linkSocket } from '../../../daemon/app/state/socket-place.ts';
import { memoryLog } from '../../support/delivery.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

/** A socket on which this process listens, and a state directory without one. */
async function open() {
  const folder = await temporaryFolder();
  const socket = path.join(folder, 'run.sock');
  const server = createServer().listen(socket);
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const paths = statePaths({ state: folder }, {}, '/');
  const { log, lines } = memoryLog();
  return { socket, paths, lines, link: () => linkSocket({ paths, env: {}, log }, socket) };
}

test('the state directory has a link to a socket elsewhere until the daemon stops', async () => {
  const { socket, paths, link, lines } = await open();
  const remove = await link();
  expect(await readlink(paths.socket)).toBe(socket);
  await remove();
  await expect(lstat(paths.socket)).rejects.toThrow('ENOENT');
  expect(lines).toEqual([]);
});

test('the link that a killed daemon left is used again without a warning', async () => {
  const { socket, paths, link, lines } = await open();
  await symlink(socket, paths.socket);
  await link();
  expect(await readlink(paths.socket)).toBe(socket);
  expect(lines).toEqual([]);
});

test('a file that is no socket stays, with a warning', async () => {
  const { paths, link, lines } = await open();
  await writeFile(paths.socket, 'mine');
  await (await link())();
  expect((await lstat(paths.socket)).isFile()).toBe(true);
  expect(lines).toHaveLength(1);
});
