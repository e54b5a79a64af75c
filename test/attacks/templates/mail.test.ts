import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { type MailServer, openMailServer, type ReceivedMail } from '../../support/mail-server.ts';
import { attacksOn } from '../support/attack.ts';
import type { Target } from '../support/target.ts';
import { NO_WATCH } from '../support/reload.ts';

let mail: MailServer;
let folder: string;
beforeAll(async () => {
  mail = await openMailServer();
  folder = await mkdtemp(path.join(tmpdir(), 'belfry-attacks-'));
  await mkdir(`${folder}/public`);
  await mkdir(`${folder}/public-too`);
  await writeFile(`${folder}/public/report.txt`, 'the report');
  await writeFile(`${folder}/secret.txt`, 'the-private-text');
  await writeFile(`${folder}/public-too/secret.txt`, 'the-private-text');
  await symlink('../secret.txt', `${folder}/public/link.txt`);
  await symlink('..', `${folder}/public/up`);
});
afterAll(async () => {
  await mail.close();
  await rm(folder, { recursive: true });
});

const SETTINGS = (): string => `type: email, url: "smtp://127.0.0.1:${mail.port}", tls: none, from: belfry@b.test`;
const rule = (name: string, message: string, notify = `{ channel: mail, to: "{{ data.to }}" }`): string =>
  `  - { name: ${name}, on: api, match: { type: attack.${name} }, notify: [${notify}], message: ${message} }\n`;

const attack = attacksOn({
  get daemon() {
    return `${NO_WATCH}  attach_from: [${folder}/public]\n`;
  },
  rules: () => `channels:
  mail: { ${SETTINGS()}, to: [ops@b.test] }
rules:
${rule('header', '{ title: "{{ data.title }}", body: "{{ data.body }}" }', 'mail')}${rule('recipient', '{ title: t, body: b }')}${rule('attach', '{ title: t, body: b, attach: ["{{ data.file }}"] }', 'mail')}${rule('html', '{ title: "{{ data.title }}", body: "<p>{{ data.body }}</p>", format: html, link: "{{ data.link }}" }', 'mail')}${rule('markdown', '{ title: "{{ data.title }}", body: "**b** {{ data.body }}", format: markdown }', 'mail')}`,
});

interface Ended {
  readonly state: string;
  readonly code: string | undefined;
  readonly mails: readonly ReceivedMail[];
}

/** Sends an event by its rule, and resolves to the end of the delivery and the mails that arrived. */
async function sent({ home }: Target, type: string, data: object): Promise<Ended> {
  const from = mail.mails.length;
  const { body } = await home.call<{ deliveries: { state: string; attempts: { code?: string }[] }[] }>(
    'POST',
    '/v1/events?wait=30s',
    { type: `attack.${type}`, data },
  );
  const [delivery] = body.deliveries;
  return { state: delivery!.state, code: delivery!.attempts.at(-1)?.code, mails: mail.mails.slice(from) };
}

attack('F9', async (target) => {
  const lines = ['\r\n', '\n', '\r', '\u2028', '\u0085', '\u0000', '\u000b', '%0d%0a', '=?utf-8?q?=0d=0a?='];
  for (const line of lines) {
    const text = `hello${line}Bcc: evil@x.test${line}Content-Type: text/html${line}${line}<b>x</b>${line}.${line}QUIT`;
    const { state, mails } = await sent(target, 'header', { title: text, body: text });
    expect([line, state, mails.length]).toEqual([line, 'delivered', 1]);
    const { recipients, mail: parsed } = mails[0]!;
    expect([line, recipients, parsed.headers.bcc, parsed.headers.to]).toEqual([
      line,
      ['ops@b.test'],
      undefined,
      'ops@b.test',
    ]);
    expect(parsed.headers.subject).toContain('hello');
    expect(parsed.headers['content-type']).not.toMatch(/^text\/html/);
  }
});

attack('F10', async (target) => {
  const hostile = [
    'b@x.test\r\nRCPT TO:<evil@x.test>',
    'b@x.test\nBcc: evil@x.test',
    'b@x.test>\r\nDATA',
    '"a" <b@x.test>, evil@x.test',
    'b@x.test, evil@x.test',
    'b@x.test; evil@x.test',
    'group: b@x.test, evil@x.test;',
    '<b@x.test',
    '@relay.test:b@x.test',
    'b@x.test <evil@x.test> <more@x.test>',
    'b@x.test\u0000evil@x.test',
    'b@x.test\u202e',
    '-oQ/tmp@x.test -X/tmp/x',
    Array.from({ length: 3000 }, (_, at) => `a${at}@x.test`).join(','),
    `${'a'.repeat(5000)}@x.test`,
  ];
  for (const to of hostile) {
    const { state, code, mails } = await sent(target, 'recipient', { to });
    expect([to.slice(0, 60), state, code, mails.length]).toEqual([to.slice(0, 60), 'dead', 'email.bad_recipient', 0]);
  }
  expect(mail.commands.filter((command) => /evil/.test(command))).toEqual([]);
});

attack('F11', async (target) => {
  const hostile = [
    `${folder}/secret.txt`,
    `${folder}/public/../secret.txt`,
    `${folder}/public/link.txt`,
    `${folder}/public/up/secret.txt`,
    `${folder}/public-too/secret.txt`,
    '/etc/hostname',
    `file://${folder}/secret.txt`,
    `http://127.0.0.1:${mail.port}/`,
    'data:text/plain,x',
    '/proc/self/environ',
    `${folder}/public`,
    '/dev/zero',
  ];
  for (const file of hostile) {
    const { state, mails } = await sent(target, 'attach', { file });
    expect([file, state, mails.length]).toEqual([file, 'delivered', 1]);
    const { source } = mails[0]!.mail;
    expect(source).not.toContain(Buffer.from('the-private-text').toString('base64'));
    expect(source).not.toMatch(/the-private-text|Content-Disposition: attachment/i);
  }
  const { mails } = await sent(target, 'attach', { file: `${folder}/public/report.txt` });
  expect(mails[0]!.mail.source).toMatch(/Content-Disposition: attachment/i);
});

attack('F12', async (target) => {
  const text =
    '<script>alert(1)</script><img src=x onerror=alert(1)><a href="javascript:alert(1)">x</a>"\'</p><style>*{}</style>';
  for (const type of ['html', 'markdown', 'header']) {
    const { mails } = await sent(target, type, { title: text, body: text, link: 'javascript:alert(1)' });
    const { html } = mails[0]!.mail;
    expect([
      type,
      /<(?:script|img|style)|on\w+=["']?alert|href=["']?javascript:/i.exec(html.replaceAll(/&lt;.*?&gt;/g, ''))?.[0],
    ]).toEqual([type, undefined]);
  }
});
