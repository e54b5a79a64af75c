import { createHash, createVerify, generateKeyPairSync } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { SMTPServer } from 'smtp-server';
import { afterEach, describe, expect, test } from 'vitest';
import type { ChannelTools, Notifier } from '../../../daemon/channels/channel.ts';
import { parseAddress } from '../../../daemon/channels/kit/mail/address.ts';
import { readMailServer } from '../../../daemon/channels/email/server.ts';
import { email } from '../../../daemon/channels/email/email.ts';
import { isPermanent, smtpFailure } from '../../../daemon/channels/email/smtp-failure.ts';
import type { Receipt } from '../../../daemon/core/delivery/delivery.ts';
import type { Message } from '../../../daemon/core/message/message.ts';
import { Closers } from '../../../daemon/lib/async/closers.ts';
import { Secret } from '../../../daemon/lib/secrets/secret.ts';
import { authority, expired, foreign, key, valid } from '../../support/certificates.ts';
import {
  channelTools,
  failureOfSending,
  memoryLog,
  sampleDelivery,
  sampleIo,
  sampleMessage,
} from '../../support/delivery.ts';
import { type MailServer, type MailServerOptions, openMailServer } from '../../support/mail-server.ts';
import { decodeSettings, readSettings } from '../../support/channel-settings.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { PASSWORD, basics } from './email.contract.ts';

let closers = new Closers();

afterEach(async () => {
  await closers.close();
  closers = new Closers();
});

async function serverOf(options: MailServerOptions = {}): Promise<MailServer> {
  const server = await openMailServer(options);
  closers.own('mail server', () => server.close());
  return server;
}

function channelOf(settings: object, tools: Partial<ChannelTools> = {}): Notifier {
  const notifier = email.open(decodeSettings(email, { ...basics, ...settings }), channelTools(tools));
  closers.own('channel', () => notifier.close?.());
  return notifier;
}

const to = (server: MailServer, more: object = {}) => ({ host: '127.0.0.1', port: server.port, ...more });

const send = async (channel: Notifier, message: Partial<Message> = {}): Promise<Receipt> =>
  (await channel.send(sampleMessage(message), sampleIo())) as Receipt;

