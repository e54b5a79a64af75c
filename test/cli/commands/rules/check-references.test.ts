import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadChannelTypes } from '../../../../daemon/channels/index.ts';
import { check, type Checked } from '../../../../daemon/cli/check-rules.ts';
import { sourceTypes } from '../../../../daemon/sources/index.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const channelTypes = await loadChannelTypes();

const registry = { channels: channelTypes, sources: sourceTypes };

async function checked(
  text: string,
  env: Record<string, string> = {},
  more: { withoutSecrets?: boolean } = {},
): Promise<Checked> {
  const cwd = await temporaryFolder();
  await writeFile(path.join(cwd, 'rules.yaml'), text);
  return check({ paths: ['rules.yaml'], env, cwd, registry, ...more });
}

const places = ({ problems }: Checked): string[] =>
  problems.map(({ line, column, code, message }) => `${line}:${column} ${code} ${message}`);
const excerpts = (result: Checked): (string | undefined)[] =>
  result.problems.map((problem) => result.excerpt(problem)?.text);

describe('a reference that cannot be resolved is the only problem of its setting', () => {
  const unset = (name: string): string => `secret.unresolved the environment variable \`${name}\` is not set`;

  it.each([
    ['a URL', 'type: webhook, url: "${env:X}"'],
    ['the beginning of a URL', 'type: webhook, url: "${env:X}/a"'],
    ['the host of a URL', 'type: webhook, url: "https://${env:X}:8443/a"'],
    ['the port of a URL', 'type: webhook, url: "https://host:${env:X}/a"'],
    ['a password in a URL', 'type: email, url: "smtps://u:${env:X}@h", from: a@example.com, to: [b@example.com]'],
    ['one address of a list', 'type: email, host: h, from: a@example.com, to: [b@example.com, "${env:X}"]'],
    ['a host', 'type: email, host: "${env:X}", from: a@example.com, to: b@example.com'],
    ['a number', 'type: email, host: h, port: "${env:X}", from: a@example.com, to: b@example.com'],
    ['a signing secret', 'type: webhook, url: https://h, sign: { standard_webhooks: "${env:X}" }'],
    ['a word of a list of words', 'type: wecom, key: k, format: "${env:X}"'],
    ['a mention', 'type: feishu, token: t, mention: "${env:X}"'],
    ['a duration', 'type: log, delivery: { timeout: "${env:X}s" }'],
    ['a rate', 'type: log, delivery: { rate: "${env:X}" }'],
    ['a fallback', 'type: log, delivery: { fallback: "${env:X}" }'],
    ['the type of a channel', 'type: "${env:X}", url: https://h'],
    ['a certificate', 'type: email, host: h, ca: "${env:X}", from: a@example.com, to: b@example.com'],
  ])('%s', async (_what, settings) => {
    const text = `channels:\n  c: { ${settings} }\nrules:\n  - { name: r, notify: c }\n`;
    const result = await checked(text);
    expect(places(result)).toEqual([
      `2:${text.split('\n')[1]!.indexOf(settings.includes('"${') ? '"${' : '${') + 1} ${unset('X')}`,
    ]);
    expect(excerpts(result)[0]).toContain('${env:X}');
  });

  it.each([
    ['a channel of a rule', '{ name: r, notify: "${env:X}" }'],
    ['a source', '{ name: r, on: "${env:X}", notify: c }'],
    ['hours', '{ name: r, during: "${env:X}", notify: c }'],
    ['the name of a rule', '{ name: "${env:X}", notify: c }'],
    ['a condition', '{ name: r, if: "${env:X}", notify: c }'],
    ['a network', '{ name: r, match: { data.ip: { cidr: "${env:X}" } }, notify: c }'],
    ['an expression', '{ name: r, match: { data.ip: { regex: "${env:X}" } }, notify: c }'],
    ['a pattern', '{ name: r, match: { data.ip: "${env:X}" }, notify: c }'],
    ['a window', '{ name: r, dedupe: "${env:X}", notify: c }'],
    [
      'a time',
      '{ name: r, notify: c } ]\nsilences: [ { match: { type: a }, from: "${env:X}", until: 2030-01-01T00:00:00Z }',
    ],
    [
      'a cron pattern',
      '{ name: r, notify: c } ]\nsources: { s: { type: schedule, cron: "${env:X} * * * *" } }\nsilences: [',
    ],
    [
      'a path of a webhook',
      '{ name: r, notify: c } ]\nsources: { s: { type: webhook, path: "${env:X}" } }\nsilences: [',
    ],
    [
      'a network of a webhook',
      '{ name: r, notify: c } ]\nsources: { s: { type: webhook, path: /hooks/a, allow: ["${env:X}"] } }\nsilences: [',
    ],
    ['a public URL', '{ name: r, notify: c } ]\ndaemon: { public_url: "${env:X}" }\nsilences: ['],
    ['an address to listen on', '{ name: r, notify: c } ]\ndaemon: { listen: "${env:X}:80" }\nsilences: ['],
  ])('%s', async (_what, rule) => {
    const result = await checked(`channels: { c: { type: log } }\nrules: [ ${rule} ]\n`);
    expect(places(result).map((place) => place.replace(/^\S+ /, ''))).toEqual([unset('X')]);
  });

  it('and is reported once, with its other lines', async () => {
    const result = await checked(
      'channels:\n  a: { type: webhook, url: "${env:NTFY}/a" }\n  b: { type: webhook, url: "${env:NTFY}/b" }\n',
    );
    expect(places(result)).toEqual([`2:28 ${unset('NTFY')} (also on line 3)`]);
    expect(excerpts(result)).toEqual(['  a: { type: webhook, url: "${env:NTFY}***" }']);
  });

  it('while other problems are reported too', async () => {
    const result = await checked(
      'channels:\n  a: { type: webhook, url: "${env:NTFY}/a", sign: {} }\n  b: { type: webhook, url: "${env:NTFY}/b", metod: PUT }\n',
    );
    expect(result.problems.map(({ line, code }) => `${line} ${code}`)).toEqual([
      '2 secret.unresolved',
      '2 channel.settings',
      '3 schema.unknown_key',
    ]);
  });
});

