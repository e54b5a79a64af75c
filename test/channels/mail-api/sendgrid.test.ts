import { expect, test } from 'vitest';
import { sendgrid } from '../../../daemon/channels/mail-api/sendgrid.ts';
import { sampleIo, sampleMessage } from '../../support/delivery.ts';
import { useHttpChannel } from '../../support/http-channel.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { ADDRESSES } from './mail-cases.ts';
import { KEY, OK, refused } from './sendgrid.contract.ts';

const channel = useHttpChannel(sendgrid, { settings: (api) => ({ api, key: KEY, ...ADDRESSES }), success: OK });

test('a mail is posted as SendGrid documents it, with links that are not rewritten', async () => {
  const settings = { cc: 'team@example.org', reply_to: 'help@example.com' };
  const { method, path, headers, json } = await channel.sent(
    { title: 'Disk nearly full', body: 'web-1: 91 %' },
    settings,
  );
  expect([method, path]).toEqual(['POST', '/v3/mail/send']);
  expect(headers).toMatchObject({ authorization: `Bearer ${KEY}`, 'content-type': 'application/json; charset=utf-8' });
  expect(json).toEqual({
    personalizations: [{ to: [{ email: 'ops@example.org' }], cc: [{ email: 'team@example.org' }] }],
    from: { email: 'bell@example.com', name: 'Belfry' },
    reply_to_list: [{ email: 'help@example.com' }],
    subject: 'Disk nearly full',
    // Plain text comes before HTML.
    content: [
      { type: 'text/plain', value: 'web-1: 91 %\n' },
      { type: 'text/html', value: expect.stringContaining('web-1: 91 %') as string },
    ],
    headers: expect.objectContaining({ 'Auto-Submitted': 'auto-generated' }) as object,
    tracking_settings: { click_tracking: { enable: false, enable_text: false }, open_tracking: { enable: false } },
  });
});

test('a mail that was accepted has the id of the answer in its receipt', async () => {
  expect(await channel.open().send(sampleMessage(), sampleIo())).toEqual({
    id: 'Ua9z9lSTSaqYBWJe_Xfc-Q',
    status: 202,
    answer: '',
  });
});

test('a rate limit lasts until the time in its header', async () => {
  const end = new VirtualClock().now() / 1000 + 90;
  const answer = { ...refused(429, 'too many requests'), headers: { 'x-ratelimit-reset': `${end}` } };
  expect((await channel.failure(answer)).detail).toMatchObject({ rateLimited: true, retryAfter: 90_000 });
});

test('a page of a proxy is no answer of SendGrid', async () => {
  expect(await channel.failure({ status: 200, body: '<html>' })).toMatchObject({ class: 'unknown' });
});

test('a name with a comma or a semicolon stands in quotes, which SendGrid requires', async () => {
  const { json } = await channel.sent({}, { to: ['"Ops, Berlin; night" <ops@example.org>'] });
  expect(json).toMatchObject({ personalizations: [{ to: [{ name: '"Ops, Berlin; night"' }] }] });
});
