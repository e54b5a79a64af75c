import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { StatusView } from '../../../daemon/http/daemon-api.ts';
import { openFixture } from '../../support/daemon-fixture.ts';

const ROOT = path.resolve(import.meta.dirname, '../../..');

const GOOD = (prefix: string): string => `
import { defineHttpChannel, key, PLAIN, plainTitle } from 'belfry/channel';
export const channels = [
  defineHttpChannel({
    type: 'chime', summary: 'Rings a chime', documentation: 'https://chime.example', api: 'https://chime.example',
    settings: { token: key('The token.', 'x') }, keys: { token: '' }, limits: {}, supports: { kept: '' }, markup: PLAIN,
    request: (message, { settings, api, io }) => ({
      url: api + '/chime',
      headers: { 'idempotency-key': io.delivery.id, 'x-token': settings.token.reveal() },
      json: { id: io.delivery.id, rule: io.delivery.rule, key: '', status: 'firing', title: '${prefix}' + plainTitle(message), body: '' },
    }),
    answers: { read: () => ({ ok: true, id: 'rung' }) },
  }),
];`;

/** A plugin that does what the title of the message says. */
const BAD = `
export const channels = [
  {
    type: 'bad', summary: 'Does not behave', settings: { type: 'object', properties: { secret: { type: 'string', belfry: 'secret' } } },
    open(settings, { log }) {
      return {
        async send(message) {
          log.info({ secret: settings.secret.reveal() }, 'asked for ' + message.title);
          if (message.title === 'throw') throw new TypeError('no ' + settings.secret.reveal());
          if (message.title === 'reject') return Promise.reject('a text');
          if (message.title === 'never') return new Promise(() => {});
          if (message.title === 'loop') for (;;);
          if (message.title === 'exit') process.exit(1);
          if (message.title === 'later') return new Promise(() => setTimeout(() => { throw new Error('later'); }, 1));
          if (message.title === 'nothing') return undefined;
          return { id: 'fine' };
        },
      };
    },
  },
];`;

const CHANNELS = (origin: string): string => `channels:
  ops: { type: webhook, url: "${origin}/ops" }
  chime: { type: chime, token: tok-4711-secret, api: "${origin}" }
  bad: { type: bad, secret: hunter2-hunter2, delivery: { timeout: 300ms, retry: [] } }
rules:
  - { name: all, match: { type: t }, message: { title: '{{ data.text }}' }, notify: [ops, chime, bad] }
`;

interface Waited {
  readonly deliveries: readonly { channel: string; state: string; attempts: readonly { code?: string }[] }[];
}

const PLUGINS = '  plugins: [./chime.mjs, ./bad.mjs]\n';

test('a plugin that throws, hangs, loops or exits harms its own channel only, and an edited plugin is used at once', async () => {
  const { home, receiver, post, audited } = await openFixture(onTestFinished);
  const write = (name: string, text: string): Promise<void> => writeFile(home.path('rules', name), text);
  await home.rules('channels: {}\n', 'rules.yaml');
  await write('chime.mjs', GOOD('1: '));
  await write('bad.mjs', BAD);
  await home.rules(CHANNELS(receiver.origin), 'rules.yaml', PLUGINS);
  await home.start();
  const outcomeOf = async (text: string): Promise<string> => {
    const { body } = await home.call<Waited>('POST', '/v1/events?wait=20s', { type: 't', data: { text } });
    const [bad] = body.deliveries.filter(({ channel }) => channel === 'bad');
    const others = body.deliveries.filter(({ channel }) => channel !== 'bad').map(({ state }) => state);
    expect(others).toEqual(['delivered', 'delivered']);
    return bad!.attempts.at(-1)?.code ?? bad!.state;
  };
  expect(await outcomeOf('fine')).toBe('delivered');
  // A success after each failure keeps the breaker closed, and shows that the plugin works again.
  for (const [text, code] of [
    ['throw', 'internal'],
    ['reject', 'internal'],
    ['nothing', 'internal'],
    ['never', 'plugin.no_answer'],
    ['later', 'plugin.ended'],
    ['exit', 'plugin.ended'],
    ['loop', 'plugin.ended'],
  ])
    expect([text, await outcomeOf(text!), await outcomeOf('fine')]).toEqual([text, code, 'delivered']);

  await write('chime.mjs', GOOD('2: '));
  await home.logged((line) => line.msg === 'reload: applied');
  await post({ type: 't', data: { text: 'edited' } });
  await receiver.until(({ title }) => title === '2: edited');
  await write('chime.mjs', 'export const channels = [1];');
  await home.logged((line) => line.code === 'daemon.plugin');
  const { body: status } = await home.call<StatusView>('GET', '/v1/status');
  expect(status.files).toMatchObject([{ state: 'kept', problems: [{ code: 'daemon.plugin', line: 5 }] }]);
  expect(status.reasons).toEqual([expect.stringContaining('rules.yaml is not applied')]);
  await post({ type: 't', data: { text: 'kept' } });
  await receiver.until(({ title }) => title === '2: kept');
  await audited();
  expect(JSON.stringify(home.lines)).not.toMatch(/hunter2|tok-4711/);
});

test('the example of a plugin passes the contract suite', () => {
  const ran = spawnSync(process.execPath, ['--test', 'examples/plugin/chime.test.mjs'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  expect([ran.status, ran.status === 0 ? '' : ran.stdout]).toEqual([0, '']);
});