describe('check without secrets', () => {
  it('uses placeholders for references that cannot be resolved', async () => {
    const text =
      'channels:\n  a: { type: webhook, url: "${env:NTFY}/a" }\n  b: { type: email, url: "smtps://u:${file:/nowhere/pw}@h", from: a@example.com, to: "${env:OPS}" }\n';
    expect(places(await checked(text))).toHaveLength(3);
    expect((await checked(text, {}, { withoutSecrets: true })).problems).toEqual([]);
  });

  it('also where a certificate or a range of statuses is wanted', async () => {
    const text =
      'channels:\n  a: { type: webhook, url: https://h, success: ["${env:A}", 409] }\n' +
      '  b: { type: email, host: h, ca: "${file:/nowhere/ca.pem}", from: a@example.com, to: b@example.com }\n';
    expect(places(await checked(text))).toHaveLength(2);
    expect((await checked(text, {}, { withoutSecrets: true })).problems).toEqual([]);
  });

  it('still finds other problems, and malformed references', async () => {
    const text =
      'channels:\n  a: { type: webhook, url: "${env:A}", metod: PUT }\n  b: { type: wecom, key: "${enw:B}" }\n';
    const { problems } = await checked(text, {}, { withoutSecrets: true });
    expect(problems.map(({ line, code }) => `${line} ${code}`)).toEqual([
      '2 schema.unknown_key',
      '3 secret.unresolved',
    ]);
  });

  it('names the reference where no placeholder fits', async () => {
    const text = 'channels: { c: { type: log } }\nrules:\n  - { name: r, notify: "${env:CHANNEL}" }\n';
    expect(places(await checked(text, {}, { withoutSecrets: true }))).toEqual([
      '3:24 secret.unresolved the environment variable `CHANNEL` is not set',
    ]);
  });
});

describe('a text that looks like a reference gets a mend with its probable intention', () => {
  const plain = 'for a plain `${` write `$${`';
  const listed = `references are: \`env\`, \`file\`, \`credential\`; ${plain}`;

  it.each([
    ['message: { title: "${data.host}" }', `write \`{{ data.host }}\`; ${plain}`],
    ['message: { title: "${ event.data.host | upcase }" }', `write \`{{ event.data.host | upcase }}\`; ${plain}`],
    ['message: { title: "${{ data.host }}" }', `write \`{{ data.host }}\`; ${plain}`],
    ['message: { fields: { Host: "${data[0]}" } }', `write \`{{ data[0] }}\`; ${plain}`],
    ['key: "${subject}"', `write \`{{ subject }}\`; ${plain}`],
    ['if: "${data.x} == 1"', `write \`data.x\`; ${plain}`],
    ['match: { data.a: "${data.b}" }', listed],
    ['message: { title: "${HOST}" }', `write \`\${env:HOST}\`; ${plain}`],
    ['message: { title: "${env.HOST}" }', `write \`\${env:HOST}\`; ${plain}`],
    ['message: { title: "${ENV:HOST}" }', `did you mean \`env\`? F${plain.slice(1)}`],
    ['message: { title: "${database}" }', listed],
  ])('%s', async (setting, mend) => {
    const text = `channels: { c: { type: log } }\nrules:\n  - { name: r, notify: c, ${setting} }\n`;
    const { problems } = await checked(text);
    expect(problems.map(({ message, mend: said }) => [message, said])).toEqual([
      ['this `${` does not begin a reference', mend],
    ]);
  });

  it('also at the beginning of templates of channels and sources', async () => {
    const text =
      'sources: { w: { type: webhook, path: /hooks/w, event: { id: "${body.id}" } } }\n' +
      'channels: { c: { type: webhook, url: https://h, body: "${title}", headers: { X: "${event.id}" } } }\n';
    expect((await checked(text)).problems.map(({ mend }) => mend)).toEqual([
      `write \`{{ body.id }}\`; ${plain}`,
      `write \`{{ title }}\`; ${plain}`,
      `write \`{{ event.id }}\`; ${plain}`,
    ]);
  });

  it('and one without a name is reported', async () => {
    const text = 'channels: { c: { type: webhook, url: "${file:}" }, d: { type: wecom, key: "${env:}" } }\n';
    expect((await checked(text)).problems.map(({ message, mend }) => [message, mend])).toEqual([
      ['this reference has no name', 'write `${file:PATH}`'],
      ['this reference has no name', 'write `${env:NAME}`'],
    ]);
  });
});
