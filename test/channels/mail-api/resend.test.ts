import { expect, test } from 'vitest';
import { resend } from '../../../daemon/channels/mail-api/resend.ts';
import { sampleDelivery, sampleIo, sampleMessage } from '../../support/delivery.ts';
import { useHttpChannel } from '../../support/http-channel.ts';
import { ADDRESSES } from './mail-cases.ts';
import { KEY, OK } from './resend.contract.ts';

const channel = useHttpChannel(resend, { settings: (api) => ({ api, key: KEY, ...ADDRESSES }), success: OK });

test('a mail is posted as Resend documents it', async () => {
  const settings = { cc: ['team@example.org'], reply_to: 'help@example.com' };
  const { method, path, headers, json } = await channel.sent(
    { title: 'Disk nearly full', body: 'web-1: 91 %' },
    settings,
  );
  expect([method, path]).toEqual(['POST', '/emails']);
  expect(headers.authorization).toBe(`Bearer ${KEY}`);
  expect(json).toEqual({
    from: 'Belfry <bell@example.com>',
    to: ['ops@example.org'],
    cc: ['team@example.org'],
    reply_to: ['help@example.com'],
    subject: 'Disk nearly full',
    text: 'web-1: 91 %\n',
    html: expect.stringContaining('web-1: 91 %') as string,
    headers: expect.objectContaining({ 'X-Belfry-Delivery': sampleDelivery().id }) as object,
  });
});

test('every attempt has the same idempotency key and the same body, so that Resend sends the mail once', async () => {
  expect(resend.idempotent).toBe(true);
  const notifier = channel.open();
  await notifier.send(sampleMessage({ replace_key: 'disk' }), sampleIo());
  await notifier.send(sampleMessage({ replace_key: 'disk' }), sampleIo({ attempt: 2 }));
  const [first, second] = channel.sink().requests;
  expect(first!.headers['idempotency-key']).toBe(sampleDelivery().id);
  expect(second!.headers['idempotency-key']).toBe(sampleDelivery().id);
  expect(second!.text).toBe(first!.text);
});

test('a mail that was accepted has the id of the answer in its receipt', async () => {
  expect(await channel.open().send(sampleMessage(), sampleIo())).toMatchObject({ id: OK.body.id, status: 200 });
});
