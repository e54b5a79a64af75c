import { expect, test } from 'vitest';
import { awsHeaders } from '../../../daemon/channels/kit/signing/cloud.ts';
import { sns } from '../../../daemon/channels/sms/sns.ts';
import { readSettings } from '../../support/channel-settings.ts';
import { sampleDelivery, sampleIo, sampleMessage } from '../../support/delivery.ts';
import { useHttpChannel } from '../../support/http-channel.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { KEYS, OK, TOPIC } from './sns.contract.ts';

const channel = useHttpChannel(sns, { settings: (api) => ({ api, ...KEYS, topic_arn: TOPIC }), success: OK });
const sent = async (...given: Parameters<typeof channel.sent>): Promise<Record<string, string>> =>
  (await channel.sent(...given)).form;

test('a message to a topic is posted as SNS documents it, signed, with attributes for filters', async () => {
  const message = {
    title: 'Disk nearly full',
    body: 'web-1: 91 % used',
    priority: 'high',
    tags: ['disk', 'eu'],
  } as const;
  const { method, path, headers, text, form } = await channel.sent(message);
  expect([method, path]).toEqual(['POST', '/']);
  expect(form).toEqual({
    Action: 'Publish',
    Version: '2010-03-31',
    TopicArn: TOPIC,
    Subject: 'Disk nearly full',
    Message: 'Disk nearly full\nweb-1: 91 % used',
    'MessageAttributes.entry.1.Name': 'priority',
    'MessageAttributes.entry.1.Value.DataType': 'String',
    'MessageAttributes.entry.1.Value.StringValue': 'high',
    'MessageAttributes.entry.2.Name': 'status',
    'MessageAttributes.entry.2.Value.DataType': 'String',
    'MessageAttributes.entry.2.Value.StringValue': 'firing',
    'MessageAttributes.entry.3.Name': 'rule',
    'MessageAttributes.entry.3.Value.DataType': 'String',
    'MessageAttributes.entry.3.Value.StringValue': 'failed-deploy',
    'MessageAttributes.entry.4.Name': 'tags',
    'MessageAttributes.entry.4.Value.DataType': 'String.Array',
    'MessageAttributes.entry.4.Value.StringValue': '["disk","eu"]',
  });
  const contentType = 'application/x-www-form-urlencoded; charset=utf-8';
  const { access_key_id: accessKeyId, secret_access_key: secretAccessKey, region } = KEYS;
  expect(headers).toMatchObject(
    awsHeaders(
      { region, service: 'sns', accessKeyId, secretAccessKey },
      { url: `${channel.sink().origin}/`, contentType, body: text, now: new VirtualClock().now() },
    ),
  );
});

test('the receipt has the id of the message', async () => {
  expect(await channel.open().send(sampleMessage(), sampleIo())).toMatchObject({ id: '94f20ce6-13c5', status: 200 });
});

test('a title becomes a subject in ASCII, and one that cannot is in the message only', async () => {
  expect((await sent({ title: 'Überlast – ça va’' })).Subject).toBe("Uberlast - ca va'");
  expect((await sent({ title: 'x'.repeat(200) })).Subject).toBe(`${'x'.repeat(96)}...`);
  expect(await sent({ title: '磁盘', body: 'full' })).toMatchObject({
    Subject: 'failed-deploy',
    Message: '磁盘\nfull',
  });
  const named = { delivery: sampleDelivery({ rule: '磁盘' }) };
  expect((await sent({ title: '磁盘' }, {}, named)).Subject).toBe('Notification');
});

test('a topic with order gets the messages of an alert in order, each once', async () => {
  const fifo = { topic_arn: `${TOPIC}.fifo` };
  const first = await sent({}, fifo);
  const resolved = await sent({}, fifo, { delivery: sampleDelivery({ id: 'd-2', status: 'resolved' }) });
  const other = await sent({}, fifo, { delivery: sampleDelivery({ key: 'other' }) });
  expect(first.MessageDeduplicationId).toBe(sampleDelivery().id);
  expect(resolved).toMatchObject({ MessageGroupId: first.MessageGroupId, MessageDeduplicationId: 'd-2' });
  expect(other.MessageGroupId).not.toBe(first.MessageGroupId);
  expect(await sent({})).not.toHaveProperty('MessageGroupId');
});

test('a number gets a text message of its own', async () => {
  const phones = { topic_arn: undefined, to: ['+4915187654321', '+14155550123'], segments: 1 };
  const fields = await sent({ title: 'Disk', body: 'full '.repeat(100) }, phones);
  expect(channel.sink().requests).toHaveLength(2);
  expect(fields).toMatchObject({
    PhoneNumber: '+14155550123',
    'MessageAttributes.entry.1.Name': 'AWS.SNS.SMS.SMSType',
    'MessageAttributes.entry.1.Value.StringValue': 'Transactional',
  });
  expect(fields.Message!.length).toBeLessThanOrEqual(160);
  expect(fields.TopicArn).toBeUndefined();
});

test('a recipient of an event is a number and never another topic', async () => {
  expect(await sent({ to: ['+14155550123'] })).toMatchObject({ PhoneNumber: '+14155550123' });
  expect(await channel.failure(OK, { to: [`${TOPIC}-of-others`] })).toMatchObject({ code: 'sns.bad_recipient' });
});

test('settings that cannot work are found at load', () => {
  const problems = (settings: object): readonly string[] => readSettings(sns, { ...KEYS, ...settings }).problems;
  expect(problems({ topic_arn: TOPIC })).toEqual([]);
  expect(problems({ to: '+14155550123' })).toEqual([]);
  expect(problems({})).toEqual([expect.stringContaining('neither `topic_arn` nor `to`')]);
  expect(problems({ topic_arn: TOPIC, to: '+14155550123' })).toEqual([expect.stringContaining('/to:')]);
  expect(problems({ topic_arn: 'alerts' })).toEqual([expect.stringContaining('/topic_arn:')]);
  expect(problems({ topic_arn: TOPIC, region: 'us-east-1' })).toEqual([
    '/region: the topic is in the region eu-west-1',
  ]);
});