describe('the mail', () => {
  test('carries the message as text and as HTML, with fields, actions and link', async () => {
    const server = await serverOf();
    const receipt = await send(channelOf(to(server)), {
      title: 'Deploy failed: acme/api 🔥',
      body: 'Build **42** of [main](https://ci.example.com/42)',
      format: 'markdown',
      fields: { Commit: 'abc<def>' },
      actions: [{ label: 'Open the build', url: 'https://ci.example.com/42' }],
      link: 'https://example.com/?a=1&b=2',
      tags: ['deploy', 'prod'],
      priority: 'urgent',
    });
    const [{ mail, from, recipients }] = server.mails as [MailServer['mails'][0]];
    expect({ from, recipients }).toEqual({ from: 'belfry@example.com', recipients: ['ops@example.com'] });
    expect(mail.headers).toMatchObject({
      from: 'Belfry <belfry@example.com>',
      to: 'ops@example.com',
      subject: 'Deploy failed: acme/api 🔥',
      date: 'Mon, 23 Nov 2026 09:00:00 +0000',
      'message-id': '<019aaf2e-1c00-7000-8000-0123456789ab@example.com>',
      'auto-submitted': 'auto-generated',
      importance: 'High',
      'x-belfry-rule': 'failed-deploy',
      'belfry-hops': '1',
    });
    expect(mail.text).toContain('Build 42 of main (https://ci.example.com/42)');
    expect(mail.text).toContain('Commit: abc<def>');
    expect(mail.text).toContain('Open the build: https://ci.example.com/42');
    expect(mail.html).toContain('<p>Build <strong>42</strong> of <a href="https://ci.example.com/42">main</a></p>');
    expect(mail.html).toContain('abc&lt;def&gt;');
    expect(mail.html).toContain('<a href="https://example.com/?a=1&amp;b=2">');
    expect(mail.html).toContain('Tags: deploy, prod');
    expect(receipt).toEqual({
      id: '<019aaf2e-1c00-7000-8000-0123456789ab@example.com>',
      status: 250,
      answer: '250 2.0.0 queued as 4711',
    });
  });

  test('from a domain beyond ASCII has an id that is ASCII', async () => {
    const server = await serverOf();
    const receipt = await send(channelOf(to(server, { from: 'belfry@bücher.example' })));
    expect(receipt.id).toBe('<019aaf2e-1c00-7000-8000-0123456789ab@xn--bcher-kva.example>');
    expect(server.mails[0]!.mail.headers['message-id']).toBe(receipt.id);
  });

  test('with the same replace_key is in one thread, with another one in another', async () => {
    const server = await serverOf();
    const channel = channelOf(to(server));
    for (const replace_key of ['disk', 'disk', 'load']) await send(channel, { replace_key });
    const [first, second, third] = server.mails.map(({ mail }) => mail.headers);
    expect(first!.references).toMatch(/^<thread\.[0-9a-f]{32}@example\.com>$/);
    expect(first!['in-reply-to']).toBe(first!.references);
    expect(second!.references).toBe(first!.references);
    expect(third!.references).not.toBe(first!.references);
  });

  test('also goes to cc and bcc, and bcc is not visible', async () => {
    const server = await serverOf();
    await send(
      channelOf(
        to(server, { cc: 'Team <team@example.com>', bcc: ['hidden@example.com'], reply_to: 'help@example.com' }),
      ),
    );
    const [{ mail, recipients }] = server.mails as [MailServer['mails'][0]];
    expect(recipients).toEqual(['ops@example.com', 'team@example.com', 'hidden@example.com']);
    expect(mail.headers).toMatchObject({ cc: 'Team <team@example.com>', 'reply-to': 'help@example.com' });
    expect(mail.source).not.toContain('hidden@');
  });

  test('goes to the recipients of the message instead of everybody in the settings', async () => {
    const server = await serverOf();
    await send(channelOf(to(server, { cc: 'team@example.com' })), {
      to: ['oncall@example.com', 'Bob <bob@example.com>'],
    });
    expect(server.mails[0]!.recipients).toEqual(['oncall@example.com', 'bob@example.com']);
  });

  test.each([
    'b@x.test\r\nRCPT TO:<evil@x.test>',
    '"a" <b@x.test>, evil@x.test',
    'group: evil@x.test;',
    'a@x.test b@x.test',
    'nobody',
    '<script>@x.test',
    'evil@x.test, Ops <ops@x.test>',
    'evil@x.test,\r\nOps <ops@x.test>',
    'Ops\r\nBcc: evil@x.test <ops@x.test>',
    'ops@x.test\r\nevil@x.test',
    'ops@x.test\nBcc: evil@x.test',
    '"Ops\r\n" <ops@x.test>',
    '"Ops" evil@x.test <ops@x.test>',
    '"Ops\\" <ops@x.test>',
    'Ops <ops@x.test> <evil@x.test>',
    'Ops: <ops@x.test>',
    'ops@x.test (evil@x.test)',
    'ops\u2028@x.test',
    '\u202eOps <ops@x.test>',
  ])('is not sent to %j, which is not a single address', async (recipient) => {
    const server = await serverOf();
    const failed = await failureOfSending(channelOf(to(server)), sampleMessage({ to: [recipient] }), sampleIo());
    expect(failed).toMatchObject({ class: 'permanent', code: 'email.bad_recipient' });
    expect(server.commands).toEqual([]);
  });

  test('has files attached, and names those that are not', async () => {
    const folder = await temporaryFolder();
    const report = path.join(folder, 'report.txt');
    await writeFile(report, 'all is well');
    const server = await serverOf();
    const below = path.join(folder, 'below');
    await mkdir(below);
    const attach = [report, path.join(folder, 'absent.txt'), 'https://example.com/x.png', below];
    await send(channelOf(to(server), { attachFrom: [folder] }), { attach });
    const { mail } = server.mails[0]!;
    expect(mail.source).toMatch(/Content-Disposition: attachment; filename=report\.txt/);
    expect(mail.source).toContain(Buffer.from('all is well').toString('base64'));
    expect(mail.text).toContain(`Not attached: ${folder}/absent.txt (it does not exist)`);
    expect(mail.text).toContain('Not attached: https://example.com/x.png (it is a link)');
    expect(mail.text).toContain(`Not attached: ${below} (it is not a file)`);
  });

  test('is signed with DKIM so that the public key verifies it', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
    const server = await serverOf();
    await send(channelOf(to(server, { dkim: { domain: 'example.com', selector: 'belfry', key: pem } })), {
      body: 'Grüße',
    });
    const { source } = server.mails[0]!.mail;
    const signature = /^DKIM-Signature: ((?:.*\r\n)(?:[ \t].*\r\n)*)/m.exec(source)![1]!;
    const tags = Object.fromEntries(
      signature.split(';').map((tag) => tag.trim().split(/=(.*)/s).slice(0, 2)),
    ) as Record<string, string>;
    expect(tags).toMatchObject({ a: 'rsa-sha256', d: 'example.com', s: 'belfry' });
    const body = source.slice(source.indexOf('\r\n\r\n') + 4);
    expect(tags.bh!.replace(/\s/g, '')).toBe(createHash('sha256').update(relaxedBody(body)).digest('base64'));
    const head = source.slice(0, source.indexOf('\r\n\r\n') + 2);
    const signed = tags
      .h!.replace(/\s/g, '')
      .split(':')
      .map((name) => relaxedHeader(head, name))
      .join('');
    const unsigned = `dkim-signature:${relaxed(signature.replace(/b=[^;]*$/s, 'b='))}`;
    expect(tags.h).toContain('message-id');
    expect(
      createVerify('RSA-SHA256')
        .update(signed + unsigned)
        .verify(publicKey, tags.b!.replace(/\s/g, ''), 'base64'),
    ).toBe(true);
  });
});

