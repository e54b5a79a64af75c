import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { builtIn, loadChannelTypes } from '../../../daemon/channels/index.ts';
import { Scrubber } from '../../../daemon/lib/secrets/scrubber.ts';
import { sha256 } from '../../../daemon/lib/sha256.ts';
import { Live } from '../../../daemon/reload/live.ts';
import { sourceTypes } from '../../../daemon/sources/index.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const channels = await loadChannelTypes();

let keys = 0;

/** Fingerprint of rules that are loaded on a machine of their own. */
async function fingerprintOf(
  files: Readonly<Record<string, string>>,
  env: Record<string, string> = {},
): Promise<string> {
  const folder = await temporaryFolder();
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text);
  const key = String((keys += 1));
  const tools = {
    ...builtIn,
    channels,
    sources: sourceTypes,
    fingerprint: (text: string) => sha256(key + text),
    tokenHash: sha256,
  };
  const live = new Live(folder, { env: { TOKEN: 'sesame-sesame', ...env }, tools, scrubber: new Scrubber() });
  expect(live.fingerprint).toBeUndefined();
  const prepared = await live.prepare();
  if (prepared.kind !== 'ready') throw new Error(JSON.stringify(prepared.problems));
  live.swap(prepared);
  return live.fingerprint!;
}

const CHANNELS = 'channels: { ops: { type: ntfy, topic: a, token: "${env:TOKEN}" } }\n';
const RULES = 'rules: [{ name: a, match: { type: x }, notify: ops }, { name: b, match: { type: y }, notify: ops }]\n';
const WHOLE = { 'a.yaml': CHANNELS, 'b.yaml': RULES };

test('a fingerprint is the same on every machine, for other settings of the daemon and another layout', async () => {
  const first = await fingerprintOf(WHOLE);
  expect(first).toMatch(/^[0-9a-f]{16}$/);
  const daemon = 'daemon: { instance: berlin, listen: 127.0.0.1:1 }\n';
  expect(await fingerprintOf({ 'a.yaml': daemon + CHANNELS, 'b.yaml': RULES })).toBe(first);
  expect(await fingerprintOf({ 'one.yaml': `# all\n${RULES}${CHANNELS}` })).toBe(first);
  expect(await fingerprintOf(WHOLE, { TOKEN: 'another-token' })).toBe(first);
});

test.each([
  ['a rule', { ...WHOLE, 'b.yaml': RULES.replace('type: y', 'type: z') }],
  [
    'the name of a channel',
    { 'a.yaml': CHANNELS.replace('ops:', 'team:'), 'b.yaml': RULES.replaceAll('notify: ops', 'notify: team') },
  ],
  ['the name of a variable', { ...WHOLE, 'a.yaml': CHANNELS.replace('env:TOKEN', 'env:HOME_TOKEN') }],
  ['defaults', { ...WHOLE, 'b.yaml': `defaults: { message: { title: x } }\n${RULES}` }],
  ['hours', { ...WHOLE, 'c.yaml': 'hours: { office: { days: mon-fri, from: "09:00", to: "17:00" } }\n' }],
  ['a source', { ...WHOLE, 'c.yaml': 'sources: { nightly: { type: schedule, every: 1d } }\n' }],
])('a change of %s changes the fingerprint', async (_, files) => {
  expect(await fingerprintOf(files, { HOME_TOKEN: 'sesame-sesame' })).not.toBe(await fingerprintOf(WHOLE));
});

test('a secret that stands in the rules, or is the default of a reference, cannot be guessed from the fingerprint', async () => {
  const withToken = (token: string) =>
    fingerprintOf({ 'a.yaml': CHANNELS.replace('${env:TOKEN}', token), 'b.yaml': RULES });
  expect(await withToken('sesame-sesame')).toBe(await withToken('open-the-door'));
  expect(await withToken('${env:TOKEN:-sesame-sesame}')).toBe(await withToken('${env:TOKEN:-open-the-door}'));
});
