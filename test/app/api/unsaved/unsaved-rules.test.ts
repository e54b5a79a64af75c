import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loadChannelFamilies } from '../../../../daemon/channels/index.ts';
import type { UnsavedExplanation } from '../../../../daemon/http/daemon-api.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { openHistory } from './recorded-day.ts';

const LIVE = `
channels: { ops: { type: log }, boss: { type: ntfy, topic: alarms, token: "\${env:NTFY_TOKEN}" } }
hours: { office: { days: mon-fri, from: "09:00", to: "18:00", timezone: UTC } }
sources: { deploys: { type: webhook, path: /hooks/deploys, verify: { bearer: "\${env:HOOK}" } } }
silences: [{ match: { rule: disk }, until: "2099-01-01T00:00:00Z", reason: always }]
rules:
  - { name: disk, match: { type: disk }, notify: ops }
  - { name: deploy, on: deploys, match: { type: deploy }, during: office, notify: ops }
`;
const signal = new AbortController().signal;

async function opened() {
  const history = await openHistory(LIVE);
  onTestFinished(history.close);
  const check = (text: string, base = false) => history.api.check({ text, base }, signal);
  const explain = async (text: string, event: { readonly type: string; readonly subject?: string }, base = false) =>
    (await history.api.explain({ rules: { text, base }, event }, signal)) as UnsavedExplanation;
  return { ...history, check, explain };
}

const outcomes = ({ rules }: UnsavedExplanation) =>
  Object.fromEntries(rules.map(({ rule, outcome }) => [rule, outcome]));

test('a text alone has only its own rules and silences, with the live channels, sources and hours that it names', async () => {
  const { check, explain } = await opened();
  const text = `rules:
  - { name: disk, match: { type: disk }, notify: [ops, boss] }
  - { name: build, on: deploys, during: office, match: { type: webhook.received }, notify: boss }
`;
  expect(await check(text)).toEqual({ valid: true, files: 1, rules: 2, problems: [] });
  const explained = await explain(text, { type: 'disk' });
  expect(outcomes(explained)).toEqual({ disk: 'notified', build: 'no_match' });
  expect(explained.rules[0]!.sends.map(({ channel }) => channel)).toEqual(['ops', 'boss']);
});

test('a channel of the text takes the place of the live one of its name, and its mark-up escapes the event', async () => {
  const { explain } = await opened();
  const text = `channels: { boss: { type: discord, url: "\${env:URL}" } }
rules: [{ name: disk, match: { type: disk }, message: { format: markdown, body: "{{ subject }}" }, notify: boss }]
`;
  const { rules } = await explain(text, { type: 'disk', subject: '**loud**' });
  expect(rules[0]!.sends[0]).toMatchObject({ channel: 'boss', message: { body: String.raw`\*\*loud\*\*` } });
});

test('a message comes with the body that its channel would send, in the mark-up of the provider', async () => {
  const { explain } = await opened();
  const text = `channels:
  chat: { type: slack, url: "\${env:URL}" }
  app: { type: feishu_app, app_id: cli_a, app_secret: "\${env:SECRET}", to: [ou_7d8a6e6df7621556ce0d21922b676706] }
  card: { type: discord, url: "https://discord.com/api/webhooks/123456789012345678/the-secret-of-the-webhook" }
  hook: { type: webhook, url: https://example.com/x, body: "{{ title | upcase }}", headers: { Content-Type: text/plain } }
rules:
  - name: disk
    match: { type: disk }
    message: { title: "{{ subject }}", body: "**loud** {{ subject }}", format: markdown }
    notify: [chat, app, card, hook, ops]
`;
  const { rules, problems } = await explain(text, { type: 'disk', subject: '<!here> *x*' });
  expect(problems).toEqual([]);
  const previews = Object.fromEntries(rules[0]!.sends.map(({ channel, preview }) => [channel, preview]));
  expect(previews).toEqual({
    chat: { content_type: 'application/json', body: expect.stringContaining('&lt;!here&gt;') },
    app: { content_type: 'application/json', body: expect.stringContaining('ou_7d8a') },
    card: { content_type: 'application/json', body: expect.stringContaining('**loud**') },
    hook: { content_type: 'text/plain', body: String.raw`\<\!HERE\> \*X\*` },
    ops: undefined,
  });
  expect(JSON.stringify(rules)).not.toContain('the-secret-of-the-webhook');
});

test('every channel type shows what it would send, or nothing, for settings with placeholders', async () => {
  const { explain } = await opened();
  const families = await loadChannelFamilies();
  const types = families.flatMap((family) => family.types);
  const channels = types.flatMap(({ type, example }) => (example === undefined ? [] : [[type, { type, ...example }]]));
  const names = channels.map(([name]) => name);
  const file = {
    channels: Object.fromEntries(channels) as object,
    rules: [{ name: 'all', match: { type: 'disk' }, notify: names }],
  };
  const explained = await explain(JSON.stringify(file), { type: 'disk', subject: '*x*' });
  expect(explained.problems.filter(({ level }) => level === 'error')).toEqual([]);
  const shown = explained.rules[0]!.sends.filter(({ preview }) => preview !== undefined && 'body' in preview);
  expect(shown.length).toBeGreaterThan(25);
});