/** RFC 6376, 3.4.2 and 3.4.4. */
const relaxed = (value: string): string =>
  value
    .replace(/\r\n/g, '')
    .replace(/[ \t]+/g, ' ')
    .trim();

function relaxedHeader(head: string, name: string): string {
  const found = new RegExp(`^${name}:((?:.*\\r\\n)(?:[ \\t].*\\r\\n)*)`, 'im').exec(head)!;
  return `${name}:${relaxed(found[1]!)}\r\n`;
}

const relaxedBody = (body: string): string =>
  `${body
    .replace(/[ \t]+/g, ' ')
    .replace(/ \r\n/g, '\r\n')
    .replace(/(?:\r\n)+$/, '')}\r\n`;

describe('the connection to the mail server', () => {
  test('is kept open for the next mail', async () => {
    const server = await serverOf({ pipelining: true });
    const channel = channelOf(to(server));
    await send(channel);
    await send(channel);
    expect(server.mails).toHaveLength(2);
    expect(server.connections).toBe(1);
  });

  test('is encrypted by STARTTLS before the login, and the certificate is checked', async () => {
    const server = await serverOf({ tls: { key, cert: valid }, login: true });
    await send(channelOf(to(server, { tls: 'required', ca: authority, user: 'belfry', password: PASSWORD })));
    expect(server.mails[0]).toMatchObject({ secure: true, login: `belfry:${PASSWORD}` });
    expect(server.commands.findIndex((line) => line.startsWith('AUTH'))).toBeGreaterThan(
      server.commands.indexOf('STARTTLS'),
    );
  });

  test('is encrypted from the first byte with smtps', async () => {
    const server = await serverOf({ tls: { key, cert: valid }, implicit: true, login: true });
    await send(channelOf({ url: `smtps://be%40lfry:${PASSWORD}@127.0.0.1:${server.port}`, ca: authority }));
    expect(server.mails[0]).toMatchObject({ secure: true, login: `be@lfry:${PASSWORD}` });
  });

  test.each([
    ['signed by nobody we trust', { key, cert: valid }, undefined, 'tls.untrusted'],
    ['expired', { key, cert: expired }, authority, 'tls.expired'],
    ['for another host', { key, cert: foreign }, authority, 'tls.wrong_name'],
  ])('is refused when the certificate is %s', async (_, tls, ca, code) => {
    for (const implicit of [false, true]) {
      const server = await serverOf({ tls, implicit });
      const settings = {
        url: `${implicit ? 'smtps' : 'smtp'}://127.0.0.1:${server.port}`,
        tls: 'required',
        ...(ca && { ca }),
      };
      const failed = await failureOfSending(channelOf(settings), sampleMessage(), sampleIo());
      expect(failed).toMatchObject({ class: 'permanent', code, detail: { misconfigured: true } });
      expect(server.mails).toEqual([]);
    }
  });

  test('is not used without TLS when TLS is required', async () => {
    const server = await serverOf();
    const failed = await failureOfSending(channelOf(to(server, { tls: 'required' })), sampleMessage(), sampleIo());
    expect(failed).toMatchObject({ class: 'permanent', code: 'smtp.502', detail: { misconfigured: true } });
    expect(server.mails).toEqual([]);
  });

  test('smtps to a port with plain SMTP is reported', async () => {
    const server = await serverOf();
    const failed = await failureOfSending(
      channelOf({ url: `smtps://127.0.0.1:${server.port}` }),
      sampleMessage(),
      sampleIo(),
    );
    expect(failed).toMatchObject({ class: 'permanent', code: 'tls.protocol', detail: { misconfigured: true } });
  });

  test('uses STARTTLS of a local server with a certificate of its own, and none where `tls: none`', async () => {
    const server = await serverOf({ tls: { key, cert: expired } });
    await send(channelOf(to(server)));
    await send(channelOf(to(server, { tls: 'none' })));
    expect(server.mails.map(({ secure }) => secure)).toEqual([true, false]);
  });

  test.each([
    [{ url: new Secret('smtp://u:p@mail.example.com') }, { tls: 'required', port: 587, verify: true }],
    [{ url: new Secret('smtp://mail.example.com:25') }, { tls: 'offered', port: 25, verify: true }],
    [
      { url: new Secret('smtp://u:p@mail.example.com'), tls: 'none' },
      { tls: 'none', port: 587 },
    ],
    [{ url: new Secret('smtps://mail.example.com') }, { tls: 'implicit', port: 465, verify: true }],
    [
      { host: 'mail.example.com', port: 465 },
      { tls: 'implicit', port: 465 },
    ],
    [
      { host: 'mail.example.com', user: 'u', password: new Secret('p') },
      { tls: 'required', port: 587 },
    ],
    [
      { host: '127.0.0.1', port: 25, user: 'u' },
      { tls: 'offered', verify: false },
    ],
    [{ url: new Secret('smtp://[::1]:2525') }, { host: '::1', port: 2525, verify: false }],
  ] as const)('follows from the settings (%#)', (settings, expected) => {
    expect(readMailServer(settings)).toMatchObject(expected);
  });

  test('a server that does not exist any more is transient, without the name of the host', async () => {
    const server = await openMailServer();
    await server.close();
    const failed = await failureOfSending(channelOf(to(server)), sampleMessage(), sampleIo());
    expect(failed).toMatchObject({ class: 'transient', code: 'net.refused' });
    expect(failed.message).not.toContain('127.0.0.1');
  });

  test('a name that does not exist is reported as such', async () => {
    const failed = await failureOfSending(
      channelOf({ url: 'smtp://no-such-host.invalid' }),
      sampleMessage(),
      sampleIo(),
    );
    expect(failed).toMatchObject({ class: 'transient', code: 'net.dns' });
    expect(failed.message).not.toContain('invalid');
  });
});

