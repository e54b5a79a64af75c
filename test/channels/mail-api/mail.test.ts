import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { asciiHeaderAddress, encodedWords, headerAddress } from '../../../daemon/channels/kit/mail/header.ts';
import { sendgrid } from '../../../daemon/channels/mail-api/sendgrid.ts';
import { readSettings } from '../../support/channel-settings.ts';
import { sampleDelivery, sampleIo, sampleMessage } from '../../support/delivery.ts';
import { useHttpChannel } from '../../support/http-channel.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { ADDRESSES } from './mail-cases.ts';
import { KEY, OK, type Payload } from './sendgrid.contract.ts';

/** Tests of the parts that all mail services share, through one of them. */

const channel = useHttpChannel(sendgrid, { settings: (api) => ({ api, key: KEY, ...ADDRESSES }), success: OK });

interface Mail extends Payload {
  readonly personalizations: readonly [object];
  readonly attachments?: readonly { readonly filename: string; readonly type: string; readonly content: string }[];
}

const sent = async (...given: Parameters<typeof channel.sent>): Promise<Mail> =>
  (await channel.sent(...given)).json as Mail;

test('a mail has the subject, the texts and the headers of one over SMTP', async () => {
  const message = {
    title: 'Disk',
    body: '**full**',
    format: 'markdown',
    priority: 'urgent',
    replace_key: 'disk',
  } as const;
  const { subject, content, headers } = await sent(message, {}, { delivery: sampleDelivery({ rule: '磁盘' }) });
  expect(subject).toBe('Disk');
  expect(content[0]!.value).toBe('full\n');
  expect(content[1]!.value).toContain('<strong>full</strong>');
  expect(headers).toEqual({
    'Auto-Submitted': 'auto-generated',
    'X-Auto-Response-Suppress': 'All',
    'X-Belfry-Rule': '=?UTF-8?B?56OB55uY?=',
    'X-Belfry-Delivery': sampleDelivery().id,
    'X-Belfry-Priority': 'urgent',
    'In-Reply-To': expect.stringMatching(/^<thread\.[0-9a-f]{32}@example\.com>$/),
    References: headers['In-Reply-To'],
    'X-Priority': '1 (Highest)',
    'X-MSMail-Priority': 'High',
    Importance: 'High',
    'Message-ID': `<${sampleDelivery().id}@example.com>`,
  });
});

test('mails of one `replace_key` are in one thread, also the mail that says it is resolved', async () => {
  const resolved = { delivery: sampleDelivery({ status: 'resolved' }) };
  const first = await sent({ replace_key: 'disk' });
  const last = await sent({ replace_key: 'disk', title: 'Resolved: disk' }, {}, resolved);
  const other = await sent({ replace_key: 'memory' });
  expect(last.headers.References).toBe(first.headers.References);
  expect(other.headers.References).not.toBe(first.headers.References);
});

test('no address is named twice, and `to` of a message replaces all recipients', async () => {
  const settings = { to: ['a@x.test', 'A@x.test'], cc: ['b@x.test', 'a@x.test'], bcc: 'b@x.test' };
  expect((await sent({}, settings)).personalizations).toEqual([
    { to: [{ email: 'a@x.test' }], cc: [{ email: 'b@x.test' }] },
  ]);
  expect((await sent({ to: ['Ann <ann@müller.test>'] }, settings)).personalizations).toEqual([
    { to: [{ email: 'ann@xn--mller-kva.test', name: 'Ann' }] },
  ]);
});

test('a recipient of an event that is no address is refused before anything is sent', async () => {
  for (const to of [['a@x.test\nBcc: b@x.test'], ['a@x.test, b@x.test'], []]) {
    expect(await channel.failure(OK, { to })).toMatchObject({ class: 'permanent', code: 'sendgrid.bad_recipient' });
  }
  expect(channel.sink().requests).toEqual([]);
});

test('a file is attached, and one that cannot be read is named in the mail', async () => {
  const folder = await temporaryFolder();
  const file = path.join(folder, 'build.log');
  writeFileSync(file, 'failed\n');
  const message = sampleMessage({ attach: [file, `${folder}/x.png`, '/etc/hostname'] });
  await channel.open({}, { attachFrom: [folder] }).send(message, sampleIo());
  const { attachments, content } = channel.sink().requests[0]!.json as Mail;
  expect(attachments).toMatchObject([{ filename: 'build.log', type: 'text/plain', content: 'ZmFpbGVkCg==' }]);
  expect(content[0]!.value).toContain(`Not attached: ${folder}/x.png (it does not exist)`);
  expect(content[0]!.value).toContain('Not attached: /etc/hostname (it is not below a folder of `daemon.attach_from`)');
});

test('settings that cannot work are found at load', () => {
  const problems = (settings: object): readonly string[] =>
    readSettings(sendgrid, { key: KEY, ...ADDRESSES, ...settings }).problems;
  expect(problems({})).toEqual([]);
  expect(problems({ from: 'nobody' })).toEqual([expect.stringContaining('/from: `from` is not an e-mail address')]);
  expect(problems({ to: ['ops@example.org', 'x'] })).toEqual([expect.stringContaining('/to/1:')]);
  expect(problems({ cc: 'x' })).toEqual([expect.stringContaining('/cc/0:')]);
  expect(problems({ to: Array.from({ length: 1001 }, (_, index) => `a${index}@x.test`) })).toEqual([
    expect.stringContaining('there are 1001 recipients'),
  ]);
  expect(problems({ key: 'two words' })).toHaveLength(1);
});

test('an address in a header is quoted where its name has more than letters', () => {
  const address = 'ops@example.com';
  expect(headerAddress({ name: '', address })).toBe(address);
  expect(headerAddress({ name: 'Ops Berlin', address })).toBe('Ops Berlin <ops@example.com>');
  expect(headerAddress({ name: 'Ops, "Berlin" \\', address })).toBe(String.raw`"Ops, \"Berlin\" \\" <ops@example.com>`);
  expect(asciiHeaderAddress({ name: '运维', address })).toBe('=?UTF-8?B?6L+Q57u0?= <ops@example.com>');
  expect(asciiHeaderAddress({ name: 'Ops, Berlin', address })).toBe('"Ops, Berlin" <ops@example.com>');
});

test('a long text becomes several encoded words of at most 75 characters, which together are the text', () => {
  const text = `磁盘告警🔥${'👨‍👩‍👧‍👦'.repeat(5)} `.repeat(10);
  const words = encodedWords(text).split(' ');
  expect(words.every((word) => word.length <= 75)).toBe(true);
  const decoded = words.map((word) => Buffer.from(word.slice(10, -2), 'base64').toString('utf8')).join('');
  expect(decoded).toBe(text);
});
