import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { readDaemonSettings } from '../../daemon/reload/daemon-settings.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

async function settingsOf(text: string, env: Record<string, string> = {}, more: Record<string, string> = {}) {
  const folder = await temporaryFolder();
  for (const [name, content] of Object.entries({ 'rules.yaml': text, ...more }))
    await writeFile(path.join(folder, name), content);
  const { settings, certain } = await readDaemonSettings(folder, env);
  return { folder, settings, certain };
}

it('the location settings are read without the secrets of the rules', async () => {
  const text =
    'channels:\n  a: { type: pager, key: "${env:NOT_SET}" }\ndaemon: { state: "${env:BASE}/state", socket: /run/b.sock, listen: "${env:NOT_SET}" }\n';
  expect(await settingsOf(text, { BASE: '/srv' })).toMatchObject({
    settings: { state: '/srv/state', socket: '/run/b.sock' },
    certain: true,
  });
  expect(await settingsOf('rules: []\n')).toMatchObject({ settings: {}, certain: true });
});

it('they are read although another file does not parse, but are then not certain', async () => {
  const more = { 'hostile.yaml': `daemon:\n${'- '.repeat(50_000)}` };
  expect(await settingsOf('daemon: { state: /srv/state }\n', {}, more)).toMatchObject({
    settings: { state: '/srv/state' },
    certain: false,
  });
});

it('relative paths start at the folder of the file, and `~` is the home directory', async () => {
  const { folder, settings } = await settingsOf('daemon: { state: ../state, socket: b.sock }\n');
  expect(settings).toEqual({ state: path.join(path.dirname(folder), 'state'), socket: path.join(folder, 'b.sock') });
});

it.each([
  ['a reference that leads nowhere', 'daemon: { state: "${env:NOT_SET}", socket: /run/b.sock }\n'],
  ['a value that is none', 'daemon: { state: [], socket: /run/b.sock }\n'],
  ['settings in two files', 'daemon: { socket: /run/b.sock }\n'],
])('the location is not certain with %s', async (_, text) => {
  const more: Record<string, string> = text.includes('state') ? {} : { 'second.yaml': 'daemon: { state: /srv/s }\n' };
  expect(await settingsOf(text, {}, more)).toMatchObject({ settings: { socket: '/run/b.sock' }, certain: false });
});

it.each(['daemon: yes\n', 'daemon: [1]\n'])('a section that is not a map is ignored: %j', async (text) => {
  expect(await settingsOf(text)).toMatchObject({ settings: {}, certain: false });
});
