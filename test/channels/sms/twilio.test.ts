import { expect, test } from 'vitest';
import { twilio } from '../../../daemon/channels/sms/twilio.ts';
import { readSettings } from '../../support/channel-settings.ts';
import { sampleDelivery, sampleIo, sampleMessage } from '../../support/delivery.ts';
import { useHttpChannel } from '../../support/http-channel.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { OK, refused, SETTINGS } from './twilio.contract.ts';

const channel = useHttpChannel(twilio, { settings: (api) => ({ api, ...SETTINGS }), success: OK });
const sent = async (...given: Parameters<typeof channel.sent>): Promise<Record<string, string>> =>
  (await channel.sent(...given)).form;

test('a message is posted as Twilio documents it', async () => {
  const { method, path, headers, form } = await channel.sent({ title: 'Disk nearly full', body: 'web-1: 91 %' });
  expect([method, path]).toEqual(['POST', `/2010-04-01/Accounts/${SETTINGS.account_sid}/Messages.json`]);
  expect(headers).toMatchObject({
    authorization: `Basic ${Buffer.from(`${SETTINGS.account_sid}:${SETTINGS.auth_token}`).toString('base64')}`,
    'content-type': 'application/x-www-form-urlencoded',
  });
  expect(form).toEqual({
    To: '+4915187654321',
    From: '+15005550006',
    Body: 'Disk nearly full\nweb-1: 91 %',
  });
});

test('the receipt has the SID of the message', async () => {
  expect(await channel.open().send(sampleMessage(), sampleIo())).toMatchObject({ id: OK.body.sid, status: 201 });
});

test('a messaging service is the sender if `from` is its SID', async () => {
  const service = 'MG0123456789abcdef0123456789abcdef';
  const fields = await sent({}, { from: service });
  expect(fields.MessagingServiceSid).toBe(service);
  expect(fields.From).toBeUndefined();
});

test('a message that is of no use after its `ttl` does not wait longer at Twilio', async () => {
  const endsIn = (seconds: number) => ({
    delivery: sampleDelivery({ expiresAt: new VirtualClock().now() + seconds * 1000 }),
  });
  expect((await sent({ ttl: '15m' }, {}, endsIn(840))).ValidityPeriod).toBe('840');
  expect((await sent({ ttl: '2d' }, {}, endsIn(172_800))).ValidityPeriod).toBe('36000');
});

test('each number gets a message of its own, and one that is refused keeps none from the others', async () => {
  channel.sink().answer(refused(21610, 'unsubscribed'), OK);
  const message = sampleMessage({ to: ['+14155550100', '+14155550101', '+14155550102, +14155550103'] });
  const receipt = await channel.open().send(message, sampleIo());
  expect(receipt).toMatchObject({
    answer:
      'refused: +14155550100: unsubscribed\nrefused: +14155550102, +14155550103: this is not a phone number in the international form',
  });
  expect(channel.sink().requests.map(({ form }) => form.To)).toEqual(['+14155550100', '+14155550101']);
});

test('a message that Twilio takes and has failed already is not delivered', async () => {
  const failed = { status: 201, body: { sid: 'SM1', status: 'failed', error_code: 30002, error_message: null } };
  expect(await channel.failure(failed)).toMatchObject({ code: 'twilio.30002', detail: { misconfigured: true } });
});

test('says that an alert is resolved', async () => {
  const io = { delivery: sampleDelivery({ status: 'resolved' }) };
  expect((await sent({ title: 'Resolved: disk' }, {}, io)).Body).toContain('Resolved: disk');
});

test('settings that cannot work are found at load', () => {
  const problems = (settings: object): readonly string[] => readSettings(twilio, { ...SETTINGS, ...settings }).problems;
  expect(problems({})).toEqual([]);
  expect(problems({ from: 'Belfry' })).toEqual([]);
  expect(problems({ from: '0151 87654321 x' })).toEqual([expect.stringContaining('/from:')]);
  expect(problems({ to: ['+4915187654321', '0151 87654321'] })).toEqual([expect.stringContaining('/to/1:')]);
  expect(problems({ account_sid: 'SK0123456789abcdef0123456789abcdef' })).toEqual([
    expect.stringContaining('/account_sid:'),
  ]);
  // YAML reads an unquoted number without its `+`, so that it could be the number of somebody else.
  expect(problems({ to: 4_915_187_654_321 })).toHaveLength(1);
});
