import { expect, test } from 'vitest';
import { tencentHeaders } from '../../../daemon/channels/kit/signing/cloud.ts';
import { tencentSms } from '../../../daemon/channels/sms/tencent-sms.ts';
import { readSettings } from '../../support/channel-settings.ts';
import { failureOfSending, sampleDelivery, sampleIo, sampleMessage } from '../../support/delivery.ts';
import { useHttpChannel } from '../../support/http-channel.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { OK, refusedNumber, SETTINGS } from './tencent-sms.contract.ts';

const channel = useHttpChannel(tencentSms, { settings: (api) => ({ api, ...SETTINGS }), success: OK });

test('a message is a signed call of SendSms', async () => {
  const { method, path, headers, json, text } = await channel.sent(
    { title: '磁盘 90%', body: 'web-1' },
    { region: 'ap-singapore', app_id: 1_400_006_666, template: 1110 },
  );
  expect([method, path]).toEqual(['POST', '/']);
  expect(json).toEqual({
    PhoneNumberSet: ['+8613800138000'],
    SmsSdkAppId: '1400006666',
    SignName: '腾讯云',
    TemplateId: '1110',
    TemplateParamSet: ['磁盘 90%', 'web-1'],
    SessionContext: sampleDelivery().id,
  });
  expect(headers).toMatchObject({
    'x-tc-action': 'SendSms',
    'x-tc-version': '2021-01-11',
    'x-tc-region': 'ap-singapore',
    ...tencentHeaders(
      { secretId: SETTINGS.secret_id, secretKey: SETTINGS.secret_key, service: 'sms' },
      {
        url: `${channel.sink().origin}/`,
        contentType: 'application/json; charset=utf-8',
        body: text,
        now: new VirtualClock().now(),
      },
    ),
  });
});

test('the receipt has the serial number of the message', async () => {
  expect(await channel.open().send(sampleMessage(), sampleIo())).toMatchObject({
    id: '5000:1045710669157053657849499619',
    status: 200,
  });
});

test('each number gets a request of its own, and one that is refused is not sent to again', async () => {
  const notifier = channel.open({ to: ['13800138000', '13900139000'] });
  channel.sink().answer(refusedNumber('FailedOperation.PhoneNumberInBlacklist', 'blacklist'), OK);
  const receipt = await notifier.send(sampleMessage(), sampleIo());
  expect(receipt).toMatchObject({ answer: 'refused: 13800138000: blacklist' });
  expect(channel.sink().requests).toHaveLength(2);
});

test('a number that has to wait keeps no other number waiting, and is tried again after the shortest wait', async () => {
  const notifier = channel.open({ to: ['13800138000', '13900139000', '13700137000'] });
  const limited = (kind: string) => refusedNumber(`LimitExceeded.PhoneNumber${kind}Limit`, 'limit');
  channel.sink().answer(limited('OneHour'), OK, limited('ThirtySecond'));
  const failure = await failureOfSending(notifier, sampleMessage(), sampleIo());
  expect(failure).toMatchObject({ class: 'transient', detail: { retryAfter: 30_000 } });
  expect(failure.detail.rateLimited).toBeUndefined();
  channel.sink().answer(limited('OneHour'), { status: 500 });
  expect(await failureOfSending(notifier, sampleMessage(), sampleIo({ attempt: 2 }))).toMatchObject({
    code: 'http.500',
  });
  const numbers = channel.sink().requests.map(({ json }) => (json as { PhoneNumberSet: string[] }).PhoneNumberSet[0]);
  expect(numbers).toEqual(['13800138000', '13900139000', '13700137000', '13800138000', '13700137000']);
});

test('an answer without a status for the number is none of Tencent', async () => {
  expect(await channel.failure({ body: { Response: { SendStatusSet: [] } } })).toMatchObject({
    class: 'unknown',
    code: 'tencent_sms.unreadable',
  });
});

test('settings that cannot work are found at load', () => {
  const problems = (settings: object): readonly string[] =>
    readSettings(tencentSms, { ...SETTINGS, ...settings }).problems;
  expect(problems({ to: 13_800_138_000 })).toEqual([]);
  expect(problems({ to: ['+8613800138000', 'ops'] })).toEqual([expect.stringContaining('/to/1:')]);
  expect(problems({ params: ['{{ title | nofilter }}'] })).toEqual([expect.stringContaining('/params/0')]);
  expect(problems({ region: 'Guangzhou' })).toEqual([expect.stringContaining('/region')]);
});
