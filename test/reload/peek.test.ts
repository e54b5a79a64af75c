import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { peekDaemonSettings } from '../../daemon/reload/peek.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

async function peek(text: string, env: Record<string, string> = {}) {
  const folder = await temporaryFolder();
  await writeFile(path.join(folder, 'hostile.yaml'), `daemon:\n${'- '.repeat(50_000)}`);
  await writeFile(path.join(folder, 'rules.yaml'), text);
  return peekDaemonSettings(folder, env);
}

it('where the daemon is can be told without the secrets of the rules, past files that do not parse', async () => {
  const text =
    'channels:\n  a: { type: pager, key: "${env:NOT_SET}" }\ndaemon: { state: "${env:BASE}/state", socket: /run/b.sock, listen: "${env:NOT_SET}" }\n';
  expect(await peek(text, { BASE: '/srv' })).toEqual({ state: '/srv/state', socket: '/run/b.sock' });
});

it('a place whose reference leads nowhere is not told', async () => {
  expect(
    await peek('daemon: { state: "${env:NOT_SET}", socket: "${env:EMPTY:-/run/b.sock}" }\n', { EMPTY: '' }),
  ).toEqual({ socket: '/run/b.sock' });
  expect(await peek('rules: []\n')).toEqual({});
});