describe('when the mail server refuses', () => {
  test.each([
    ['a wrong password', { auth: '535 5.7.8 wrong' }, 'permanent', 'smtp.535', true],
    ['no login just now', { auth: '454 4.7.0 later' }, 'transient', 'smtp.454', undefined],
    ['the sender', { mail: '553 5.7.1 not yours' }, 'permanent', 'smtp.553', true],
    ['every recipient', { rcpt: (): string => '550 5.1.1 unknown' }, 'permanent', 'smtp.550', undefined],
    ['a recipient for a while', { rcpt: (): string => '450 4.2.0 greylisted' }, 'transient', 'smtp.450', undefined],
    ['a full account', { rcpt: (): string => '552 5.2.2 full' }, 'transient', 'smtp.552', undefined],
    ['the start of the message', { data: '421 4.3.2 going down' }, 'transient', 'smtp.421', undefined],
    ['the size', { end: '552 5.3.4 too big' }, 'permanent', 'smtp.552', undefined],
    ['the content', { end: '554 5.6.0 spam' }, 'permanent', 'smtp.554', undefined],
    ['the machine', { greeting: '554 5.7.1 go away' }, 'permanent', 'smtp.554', true],
    ['everybody', { greeting: '421 4.3.2 busy' }, 'transient', 'smtp.421', undefined],
  ] as const)(
    '%s, also if it takes commands in a pipeline, the failure has a message with the meaning',
    async (_, script, failureClass, code, misconfigured) => {
      const server = await serverOf({ login: true, pipelining: true });
      server.script(script);
      const channel = channelOf(to(server, { user: 'belfry', password: PASSWORD }));
      const failed = await failureOfSending(channel, sampleMessage(), sampleIo());
      expect(failed).toMatchObject({ class: failureClass, code });
      expect(failed.detail.misconfigured).toBe(misconfigured);
      expect(failed.detail.body).toContain(code.slice(5));
    },
  );

  test('some recipients, the others get the mail and the receipt names the refused ones', async () => {
    const server = await serverOf();
    server.script({ rcpt: (address) => (address.startsWith('gone') ? '550 5.1.1 unknown' : '250 ok') });
    const { log, lines } = memoryLog();
    const receipt = await send(channelOf(to(server, { to: ['ops@example.com', 'gone@example.com'] }), { log }));
    expect(server.mails[0]!.recipients).toEqual(['ops@example.com']);
    expect(receipt.answer).toContain('refused: gone@example.com: 550 5.1.1 unknown');
    expect(lines.join('')).toContain('refused some of the recipients');
  });

  test('some recipients for now, only those are tried again', async () => {
    const server = await serverOf();
    const channel = channelOf(to(server, { to: ['a@example.com', 'b@example.com', 'gone@example.com'] }));
    server.script({
      rcpt: (address) => ({ a: '250 ok', b: '451 4.7.1 greylisted' })[address[0]!] ?? '550 5.1.1 unknown',
    });
    const failed = await failureOfSending(channel, sampleMessage(), sampleIo());
    expect(failed).toMatchObject({ class: 'transient', code: 'smtp.451' });
    server.script({});
    const receipt = (await channel.send(sampleMessage(), sampleIo({ attempt: 2 }))) as Receipt;
    expect(server.mails.map(({ recipients }) => recipients)).toEqual([['a@example.com'], ['b@example.com']]);
    expect(new Set(server.mails.map(({ mail }) => mail.headers['message-id'])).size).toBe(1);
    expect(server.mails[1]!.mail.headers.to).toBe('a@example.com, b@example.com, gone@example.com');
    expect(receipt.answer).toContain('gone@example.com');
  });

  test('by closing the connection after the final dot, the outcome is unknown; before it, it is transient', async () => {
    const server = await serverOf();
    server.script({ end: 'drop' });
    const after = await failureOfSending(channelOf(to(server)), sampleMessage(), sampleIo());
    expect(after).toMatchObject({ class: 'unknown', code: 'net.reset' });
    server.script({ mail: 'drop' });
    const before = await failureOfSending(channelOf(to(server)), sampleMessage(), sampleIo());
    expect(before).toMatchObject({ class: 'transient', code: 'net.reset' });
    expect(server.mails).toHaveLength(1);
  });

  test.each(['greeting', 'mail', 'data'] as const)(
    'by silence at the %s, the deadline ends the attempt and nothing was sent',
    async (step) => {
      const server = await serverOf();
      server.script({ [step]: 'hang' });
      const deadline = new AbortController();
      const sending = failureOfSending(channelOf(to(server)), sampleMessage(), sampleIo({ signal: deadline.signal }));
      await reached(server, step);
      deadline.abort();
      expect(await sending).toMatchObject({ class: 'transient', code: 'smtp.timeout' });
    },
  );

  test('the next mail uses a new connection', async () => {
    const server = await serverOf();
    const channel = channelOf(to(server));
    server.script({ end: 'drop' });
    await failureOfSending(channel, sampleMessage(), sampleIo());
    server.script({});
    expect((await send(channel)).status).toBe(250);
  });

  test('a reply is distinguished from a missing one', () => {
    expect(
      smtpFailure({ code: 'EENVELOPE', responseCode: 503, command: 'MAIL FROM', response: '503 bad sequence' }, false)
        .class,
    ).toBe('transient');
    expect(smtpFailure({ code: 'ECONNECTION' }, true).class).toBe('unknown');
    expect(smtpFailure({ code: 'ENOAUTH' }, false).detail.misconfigured).toBe(true);
    expect(isPermanent({ responseCode: 552, response: '552 5.2.2 full', command: 'RCPT TO' })).toBe(false);
  });
});

