import { expect, test } from 'vitest';
import { postmark } from '../../../daemon/channels/mail-api/postmark.ts';
import { memoryLog, sampleDelivery, sampleIo, sampleMessage } from '../../support/delivery.ts';
import { useHttpChannel } from '../../support/http-channel.ts';
import { ADDRESSES } from './mail-cases.ts';
import { headersOf, OK, type Payload, refused, TOKEN } from './postmark.contract.ts';

const channel = useHttpChannel(postmark, { settings: (api) => ({ api, key: TOKEN, ...ADDRESSES }), success: OK });

test('a mail is posted as Postmark documents it, and keeps its Message-ID', async () => {
  const settings = {
    to: ['ops@example.org', '"Team, Berlin" <team@example.org>'],
    bcc: 'b@example.org',
    reply_to: 'help@example.com',
  };
  const { method, path, headers, json } = await channel.sent(
    { title: 'Disk nearly full', body: 'web-1: 91 %' },
    settings,
  );
  expect([method, path]).toEqual(['POST', '/email']);
  expect(headers).toMatchObject({ 'x-postmark-server-token': TOKEN, accept: 'application/json' });
  expect(json).toEqual({
    From: 'Belfry <bell@example.com>',
    To: 'ops@example.org, "Team, Berlin" <team@example.org>',
    Bcc: 'b@example.org',
    ReplyTo: 'help@example.com',
    Subject: 'Disk nearly full',
    TextBody: 'web-1: 91 %\n',
    HtmlBody: expect.stringContaining('web-1: 91 %') as string,
    Headers: expect.any(Array) as unknown[],
    TrackOpens: false,
    TrackLinks: 'None',
    MessageStream: 'outbound',
  });
  expect(headersOf(json as Payload)).toMatchObject({
    'Message-ID': `<${sampleDelivery().id}@example.com>`,
    'X-PM-KeepID': 'true',
  });
});

test('a mail that was accepted has the id of the answer in its receipt', async () => {
  expect(await channel.open().send(sampleMessage(), sampleIo())).toMatchObject({ id: OK.body.MessageID, status: 200 });
});

test('an error inside a 200 is a refusal', async () => {
  expect(await channel.failure(refused(406, 'inactive', 200))).toMatchObject({
    class: 'permanent',
    code: 'postmark.406',
  });
});

test('recipients that Postmark leaves out of a mail are logged', async () => {
  const { log, lines } = memoryLog();
  const left = 'a@example.org, b@example.org';
  const Message = `Message OK, but will not deliver to these inactive addresses: ${left}. Inactive recipients are ones`;
  channel.sink().answer({ body: { ...OK.body, Message } }, OK);
  await channel.open({}, { log }).send(sampleMessage(), sampleIo());
  expect(lines.join('')).toContain(`"refused":"${left}"`);
  await channel.open({}, { log }).send(sampleMessage(), sampleIo());
  expect(lines).toHaveLength(1);
});

test('an answer without a text or an id says nothing in their place', async () => {
  const failure = await channel.failure({ status: 422, body: { ErrorCode: 300 } });
  expect(failure.message).toBe('an address or another field of the mail is not valid');
  channel.sink().answer({ body: { ErrorCode: 0 } });
  expect(await channel.open().send(sampleMessage(), sampleIo())).not.toHaveProperty('id');
});