test('with `base` each part of the text takes the place of the live part of its name, and the others stay', async () => {
  const { check, explain } = await opened();
  const text = 'rules: [{ name: deploy, match: { type: disk }, notify: boss }]\n';
  expect((await check(text, true)).valid).toBe(true);
  expect(outcomes(await explain(text, { type: 'disk' }, true))).toEqual({ disk: 'silenced', deploy: 'notified' });
  const daemon = 'daemon: { limits: { body: 2MiB } }\nsilences: []\n';
  expect((await check(daemon, true)).problems).toEqual([]);
});

test('problems name the line and the column of the text, and warnings come too', async () => {
  const { check, explain } = await opened();
  const text = `rules:
  - { name: disk, match: { type: disk }, notify: opps }
`;
  const problem = { file: 'rules', line: 2, column: 50, level: 'error', code: 'rule.unknown_channel' };
  expect(await check(text)).toMatchObject({ valid: false, rules: 1, problems: [problem] });
  expect(await explain(text, { type: 'disk' })).toMatchObject({ valid: false, problems: [problem], rules: [] });
  expect(await check('rules: [')).toMatchObject({
    valid: false,
    problems: [{ line: 1, code: expect.stringMatching(/^yaml/) }],
  });
  const unmatchable = 'rules: [{ name: r, match: { type: disk, data.n: { gt: 3, lt: 2 } }, notify: ops }]';
  expect(await check(unmatchable)).toMatchObject({ valid: true, problems: [{ file: 'rules', level: 'warning' }] });
});

test('no reference is resolved, and nothing on the disk can be examined by a text', async () => {
  const folder = await temporaryFolder();
  const secret = path.join(folder, 'secret.txt');
  await writeFile(secret, 'a-real-secret');
  process.env.BELFRY_TEST_SECRET = 'another-secret';
  onTestFinished(() => void delete process.env.BELFRY_TEST_SECRET);
  const { check, explain } = await opened();
  const text = `rules:
  - name: leak
    match: { type: disk }
    message: { title: "\${file:${secret}} \${env:BELFRY_TEST_SECRET} \${env:HOME} \${credential:x}" }
    notify: ops
`;
  const explained = await explain(text, { type: 'disk' });
  expect(explained.valid).toBe(true);
  expect(JSON.stringify(explained)).not.toMatch(/a-real-secret|another-secret/);
  expect(explained.rules[0]!.sends[0]!.message.title).not.toContain(process.env.HOME!);
  const found = async (ca: string) =>
    (await check(`channels: { w: { type: webhook, url: https://example.com/x, ca: ${ca} } }`)).problems;
  expect(await found(secret)).toEqual(await found(path.join(folder, 'none.pem')));
  expect(await found('not-a-certificate')).toEqual(await found('nothing-at-all'));
});

test('a plugin that a text names is not loaded', async () => {
  const folder = await temporaryFolder();
  const plugin = path.join(folder, 'plugin.mjs');
  await writeFile(plugin, `import { writeFileSync } from 'node:fs'; writeFileSync('${path.join(folder, 'ran')}', '');`);
  const { check } = await opened();
  const text = `daemon: { plugins: [${plugin}] }\nchannels: { x: { type: chime } }\n`;
  expect(await check(text)).toMatchObject({ valid: false, problems: [{ code: 'channel.unknown_type', line: 2 }] });
});

test('a past event is explained by its id, as if nothing had happened before it', async () => {
  const { api, emit, until, store, start } = await opened();
  await emit(start, 'disk', { n: 1 });
  await until(start + 1000);
  const { items } = await store.events({ order: 'asc', limit: 1 });
  const { id } = items[0]!.event;
  const rules = { text: 'rules: [{ name: r, if: data.n == 1, dedupe: 1h, notify: ops }]', base: false };
  expect(await api.explain({ rules, id }, signal)).toMatchObject({ event: { id }, rules: [{ outcome: 'notified' }] });
  expect(await api.explain({ rules, id: 'x' }, signal)).toBeUndefined();
});

test('an explanation that would occupy the daemon is refused, and one rule of it is explained', async () => {
  const { api } = await opened();
  const body = '{% for i in (1..6000) %}0123456789{% endfor %}';
  const rule = (name: string): string =>
    `{ name: ${name}, match: { type: disk }, message: { body: "${body}" }, notify: ops }`;
  const text = `rules: [${Array.from({ length: 150 }, (_, index) => rule(`r${index}`)).join(', ')}]`;
  const request = { rules: { text, base: false }, event: { type: 'disk' } };
  await expect(api.explain(request, signal)).rejects.toMatchObject({ code: 'rules.too_large' });
  expect((await api.explain({ ...request, rule: 'r7' }, signal))!.rules).toHaveLength(1);
});