/** Resolves when the server has got as far as the step. */
async function reached(server: MailServer, step: 'greeting' | 'mail' | 'data'): Promise<void> {
  const isThere = (): boolean =>
    step === 'greeting' ? server.connections > 0 : server.commands.some((line) => line.toLowerCase().startsWith(step));
  while (!isThere()) await new Promise((resolve) => setImmediate(resolve));
}

test('another mail server accepts it, with STARTTLS and login', async () => {
  const taken: { user: string; text: string; secure: boolean }[] = [];
  const server = new SMTPServer({
    key,
    cert: valid,
    logger: false,
    disableReverseLookup: true,
    onAuth: ({ username, password }, _, done) =>
      password === PASSWORD ? done(null, { user: username }) : done(new Error('wrong')),
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        taken.push({ user: String(session.user), text: Buffer.concat(chunks).toString(), secure: session.secure });
        done();
      });
    },
  });
  server.on('error', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  closers.own('smtp-server', () => new Promise<void>((resolve) => server.close(() => resolve())));
  const { port } = server.server.address() as { port: number };
  const settings = { host: '127.0.0.1', port, user: 'belfry', tls: 'required', ca: authority };
  await send(channelOf({ ...settings, password: PASSWORD }));
  expect(taken).toMatchObject([{ user: 'belfry', secure: true }]);
  expect(taken[0]!.text).toContain('Subject: Deploy failed: acme/api');
  const failed = await failureOfSending(channelOf({ ...settings, password: 'guess' }), sampleMessage(), sampleIo());
  expect(failed).toMatchObject({ class: 'permanent', code: 'smtp.535', detail: { misconfigured: true } });
});

