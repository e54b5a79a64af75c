import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { readPlaces } from '../../daemon/reload/daemon-settings.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

async function placesOf(text: string, env: Record<string, string> = {}, more: Record<string, string> = {}) {
  const folder = await temporaryFolder();
  for (const [name, content] of Object.entries({ 'rules.yaml': text, ...more }))
    await writeFile(path.join(folder, name), content);
  const { places, certain } = await readPlaces(folder, env);
  return { folder, places, certain };
}

it('where the daemon is can be told without the secrets of the rules', async () => {
  const text =
    'channels:\n  a: { type: pager, key: "${env:NOT_SET}" }\ndaemon: { state: "${env:BASE}/state", socket: /run/b.sock, listen: "${env:NOT_SET}" }\n';
  expect(await placesOf(text, { BASE: '/srv' })).toMatchObject({
    places: { state: '/srv/state', socket: '/run/b.sock' },
    certain: true,
  });
  expect(await placesOf('rules: []\n')).toMatchObject({ places: {}, certain: true });
});

it('it can be told past files that do not parse, but is then not certain', async () => {
  const more = { 'hostile.yaml': `daemon:\n${'- '.repeat(50_000)}` };
  expect(await placesOf('daemon: { state: /srv/state }\n', {}, more)).toMatchObject({
    places: { state: '/srv/state' },
    certain: false,
  });
});

it('relative places start at the folder of the file, and `~` is the home', async () => {
  const { folder, places } = await placesOf('daemon: { state: ../state, socket: b.sock }\n');
  expect(places).toEqual({ state: path.join(path.dirname(folder), 'state'), socket: path.join(folder, 'b.sock') });
});

it.each([
  ['a reference that leads nowhere', 'daemon: { state: "${env:NOT_SET}", socket: /run/b.sock }\n'],
  ['a value that is none', 'daemon: { state: [], socket: /run/b.sock }\n'],
  ['settings in two files', 'daemon: { socket: /run/b.sock }\n'],
])('a place is not certain with %s', async (_, text) => {
  const more: Record<string, string> = text.includes('state') ? {} : { 'second.yaml': 'daemon: { state: /srv/s }\n' };
  expect(await placesOf(text, {}, more)).toMatchObject({ places: { socket: '/run/b.sock' }, certain: false });
});

it.each(['daemon: yes\n', 'daemon: [1]\n'])('settings that are no map say nothing: %j', async (text) => {
  expect(await placesOf(text)).toMatchObject({ places: {}, certain: false });
});
