import { expect, test } from 'vitest';
import { aliyunHeaders } from '../../../daemon/channels/kit/signing/cloud.ts';
import { aliyunSms } from '../../../daemon/channels/sms/aliyun-sms.ts';
import { readSettings } from '../../support/channel-settings.ts';
import { sampleDelivery, sampleIo, sampleMessage } from '../../support/delivery.ts';
import { useHttpChannel } from '../../support/http-channel.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { OK, paramsOf, queryOf, SETTINGS } from './aliyun-sms.contract.ts';

const channel = useHttpChannel(aliyunSms, { settings: (api) => ({ api, ...SETTINGS }), success: OK });

/** Values of the variables in the message that is sent. */
const paramsSent = async (...given: Parameters<typeof channel.sent>): Promise<Record<string, string>> =>
  paramsOf(JSON.stringify(queryOf(await channel.sent(...given))));

test('a message is a signed call of SendSms, with its values in the query', async () => {
  const settings = { params: { name: '{{ title }} {{ status }}' } };
  const request = await channel.sent({ title: '磁盘 90%' }, settings);
  expect([request.method, request.text]).toEqual(['POST', '']);
  expect(queryOf(request)).toEqual({
    PhoneNumbers: '13800138000',
    SignName: '阿里云短信测试',
    TemplateCode: 'SMS_154950909',
    TemplateParam: '{"name":"磁盘 90% firing"}',
    OutId: sampleDelivery().id,
  });
  const nonce = request.headers['x-acs-signature-nonce']!;
  expect(nonce).toMatch(/^[0-9a-f]{32}$/);
  expect(request.headers).toMatchObject(
    aliyunHeaders(
      { accessKeyId: SETTINGS.access_key_id, accessKeySecret: SETTINGS.access_key_secret },
      { action: 'SendSms', version: '2017-05-25', nonce },
      { url: `${channel.sink().origin}${request.path}`, body: '', now: new VirtualClock().now() },
    ),
  );
});

test('each request has a nonce of its own', async () => {
  const several = { to: ['13800138000', '13900139000'] };
  await channel.open(several).send(sampleMessage(), sampleIo());
  await channel.open(several).send(sampleMessage(), sampleIo({ attempt: 2 }));
  const nonces = channel.sink().requests.map(({ headers }) => headers['x-acs-signature-nonce']);
  expect(new Set(nonces).size).toBe(4);
});

test('the receipt has the id of the message', async () => {
  expect(await channel.open().send(sampleMessage(), sampleIo())).toMatchObject({ id: OK.body.BizId, status: 200 });
});

test('values are plain text in one line without web addresses, cut to the length of their variable', async () => {
  const message = { title: '', body: '**full**: see\nhttps://a.test/x?y now', format: 'markdown' } as const;
  expect(await paramsSent(message)).toEqual({ title: '-', body: 'full: see … now' });
  const short = { param_length: 12, params: { title: '{{ title }}' } };
  expect(await paramsSent({ title: '0123456789abcdef' }, short)).toEqual({ title: '0123456789a…' });
});

test('a foreign number is sent without its `+`, and numbers of YAML are read', async () => {
  await channel.sent({}, { to: [13_800_138_000, '+8613800138000', '+85251234567'] });
  expect(channel.sink().requests.map((request) => queryOf(request).PhoneNumbers)).toEqual([
    '13800138000',
    '+8613800138000',
    '85251234567',
  ]);
});

test('two numbers in one entry of an event get nothing', async () => {
  expect(await channel.failure(OK, { to: ['13800138000,13900139000'] })).toMatchObject({
    class: 'permanent',
    code: 'aliyun_sms.bad_recipient',
  });
});

test('settings that cannot work are found at load', () => {
  const problems = (settings: object): readonly string[] =>
    readSettings(aliyunSms, { ...SETTINGS, ...settings }).problems;
  expect(problems({})).toEqual([]);
  expect(problems({ to: '12345' })).toEqual([expect.stringContaining('/to/0:')]);
  expect(problems({ params: { title: '{{ title' } })).toEqual([expect.stringContaining('/params/title')]);
  expect(problems({ access_key_secret: 'two words' })).toHaveLength(1);
});
