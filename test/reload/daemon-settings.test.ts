import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { readDaemonSettings, readStoreSettings } from '../../daemon/reload/daemon-settings.ts';
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

async function storeOf(files: Readonly<Record<string, string>>, env: Record<string, string> = {}) {
  const folder = await temporaryFolder();
  for (const [name, content] of Object.entries(files)) await writeFile(path.join(folder, name), content);
  const { type, store, problems, secrets } = await readStoreSettings(folder, env);
  const texts = problems.map(
    ({ file, line, column, code, message }) => `${path.basename(file)}:${line}:${column} ${code} ${message}`,
  );
  return { type, store, texts, secrets: secrets.map(({ value }) => value) };
}

it('the store is read without the secrets of the rules', async () => {
  const files = {
    'a.yaml': 'channels:\n  a: { type: pager, key: "${env:NOT_SET}" }\n',
    'b.yaml':
      'daemon: { listen: "${env:NOT_SET}", store: { type: postgres, url: "postgres://a:${env:WORD}@db/belfry", pool: "${env:POOL}" } }\n',
  };
  const { store, ...more } = await storeOf(files, { WORD: 's3cret-word', POOL: '12' });
  expect(store).toMatchObject({ type: 'postgres', schema: 'belfry', pool: 12 });
  const url = 'postgres://a:s3cret-word@db/belfry';
  expect(more).toEqual({ type: 'postgres', texts: [], secrets: [url, url] });
  expect(await storeOf({ 'a.yaml': 'rules: []\n' })).toMatchObject({ type: 'sqlite', store: { type: 'sqlite' } });
});

it('its type is known although its address is not', async () => {
  const files = { 'a.yaml': 'daemon:\n  store: { type: postgres, url: "${env:NOT_SET}", pool: 9 }\n' };
  expect(await storeOf(files)).toMatchObject({
    type: 'postgres',
    store: undefined,
    texts: ['a.yaml:2:33 secret.unresolved the environment variable `NOT_SET` is not set'],
  });
});

it('a file that does not parse hides the store only if no other file sets it', async () => {
  const broken = { 'a.yaml': 'daemon: { store: [\n' };
  const { type, store, texts } = await storeOf(broken);
  expect([type, store, texts.length]).toEqual([undefined, undefined, 1]);
  expect(await storeOf({ ...broken, 'b.yaml': 'daemon: { store: { type: sqlite } }\n' })).toMatchObject({
    type: 'sqlite',
    texts: [],
  });
  expect(await storeOf({ 'a.yaml': 'rules: [\n' })).toMatchObject({ type: 'sqlite' });
  expect(await storeOf({})).toMatchObject({ type: undefined, store: undefined });
});
