import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect } from 'vitest';
import { type Desktop, missingPackages, openDesktop } from '../../support/desktop.ts';
import { openTestServer, type TestServer } from '../../support/test-server.ts';
import { attacksOn } from '../support/attack.ts';
import { NO_WATCH } from '../support/reload.ts';
import type { Target } from '../support/target.ts';

const missing = missingPackages();
const env: Record<string, string> = {};
let server: TestServer;
let desktop: Desktop | undefined;
beforeAll(async () => {
  server = await openTestServer();
  if (missing.length === 0) desktop = await openDesktop();
  Object.assign(env, desktop?.env);
});
afterAll(async () => {
  await server.close();
  await desktop?.close();
});

/** Chats by type: the settings, and an answer that means success. */
const CHATS: Readonly<Record<string, readonly [settings: string, answer: object | string]>> = {
  slack: ['url: "ORIGIN/services/T/B/x"', 'ok'],
  dingtalk: ['api: ORIGIN, token: t4711t4711', { errcode: 0 }],
  wecom: ['api: ORIGIN, key: 693a91f6-7f45-4bc4-97a0-0ec2sifa5aaa', { errcode: 0 }],
  feishu: ['api: ORIGIN, token: 7b5a2f6e-1c1f-4a2b-9c55-0d7f3a4b5c6d', { code: 0 }],
  telegram: [
    'api: ORIGIN, token: "4711:abcdefghijklmnopqrstuvwxyz012345678", to: "1"',
    { ok: true, result: { message_id: 1 } },
  ],
  discord: ['url: "ORIGIN/api/webhooks/1/x"', { id: '1' }],
  mattermost: ['url: "ORIGIN/hooks/x"', 'ok'],
};

const template = '{ title: "{{ data.x }}", body: "{{ data.x }}" }';
const rule = (name: string, notify: string, message = template): string =>
  `  - { name: ${name}, on: api, match: { type: attack.${name} }, notify: ${notify}, message: ${message} }\n`;

const attack = attacksOn({
  daemon: NO_WATCH,
  env,
  rules: () => `channels:
  desktop: { type: desktop }
  program: { type: command, run: [sh, -c, 'for one in "$@"; do printf "%s\\0" "$one"; done > arguments', sh, "{{ title }}", "{{ body }}"] }
  hook: { type: webhook, url: "${server.origin}/hook", headers: { X-Text: "{{ data.x }}" }, body: { text: "{{ data.x }}", list: ["{{ data.x }}"] } }
  text: { type: webhook, url: "${server.origin}/text", body: '{"t":"{{ data.x }}"}' }
${Object.entries(CHATS)
  .map(
    ([type, [settings]]) =>
      `  ${type}: { type: ${type}, ${settings.replace('ORIGIN', server.origin)}, delivery: { rate: 1000/1s } }\n`,
  )
  .join('')}rules:
${rule('desktop', 'desktop')}${rule('program', 'program')}${rule('hook', 'hook')}${rule('text', 'text')}${Object.keys(
  CHATS,
)
  .flatMap((type) => [
    rule(type, type),
    rule(`${type}.markdown`, type, '{ title: "{{ data.x }}", body: "**b** {{ data.x }}", format: markdown }'),
  ])
  .join('')}`,
});

/** Sends an event by its rule, and resolves to the state of the delivery. */
async function send({ home }: Target, type: string, x: unknown): Promise<string> {
  const { body } = await home.call<{ deliveries: { state: string }[] }>('POST', '/v1/events?wait=30s', {
    type: `attack.${type}`,
    data: { x },
  });
  return body.deliveries[0]!.state;
}

const HOSTILE = [
  '<!channel> <@U1> <#C1> <http://evil.test|bank> <!everyone>',
  '@all @everyone @here @13800138000 <@all> <at id=all></at> <at user_id="all">all</at>',
  '[bank](http://evil.test) ![x](http://evil.test/x.png) **bold** `code` <b>tag</b>',
  '", "mentioned_list": ["@all"], "x": "',
];

