import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { belfry } from '../../../support/command-line.ts';
import { openTestListener, post } from '../../../support/listener.ts';
import { openPathProxy } from '../../../support/path-proxy.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

/** Folder for PATH in which `xdg-open` and `open` run this script. */
async function openerIn(folder: string, script: string): Promise<string> {
  const bin = path.join(folder, 'bin');
  await mkdir(bin);
  for (const name of ['xdg-open', 'open']) {
    await writeFile(path.join(bin, name), `#!/bin/sh\n${script}\n`);
    await chmod(path.join(bin, name), 0o755);
  }
  return bin;
}

test.each([
  [[], ['admin']],
  [
    ['--scope', 'ack'],
    ['read', 'ack'],
  ],
  [['--scope', 'read'], ['read']],
])('the printed address logs in: console %j', async (args, scopes) => {
  const to = await openTestListener();
  const { code, stdout } = await belfry(to, ['console', ...args]);
  const [, base, ticket] = /^(http:\S+)\/#\/login\?ticket=([\w-]+)\n$/.exec(stdout)!;
  expect([code, base]).toEqual([0, `http://${to.listener.address}`]);
  const session = await post(to, '/v1/console/login', { ticket }, { token: undefined });
  expect(session.json).toMatchObject({ name: 'console of root', scopes });
});

test('--json prints the ticket, and --url may have the path below which a proxy publishes the daemon', async () => {
  const to = await openTestListener();
  const { url } = await openPathProxy({ path: '/belfry', removes: true, to: () => to.listener.address });
  to.daemon.reachedBy = url;
  const { json } = await belfry(undefined, ['console', '--json', '--url', `${url}/`, '--token', 'admin-token']);
  const ticket = expect.stringMatching(/^[\w-]{43}$/);
  expect(json).toEqual([{ ticket, expires_in: 60, url: expect.stringContaining(`${url}/#/login?ticket=`) }]);
});

test('--open gives the address to the program that opens it, and a failure says to open it oneself', async () => {
  const to = await openTestListener();
  const folder = await temporaryFolder();
  const opened = path.join(folder, 'opened');
  const bin = await openerIn(folder, `printf %s "$1" > ${opened}`);
  const { code, stdout } = await belfry(to, ['console', '--open'], { USER: 'ann', PATH: `${bin}:/bin:/usr/bin` });
  expect([code, `${await readFile(opened, 'utf8')}\n`]).toEqual([0, stdout]);
  const without = await belfry(to, ['console', '--open'], { USER: 'ann', PATH: folder });
  expect([without.code, without.stderr]).toEqual([1, expect.stringContaining('open the address above yourself')]);
  expect(without.stdout).toContain('/#/login?ticket=');
  const failing = await openerIn(await temporaryFolder(), 'exit 3');
  const third = await belfry(to, ['console', '--open'], { USER: 'ann', PATH: `${failing}:/bin` });
  expect([third.code, third.stderr]).toEqual([1, expect.stringContaining('ended with 3')]);
});

test('a daemon without the console says so', async () => {
  const to = await openTestListener();
  to.daemon.isConsoleOn = false;
  const { code, stderr } = await belfry(to, ['console']);
  expect([code, stderr]).toEqual([3, expect.stringContaining('`daemon.console`')]);
});