describe('the settings', () => {
  test.each([
    [{}, ': there is neither `url` nor `host`'],
    [{ url: 'https://mail.example.com' }, '/url: `url` does not begin with `smtp://` or `smtps://`'],
    [{ url: 'smtp://a.test', host: 'b.test' }, '/url: `url` and `host` say the same thing twice'],
    [{ host: 'a.test', from: 'nobody' }, '/from: `from` is not an e-mail address'],
    [{ host: 'a.test', to: ['a@b.test', 'a@b.test, c@d.test'] }, '/to/1: entry 2 of `to` is not an e-mail address'],
    [{ host: 'a.test', password: 'x-secret' }, '/password: there is a `password` and no `user`'],
    [{ url: 'smtps://a.test', tls: 'none' }, '/tls: `tls: none` contradicts a server that speaks TLS at once'],
    [
      { host: 'a.test', dkim: { domain: 'a.test', selector: 's', key: 'no key' } },
      '/dkim/key: the DKIM key is not an RSA private key in PEM',
    ],
  ])('are checked when they are loaded (%#)', (settings, problem) => {
    expect(readSettings(email, { ...basics, ...settings }).problems).toEqual([problem]);
  });

  test('a DKIM key that cannot sign is found, since mail would go out unsigned', () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
    const settings = { ...basics, host: 'a.test', dkim: { domain: 'a.test', selector: 's', key: pem } };
    expect(readSettings(email, settings).problems).toEqual([
      '/dkim/key: the DKIM key is not an RSA private key in PEM',
    ]);
  });

  test.each([
    ['ops@example.com', { name: '', address: 'ops@example.com' }],
    [' "Ops, the" <ops@example.com> ', { name: 'Ops, the', address: 'ops@example.com' }],
    ['root@localhost', { name: '', address: 'root@localhost' }],
    ['jürgen@bücher.example', { name: '', address: 'jürgen@bücher.example' }],
    ['a@b@c.test', undefined],
    ['a@', undefined],
    ['a@-x.test', undefined],
    ['A <a@x.test> B', undefined],
  ])('%j as an address', (text, address) => {
    expect(parseAddress(text)).toEqual(address);
  });

  test('a mail of another delivery has another id', async () => {
    const server = await serverOf();
    const channel = channelOf(to(server));
    await send(channel);
    await channel.send(sampleMessage(), sampleIo({ delivery: sampleDelivery({ id: 'other' }) }));
    expect(server.mails[1]!.mail.headers['message-id']).toBe('<other@example.com>');
  });
});