/** Forms that mention everybody or show a link with another text, by the chat that reads them so. */
const FORBIDDEN: Readonly<Record<string, readonly RegExp[]>> = {
  slack: [/<!(?:channel|everyone|here)/, /<@U1>/, /<http:\/\/evil\.test\|/],
  dingtalk: [/"isAtAll":true/, /"atMobiles":\["/, /(?<!\\)\[bank\]\(http/],
  wecom: [/"mentioned_(?:mobile_)?list":\["/, /<@all>/],
  // A text of a post has no tags.
  feishu: [/"tag":"at"/, /"tag":"a","text":"bank"/, /"tag":"lark_md"[^}]*<at /],
  telegram: [/>bank<\/a>/, /<b>tag/],
  // A title has no links.
  discord: [/"parse":\["/, /"description":"[^"]*(?<!\\)\[bank\]\(http/],
  mattermost: [/@all\b|@everyone|@here|@channel/, /(?<!\\)\[bank\]\(http/],
};

attack('F13', async (target) => {
  for (const [type, [, answer]] of Object.entries(CHATS)) {
    server.answer({ status: 200, body: answer });
    for (const x of HOSTILE)
      for (const name of [type, `${type}.markdown`]) {
        server.forget();
        expect([name, x, await send(target, name, x)]).toEqual([name, x, 'delivered']);
        const sent = server.requests.map(({ text }) => text).join('\n');
        const isPlain = /"(?:msgtype|msg_type)":"text"/.test(sent);
        const found = FORBIDDEN[type]!.filter((form) => form.test(sent) && !(isPlain && form.source.includes('bank')));
        expect([name, x, found.map(String), sent]).toEqual([name, x, [], sent]);
      }
  }
});

attack(
  'F14',
  async (target) => {
    const texts = [
      '--hint=string:x:y',
      '-u critical',
      '$(id) `id` ; id | id && id',
      '<b>bold</b> <a href="http://evil.test">x</a> <img src="file:///etc/passwd">',
      '--',
      '-',
      String.raw`\n\t\x41 %s %n`,
    ];
    for (const text of texts) {
      expect([text, await send(target, 'desktop', text)]).toEqual([text, 'delivered']);
      expect([text, await send(target, 'program', text)]).toEqual([text, 'delivered']);
      expect((await readFile(target.home.path('rules', 'arguments'), 'utf8')).split('\0')).toEqual([text, text, '']);
    }
    const shown = await desktop!.shown();
    expect(shown.map(({ title, urgency }) => [title, urgency])).toEqual(texts.map((text) => [text, 'NORMAL']));
    for (const { body } of shown) expect(body).not.toMatch(/<(?:b|a|img)\b/);
    // A list is not spread over several arguments.
    expect(await send(target, 'program', ['--a', '--b'])).toBe('delivered');
    expect((await readFile(target.home.path('rules', 'arguments'), 'utf8')).split('\0')).toEqual([
      '["--a","--b"]',
      '["--a","--b"]',
      '',
    ]);
  },
  missing.length === 0 ? '' : ` (needs ${missing.join(', ')})`,
);

attack('F15', async (target) => {
  server.answer({ status: 200 });
  for (const x of [
    'a\r\nX-Evil: 1\r\n\r\nGET /evil HTTP/1.1',
    'a\nX-Evil: 1',
    'a\u0000b',
    'a\u2028b',
    'é\u{1F600}',
    'x'.repeat(60_000),
    '\r\n\r\n',
  ]) {
    server.forget();
    const state = await send(target, 'hook', x);
    expect([x.slice(0, 20), state, server.requests.length <= 1]).toEqual([
      x.slice(0, 20),
      expect.stringMatching(/^(?:delivered|dead)$/),
      true,
    ]);
    expect(server.requests.map(({ path, headers }) => [path, headers['x-evil']])).toEqual(
      server.requests.map(() => ['/hook', undefined]),
    );
  }
});

attack('F16', async (target) => {
  server.answer({ status: 200 });
  const texts = ['"', '"}, "evil": {"x": "', '\\', '\n\r\t\b\f', '\u2028\u2029', '\u0001', '\u007f'];
  for (const x of texts) {
    server.forget();
    expect([x, await send(target, 'hook', x), await send(target, 'text', x)]).toEqual([x, 'delivered', 'delivered']);
    expect(server.requests.map(({ json }) => json)).toEqual([{ text: x, list: [x] }, { t: x }]);
  }
  server.forget();
  await send(target, 'hook', '\uD800');
  expect(server.requests[0]!.json).toMatchObject({ list: [expect.any(String)] });
});
