import { describe, expect, it } from 'vitest';
import { loadChannelTypes } from '../../daemon/channels/index.ts';
import { runRuleTests, testProblems } from '../support/simulation.ts';

const channelTypes = await loadChannelTypes();

const rule = 'rules: [{ name: r, match: { type: e }, notify: c }]\n';
const test = 'tests: [{ name: a, steps: [{ event: { type: e }, expect: [{ channel: c }] }] }]\n';
const channel = (settings: string): string => `channels: { c: { ${settings} } }\n${rule}`;

describe('a test needs no credentials', () => {
  it.each([
    ['a chat bot', 'type: wecom, key: "${env:A}"'],
    ['a secret in a missing file', 'type: dingtalk, token: "${file:/nowhere/token}", secret: "${credential:b}"'],
    [
      'a mail server whose password is missing',
      'type: email, url: "smtps://user:${env:P}@mail.example.com", from: a@example.com, to: [b@example.com]',
    ],
    ['an address', 'type: email, host: mail.example.com, from: "${env:SENDER_OF_ALL}", to: ["${env:BOB}"]'],
    ['a whole URL of another scheme', 'type: email, url: "${env:WHERE}", from: a@example.com, to: [b@example.com]'],
    ['a URL whose variable is not named so', 'type: webhook, url: "${env:OPS_HOOK_OF_ACME}"'],
    [
      'a signing secret with a required format',
      'type: webhook, url: https://example.com, sign: { standard_webhooks: "${env:S}" }',
    ],
    ['a port', 'type: email, host: "${env:WHO}", port: "${env:WHERE}", from: a@example.com, to: [b@example.com]'],
    ['the beginning of a URL', 'type: webhook, url: "${env:NTFY}/a"'],
    ['the parts of a URL', 'type: webhook, url: "${env:SCHEME}://${env:U}:${env:P}@${env:H}:${env:N}/${env:PATH_}"'],
    [
      'a reference that two settings need in different formats',
      'type: email, host: "${env:A}", from: "${env:A}", to: "${env:A}"',
    ],
    ['one of several allowed values', 'type: wecom, key: k, format: "${env:HOW}"'],
    ['a duration and a switch', 'type: log, delivery: { timeout: "${env:HOW_LONG}", paused: "${env:X:-false}" }'],
  ])('for %s', async (_what, settings) => {
    expect(await testProblems(channel(settings), test)).toEqual([]);
  });

  it.each(channelTypes.map((one) => [one.type, one] as const))('for %s', async (type, { example = {} }) => {
    const references = Object.entries(example).map(([name, value]) => [
      name,
      typeof value === 'string' ? `\${env:${name}}` : value,
    ]);
    const settings = JSON.stringify({ type, ...Object.fromEntries(references) }).slice(1, -1);
    expect(await testProblems(channel(settings), test)).toEqual([]);
  });

  it('but uses those that are set', async () => {
    const rules = channel('type: log').replace('notify: c', 'message: { title: "${env:NAME}" }, notify: c');
    const tests = test.replace('channel: c', 'title: Belfry');
    expect(await testProblems(rules, tests, { NAME: 'Belfry' })).toEqual([]);
  });
});

it('two channels whose URLs begin with the same reference both get a valid URL', async () => {
  const rules = [
    'channels:',
    '  a: { type: webhook, url: "${env:NTFY}/a" }',
    '  b: { type: webhook, url: "${env:NTFY}/b" }',
    'rules: [{ name: r, match: { type: e }, message: { link: "${env:SITE}/e" }, notify: [a, b] }]',
  ].join('\n');
  const link = '{ regex: "^https://" }';
  const tests = `tests: [{ name: a, steps: [{ event: { type: e }, expect: [{ channel: a, link: ${link} }, { channel: b, link: ${link} }] }] }]`;
  expect(await testProblems(rules, tests)).toEqual([]);
});

it('an invalid setting beside a missing secret is still reported', async () => {
  const { invalid, results } = await runRuleTests({
    'rules.yaml': channel('type: wecom, key: "${env:A}", fromat: text'),
    'rules.test.yaml': test,
  });
  expect(invalid.map(({ code, message }) => `${code} ${message}`)).toEqual([
    'schema.unknown_key `fromat` is not a setting of a channel of type `wecom`',
  ]);
  expect(results).toEqual([]);
});

it('a reference without a possible placeholder is reported once, as a missing variable', async () => {
  const rules = channel('type: log').replace(
    'notify: c',
    'during: "${env:WHEN}", not_during: "${env:WHEN}", notify: c',
  );
  const { invalid } = await runRuleTests({ 'rules.yaml': rules, 'rules.test.yaml': test });
  expect(invalid.map(({ message }) => message)).toEqual(['the environment variable `WHEN` is not set']);
});

it('a malformed reference is still reported', async () => {
  const { invalid } = await runRuleTests({
    'rules.yaml': channel('type: wecom, key: "${enw:A}"'),
    'rules.test.yaml': test,
  });
  expect(invalid).toHaveLength(1);
  expect(invalid[0]!.mend).toContain('env');
});
