import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadChannelTypes } from '../../../../daemon/channels/index.ts';
import { check } from '../../../../daemon/cli/check-rules.ts';
import type { Problem } from '../../../../daemon/core/problems/failure.ts';
import { sourceTypes } from '../../../../daemon/sources/index.ts';
import { authority } from '../../../support/certificates.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const channelTypes = await loadChannelTypes();

const registry = { channels: channelTypes, sources: sourceTypes };

async function problemsOf(text: string): Promise<readonly Problem[]> {
  const cwd = await temporaryFolder();
  await writeFile(path.join(cwd, 'rules.yaml'), text);
  return (await check({ paths: ['rules.yaml'], env: {}, cwd, registry })).problems;
}

const channel = (settings: string): string => `channels:\n  c: { ${settings} }\n`;
const webhook = (url: string, more = ''): string => channel(`type: webhook, url: '${url}'${more}`);
const mail = (settings: string): string => channel(`type: email, from: a@example.com, to: b@example.com, ${settings}`);

const RSA = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' });

/** Expects one problem, at the value of the setting, whose mend contains this text. */
const REFUSED: readonly (readonly [what: string, text: string, setting: string, mend: RegExp])[] = [
  ['a `%` in a password that is not a code', webhook('http://user:100%sure@h/'), 'url', /%25/],
  ['a `%` in a path that is not a code', webhook('http://h/100%/x'), 'url', /%25/],
  ['a second `@`', webhook('http://user:p@ss@h/'), 'url', /%40/],
  ['a `/` in a password', webhook('http://user:p/w@h/'), 'url', /%2F/],
  ['a colon in a user, which Basic cannot carry', webhook('http://a%3Ab:p@h/'), 'url', /header/],
  ['an `@` with nothing before it', webhook('http://@h/'), 'url', /user:password@/],
  ['a fragment', webhook('https://h/x#y'), 'url', /%23/],
  ['a template', webhook('https://h/{{data.x}}'), 'url', /write the address itself/],
  ['a template with spaces', webhook('https://{{ data.x }}/a'), 'url', /write the address itself/],
  ['a space', webhook('https://h/a b'), 'url', /%20/],
  ['a space at the end', webhook('https://h/a '), 'url', /%20/],
  ['a tab, which other readers drop', 'channels: { c: { type: webhook, url: "https://h/a\\tb" } }\n', 'url', /%20/],
  ['a backslash, which other readers turn round', webhook('https:\\\\h\\x'), 'url', /%20/],
  ['one slash only', webhook('https:/h/x'), 'url', /https:\/\/host/],
  ['no host', webhook('https:///x'), 'url', /https:\/\/host/],
  ['an empty label in a host', webhook('https://a..b/x'), 'url', /https:\/\/host/],
  ['an IPv6 address without brackets', webhook('http://::1/x'), 'url', /brackets/],
  ['a bracket that is not closed', webhook('http://[::1/x'), 'url', /brackets/],
  ['a short IPv4 address', webhook('http://192.168/x'), 'url', /four numbers/],
  ['an IPv4 address in another base', webhook('http://0x7f.0.0.1/x'), 'url', /four numbers/],
  ['a number as a host', webhook('http://2130706433/x'), 'url', /four numbers/],
  ['a port out of range', webhook('http://h:65536/x'), 'url', /correct it/],
  ['port 0', webhook('http://h:0/x'), 'url', /correct it/],
  ['an empty port', webhook('http://h:/x'), 'url', /correct it/],
  ['a path without `api`', webhook('/x'), 'url', /https:\/\/host/],
  ['another scheme', webhook('ftp://h/x'), 'url', /https:\/\/host/],
  ['a base URL with a query', webhook('/x', ", api: 'https://relay?a=b'"), 'api', /remove the `\?`/],
  ['a base URL with a fragment', webhook('/x', ", api: 'https://relay/#a'"), 'api', /%23/],
  ['a base URL that nothing follows', webhook('https://h/x', ', api: https://relay'), 'api', /only the path/],
  ['a path that would leave the base URL', webhook('//evil/x', ', api: https://relay'), 'api', /only the path/],
  ['a base URL of a bot with a query', channel("type: wecom, key: k, api: 'https://relay?a=b'"), 'api', /remove the/],
  [
    'a base URL of DingTalk with a port out of range',
    channel('type: dingtalk, token: t, api: http://r:99999'),
    'api',
    /correct it/,
  ],
  ['a base URL of Feishu with a second `@`', channel('type: feishu, token: t, api: http://a@b@c'), 'api', /%40/],
  [
    'a range of statuses that is backwards',
    webhook('https://h/x', ', success: ["200-204", "299-200"]'),
    '"299-200"',
    /200-299/,
  ],
  ['a word in place of a status', webhook('https://h/x', ', success: ["2xx"]'), '"2xx"', /write it like `200-299`/],
  [
    'a pattern of `ignore` that brings back',
    'sources:\n  f: { type: files, paths: /srv/x, ignore: "!keep" }\n',
    'ignore',
    /cannot be included again/,
  ],
  ['a `/` in a password of a mail server', mail("url: 'smtp://bob:/pw@mail'"), 'url', /%2F/],
  ['a `#` in a password of a mail server', mail("url: 'smtp://bob:p#w@mail'"), 'url', /%23/],
  ['a `?` in a password of a mail server', mail("url: 'smtp://bob:p?w@mail'"), 'url', /%3F/],
  ['a `%` in a password of a mail server', mail("url: 'smtp://bob:100%@mail'"), 'url', /%25/],
  ['a password of a mail server without a user', mail("url: 'smtp://:pw@mail'"), 'url', /user/],
  ['a path of a mail server', mail('url: smtp://mail/inbox'), 'url', /smtps:\/\/user/],
  ['another scheme for a mail server', mail('url: http://mail'), 'url', /smtps:\/\/user/],
  ['`requireTLS`', mail("url: 'smtp://host?requireTLS=true'"), 'url', /`tls: required`/],
  ['`ignoreTLS`', mail("url: 'smtp://host/?ignoreTLS=true'"), 'url', /`tls: none`/],
  ['`tls`', mail("url: 'smtp://host?tls=yes'"), 'url', /`tls: required`/],
  ['`secure`', mail("url: 'smtp://host?x=1&secure=true'"), 'url', /smtps:\/\//],
  ['`rejectUnauthorized`', mail("url: 'smtp://host?tls.rejectUnauthorized=false'"), 'url', /`ca`/],
  ['`pool`', mail("url: 'smtp://host?pool=true'"), 'url', /delivery.concurrency/],
  ['a parameter that nobody knows', mail("url: 'smtp://host?colour=blue'"), 'url', /remove the `\?`/],
  ['a host with a port', mail("host: 'mail:2525'"), 'host', /`port`/],
  ['a host with a scheme', mail("host: 'smtp://mail'"), 'host', /alone/],
  ['a host with a user', mail("host: 'bob@mail'"), 'host', /`user`/],
  ['a host with a space', mail("host: 'mail one'"), 'host', /alone/],
  ['an empty host', mail("host: ''"), 'host', /alone/],
  ['a host that is a part of an address', mail("host: '192.168'"), 'host', /alone/],
  ['a file of certificates that does not exist', mail('host: mail, ca: not pem'), 'ca', /correct the path/],
  [
    'a certificate that is cut off',
    mail("host: mail, ca: '-----BEGIN CERTIFICATE-----\n\n    MIIB\n\n    -----END CERTIFICATE-----'"),
    'ca',
    /`ca: \/etc\/belfry\/ca.pem`/,
  ],
  [
    'a list in one address',
    channel("type: email, host: mail, from: a@example.com, to: ['a@x.test, b@y.test']"),
    "'a@x.test",
    /one to an entry/,
  ],
  [
    'a name that begins a second address',
    channel("type: email, host: mail, from: 'b@y.test, A <a@x.test>', to: a@x.test"),
    'from',
    /in quotes/,
  ],
  ['a group', channel("type: email, host: mail, from: 'Ops: A <a@x.test>', to: a@x.test"), 'from', /in quotes/],
  [
    'a selector with a new line',
    mail('host: mail, dkim: { domain: example.com, selector: "a\\n b", key: ' + JSON.stringify(RSA) + ' }'),
    'selector',
    /DNS/,
  ],
  [
    'a mention that is not a name',
    channel('type: wecom, key: k, mention: [bob, "two words"]'),
    '"two words"',
    /digits/,
  ],
  ['a mention that is empty', channel('type: dingtalk, token: t, mention: ""'), 'mention', /digits/],
  [
    'a mention of a mobile number that is none',
    channel('type: feishu, token: t, mention: "mobile:bob"'),
    'mention',
    /digits/,
  ],
  [
    'a network that is not whole',
    'sources:\n  s: { type: webhook, path: /hooks/a, allow: [10.0.0.0/8, "192.168"] }\n',
    '"192.168"',
    /whole address/,
  ],
  [
    'a network with too many bits',
    'sources:\n  s: { type: webhook, path: /hooks/a, allow: 10.0.0.0/33 }\n',
    'allow',
    /192\.0\.2\.0\/24/,
  ],
  [
    'a network with a zone',
    'sources:\n  s: { type: webhook, path: /hooks/a, allow: "fe80::1%eth0" }\n',
    'allow',
    /192\.0\.2\.0\/24/,
  ],
  [
    'a network of a rule that is not whole',
    'channels: { c: { type: log } }\nrules:\n  - { name: r, notify: c, match: { data.ip: { cidr: 192.168/16 } } }\n',
    'cidr',
    /10\.0\.0\.0\/8/,
  ],
  ['a public URL with a query', "daemon: { public_url: 'https://example.com/?a=b' }\n", 'public_url', /remove the/],
  ['a public URL with a user', 'daemon: { public_url: https://bob@example.com }\n', 'public_url', /before the `@`/],
  ['a public URL without a host', "daemon: { public_url: 'https://' }\n", 'public_url', /https:\/\/belfry/],
  ['an address to listen on that is none', 'daemon: { listen: "*:8765" }\n', 'listen', /0\.0\.0\.0:8765/],
  ['a port to listen on that does not exist', 'daemon: { listen: "[::1]:70000" }\n', 'listen', /65535/],
];

describe('an unused part of an address is refused by check, with its position', () => {
  it.each(REFUSED)('%s', async (_what, text, setting, mend) => {
    const problems = await problemsOf(text);
    expect(problems.map(({ message }) => message)).toHaveLength(1);
    const [{ line, column, mend: shown }] = problems as [Problem];
    const written = text.split('\n')[line - 1]!;
    const [before, from] = [written.slice(0, column - 1), written.slice(column - 1)];
    expect(before.endsWith(`${setting}: `) || from.startsWith(setting)).toBe(true);
    expect(shown).toMatch(mend);
  });
});

const CA = JSON.stringify(`# the authority of the house\n${authority}${authority}`);

describe('a correct address is accepted', () => {
  it.each([
    ['a login in codes', webhook('https://us%40er:p%3A%2F%25w@h:8443/a/b?x=1&y=%20')],
    ['any query, which belongs to the remote server', webhook('https://h/x?a=@b:c/d&&=?')],
    ['a token as a password without a user', webhook('https://:token@h/')],
    ['an `@` in a path', webhook('https://h/@user:server')],
    ['an IPv6 address', webhook('http://[2001:db8::1]:8080/x')],
    ['a name beyond ASCII', webhook('https://bücher.example/ä?ö=ü')],
    [
      'a name with an underscore, a name alone and a last dot',
      `${webhook('http://my_service:80/')}  d: { type: webhook, url: http://localhost }\n  e: { type: webhook, url: 'http://example.com./' }\n`,
    ],
    ['a path below a base URL with a path', webhook('/x?a=b', ', api: https://relay/robots/')],
    ['a mail server with a login in codes', mail("url: 'smtps://bob%40x:p%2Fw@mail:465/'")],
    ['a mail server by its IPv6 address', mail("url: 'smtp://[::1]:2525'")],
    ['a host by its IPv6 address', mail("host: '::1'")],
    ['a host in brackets', mail("host: '[::1]'")],
    ['a certificate', mail(`host: mail, ca: ${CA}`)],
    [
      'names in quotes',
      channel(
        `type: email, host: mail, from: '"Ops, Berlin: 1" <a@x.test>', to: ['Ops Team <b@x.test>', '<c@x.test>', root@localhost]`,
      ),
    ],
    [
      'a mobile number as people write it',
      channel('type: wecom, key: k, mention: ["138 0013 8000", "+86 (138) 0013-8000", all, "user:123456"]'),
    ],
    [
      'networks',
      'sources:\n  s: { type: webhook, path: /hooks/a, allow: [10.0.0.0/8, 192.0.2.1, "2001:db8::/32", "::ffff:192.0.2.0/120"] }\n',
    ],
    ['a public URL with a path', "daemon: { public_url: 'https://example.com/belfry' }\n"],
    ['a public URL', "daemon: { public_url: 'https://belfry.example.com:8443/', listen: '0.0.0.0:0' }\n"],
  ])('%s', async (_what, text) => {
    expect(await problemsOf(text)).toEqual([]);
  });
});

describe('a name in a rule is checked by the channel that uses it', () => {
  const CHANNELS = `channels:
  mail: { type: email, host: mail, from: a@example.com, to: b@example.com }
  group: { type: wecom, key: k }
  bot: { type: feishu, token: t }
  push: { type: websocket }
`;
  const placesIn = async (rule: string): Promise<string[]> =>
    (await problemsOf(`${CHANNELS}rules:\n  - name: r\n${rule}`)).map(
      ({ line, column, code }) => `${line}:${column} ${code}`,
    );

  it.each([
    ['two addresses in one entry', '    notify: { channel: mail, to: "a@x.test, b@y.test" }\n', ['8:34 rule.to']],
    ['one of several entries', '    notify: [{ channel: mail, to: [a@x.test, bob] }]\n', ['8:46 rule.to']],
    ['a recipient of the message', '    notify: [push, mail]\n    message: { to: bob }\n', ['9:20 rule.to']],
    [
      'a mention of the message, once',
      '    notify: [group, bot]\n    message: { mention: "two words" }\n',
      ['9:25 rule.mention'],
    ],
    [
      'a mobile number where there are none',
      '    notify: { channel: bot, message: { mention: "13800138000" } }\n',
      ['8:49 rule.mention'],
    ],
    [
      'a step of an escalation',
      '    notify: push\n    escalate: [{ after: 1h, notify: mail, message: { to: bob } }]\n',
      ['9:58 rule.to'],
    ],
  ])('%s', async (_what, rule, places) => {
    expect(await placesIn(rule)).toEqual(places);
  });

  it.each([
    ['what a template gives is known later', '    notify: { channel: mail, to: "{{ data.to }}" }\n'],
    [
      'what a target says stands in place of the rule',
      '    notify: [push, { channel: mail, to: a@x.test }]\n    message: { to: bob }\n',
    ],
    ['a user of a websocket channel', '    notify: { channel: push, to: bob }\n    message: { to: a@x.test }\n'],
    ['a mobile number with spaces', '    notify: { channel: group, message: { mention: "138 0013 8000" } }\n'],
  ])('%s', async (_what, rule) => {
    expect(await placesIn(rule)).toEqual([]);
  });
});
