import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { mailgun } from '../../../daemon/channels/mail-api/mailgun.ts';
import { readSettings } from '../../support/channel-settings.ts';
import { sampleDelivery, sampleIo, sampleMessage } from '../../support/delivery.ts';
import { useHttpChannel } from '../../support/http-channel.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { ADDRESSES } from './mail-cases.ts';
import { KEY, OK } from './mailgun.contract.ts';

const SETTINGS = { key: KEY, domain: 'mg.example.com', ...ADDRESSES };
const channel = useHttpChannel(mailgun, { settings: (api) => ({ api, ...SETTINGS }), success: OK });

test('a mail is posted as a form that Mailgun documents', async () => {
  const settings = { to: ['ops@example.org', 'Ann <ann@example.org>'], reply_to: 'help@example.com' };
  const {
    method,
    path: target,
    headers,
    form,
  } = await channel.sent({ title: 'Disk nearly full', body: 'web-1: 91 % used' }, settings);
  expect([method, target]).toEqual(['POST', '/v3/mg.example.com/messages']);
  expect(headers).toMatchObject({
    authorization: `Basic ${Buffer.from(`api:${KEY}`).toString('base64')}`,
    'content-type': 'application/x-www-form-urlencoded',
  });
  expect(form).toEqual({
    from: 'Belfry <bell@example.com>',
    to: 'ops@example.org, Ann <ann@example.org>',
    subject: 'Disk nearly full',
    text: 'web-1: 91 % used\n',
    html: expect.stringContaining('web-1: 91 % used') as string,
    'o:tracking': 'no',
    'h:Reply-To': 'help@example.com',
    'h:Message-Id': `<${sampleDelivery().id}@example.com>`,
    'h:Auto-Submitted': 'auto-generated',
    'h:X-Auto-Response-Suppress': 'All',
    'h:X-Belfry-Rule': 'failed-deploy',
    'h:X-Belfry-Delivery': sampleDelivery().id,
    'h:X-Belfry-Priority': 'normal',
  });
});

test('files make the form one of several parts', async () => {
  const folder = await temporaryFolder();
  const file = path.join(folder, 'core "1".bin');
  writeFileSync(file, Buffer.from([0, 255, 13, 10]));
  const notifier = channel.open({}, { attachFrom: [folder] });
  await notifier.send(sampleMessage({ title: 'Disk nearly full', attach: [file] }), sampleIo());
  const { headers, bytes } = channel.sink().requests[0]!;
  const form = await new Response(new Uint8Array(bytes), {
    headers: { 'content-type': headers['content-type']! },
  }).formData();
  expect(form.get('subject')).toBe('Disk nearly full');
  const attached = form.get('attachment') as File;
  expect(attached.name).toBe('core "1".bin');
  expect(Buffer.from(await attached.arrayBuffer())).toEqual(Buffer.from([0, 255, 13, 10]));
});

test('the region decides the host', () => {
  const hostOf = (settings: object): string =>
    mailgun.uses!(readSettings(mailgun, { ...SETTINGS, ...settings }).settings).endpoints![0]!.host;
  expect(hostOf({})).toBe('api.mailgun.net');
  expect(hostOf({ region: 'eu' })).toBe('api.eu.mailgun.net');
});

test('a domain that is none is found at load', () => {
  expect(readSettings(mailgun, { ...SETTINGS, domain: 'https://mg.example.com/' }).problems).toEqual([
    expect.stringContaining('/domain:'),
  ]);
});

test('a mail that was accepted has the id of the answer in its receipt', async () => {
  expect(await channel.open().send(sampleMessage(), sampleIo())).toMatchObject({ id: OK.body.id, status: 200 });
});
