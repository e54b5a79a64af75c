import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { ChannelType } from '../../../daemon/channels/channel.ts';
import { PluginHost } from '../../../daemon/channels/plugins/host.ts';
import { check } from '../../../daemon/cli/check-rules.ts';
import { registry } from '../../../daemon/cli/registry.ts';
import { channelTools, failureOfSending, sampleIo, sampleMessage } from '../../support/delivery.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const TYPE = (more: string): string =>
  `export const channels = [{ type: 'mine', summary: 'Mine', open: () => ({ send: async () => ({}) }), ${more} }];`;
const OBJECT = "settings: { type: 'object', properties: { key: { type: 'string' } }, additionalProperties: false }";

/** Problems of rules with this plugin and a channel `a: { type: mine, SETTINGS }`. */
async function problems(plugin: string | undefined, settings = '', file = './mine.mjs'): Promise<string[]> {
  const cwd = await temporaryFolder();
  if (plugin !== undefined) await writeFile(path.join(cwd, 'mine.mjs'), plugin);
  const rules = `daemon: { plugins: [${file}] }\nchannels: { a: { type: mine, ${settings} } }\n`;
  await writeFile(path.join(cwd, 'rules.yaml'), rules);
  const found = await check({ paths: ['rules.yaml'], env: {}, cwd, registry });
  return found.problems.map(({ line, column, message }) => `${line}:${column} ${message}`);
}

const FAULT = '1:21 the plugin cannot be used: ';

test('the settings of a type of a plugin are checked by its schema and its `check`', async () => {
  expect(await problems(TYPE(OBJECT), 'key: k')).toEqual([]);
  expect(await problems(TYPE(OBJECT), 'kye: k')).toEqual([expect.stringContaining('`kye`')]);
  const checked = TYPE(`${OBJECT}, check: ({ key }) => [{ pointer: '/key', message: key + ' is wrong', mend: 'x' }]`);
  expect(await problems(checked, 'key: k')).toEqual(['2:35 k is wrong']);
});

test('the plugin and the rules of the documentation load together', async () => {
  const page = await readFile(path.resolve(import.meta.dirname, '../../../docs/plugins.md'), 'utf8');
  const [rules, plugin] = ['yaml', 'js'].map((language) => page.split(`\`\`\`${language}\n`)[1]!.split('```')[0]!);
  const cwd = await temporaryFolder();
  await writeFile(path.join(cwd, 'rules.yaml'), rules!);
  await writeFile(path.join(cwd, 'chime.mjs'), plugin!);
  expect((await check({ paths: ['rules.yaml'], env: { CHIME_TOKEN: 'token' }, cwd, registry })).problems).toEqual([]);
});

test.each([
  ['does not exist', undefined, 'there is no such file'],
  ['throws when it is loaded', '\nthrow new Error("no luck");', /it cannot be loaded: no luck \(\/.*\/mine\.mjs:2\)$/],
  ['is no JavaScript', 'export const = 1;', 'it cannot be loaded: '],
  [
    'imports what is not there',
    "\nimport { readFil } from 'node:fs';",
    /an export named 'readFil' \(.*\/mine\.mjs:2\)$/,
  ],
  ['exports no list', 'export const channel = [];', 'it does not export a list `channels`'],
  ['exports something else', 'export const channels = [1];', '`channels[0]` is not a channel type'],
  [
    'has a type without a function to open',
    "export const channels = [{ type: 'a', summary: 'x' }];",
    'has no function',
  ],
  ['has no schema', TYPE("settings: { type: 'string' }"), 'has no `settings`'],
  ['has an invalid schema', TYPE("settings: { type: 'object', properties: { a: { type: 'text' } } }"), 'no valid JSON'],
  ['has the name of a built-in type', TYPE(OBJECT).replace("'mine'", "'log'"), 'there is a channel type `log` already'],
])('a plugin that %s is one problem, at its entry', async (_, plugin, message) => {
  const found = await problems(plugin);
  expect(found).toHaveLength(1);
  expect(found[0]).toContain(FAULT);
  if (typeof message === 'string') expect(found[0]).toContain(message);
  else expect(found[0]).toMatch(message);
});

/** A plugin whose channels are opened by the daemon. */
async function loaded(plugin: string): Promise<ChannelType> {
  const file = path.join(await temporaryFolder(), 'mine.mjs');
  await writeFile(file, plugin);
  const host = new PluginHost();
  onTestFinished(() => host.close());
  const { types } = await host.load([file]);
  return types[0] as ChannelType;
}

test('a plugin that cannot open its channel refuses every message with the reason', async () => {
  const type = await loaded(TYPE(OBJECT).replace('=> ({ send', "=> { throw new Error('no luck'); }, x: () => ({ send"));
  const notifier = type.open({}, channelTools());
  const failures = [1, 2].map(() => failureOfSending(notifier, sampleMessage(), sampleIo()));
  for (const failed of await Promise.all(failures)) expect(failed).toMatchObject({ code: 'channel.open' });
  await notifier.close?.();
});

test('a plugin that needs too much memory is ended', async () => {
  const body =
    'const kept = []; while (kept.length < 50_000) kept.push(new Array(1000).fill(kept.length + 0.5)); return {};';
  const type = await loaded(TYPE(OBJECT).replace('async () => ({})', `async () => { ${body} }`));
  const notifier = type.open({}, channelTools());
  const failed = await failureOfSending(notifier, sampleMessage(), sampleIo());
  expect(failed).toMatchObject({ class: 'unknown', code: 'plugin.ended' });
  await notifier.close?.();
});

test('a plugin whose `escape` is an endless loop makes the daemon wait three times at most', async () => {
  const type = await loaded(TYPE(`${OBJECT}, escape: () => { for (;;); }`));
  const wait = vi.spyOn(Atomics, 'wait');
  onTestFinished(() => wait.mockRestore());
  for (let count = 0; count < 6; count += 1) expect(type.escape!('<b>', 'html')).toBe('&lt;b&gt;');
  expect(wait).toHaveBeenCalledTimes(3);
});

test('a plugin that is an endless loop is reported after 10 s', async () => {
  const file = path.join(await temporaryFolder(), 'mine.mjs');
  await writeFile(file, 'for (;;);');
  const clock = new VirtualClock();
  const log = { warn: () => undefined, error: () => undefined };
  const loading = new PluginHost({ log, clock }).load([file]);
  await vi.waitUntil(() => clock.waiting > 0);
  await clock.advance(10_000);
  expect((await loading).faults).toEqual([
    expect.objectContaining({ message: expect.stringContaining('10 s') as string }),
  ]);
});

test('a plugin whose check is an endless loop is reported after a second', async () => {
  const looping = TYPE(`${OBJECT}, check: () => { for (;;); }`);
  expect(await problems(looping, 'key: k')).toEqual([expect.stringContaining('does not answer')]);
});
