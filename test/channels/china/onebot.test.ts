import { expect, test } from 'vitest';
import { onebot } from '../../../daemon/channels/china/onebot.ts';
import { readSettings } from '../../support/channel-settings.ts';
import { sampleIo, sampleMessage } from '../../support/delivery.ts';
import { useHttpChannel } from '../../support/http-channel.ts';
import { OK, segmentsOf, settings, TOKEN } from './onebot.contract.ts';

const channel = useHttpChannel(onebot, { settings, success: OK });

test('a message to a group is made of segments, in which only `mention` calls somebody', async () => {
  const request = await channel.sent({
    body: '[CQ:at,qq=all]',
    image: 'https://example.com/a.png',
    mention: ['10001000', 'all'],
  });
  expect([request.method, request.path]).toEqual(['POST', '/send_group_msg']);
  expect(request.headers.authorization).toBe(`Bearer ${TOKEN}`);
  expect(request.json).toMatchObject({ group_id: 123456 });
  expect(segmentsOf(request.text)).toEqual([
    { type: 'at', data: { qq: '10001000' } },
    { type: 'text', data: { text: ' ' } },
    { type: 'at', data: { qq: 'all' } },
    { type: 'text', data: { text: ' ' } },
    { type: 'text', data: { text: 'Deploy failed: acme/api\n[CQ:at,qq=all]' } },
    { type: 'image', data: { file: 'https://example.com/a.png' } },
  ]);
});

test('a message to a person mentions nobody, and each recipient gets its own', async () => {
  channel.sink().answer(OK, { body: { status: 'async', retcode: 1, data: null } });
  const to = ['user:10001000', 'group:123456'];
  const receipt = await channel.open().send(sampleMessage({ to, mention: ['all'] }), sampleIo());
  expect(receipt).toMatchObject({ id: '123' });
  const [first, second] = channel.sink().requests;
  expect([first!.path, second!.path]).toEqual(['/send_private_msg', '/send_group_msg']);
  expect(first!.json).toMatchObject({ user_id: 10001000 });
  expect(segmentsOf(first!.text)).toHaveLength(1);
});

test('a name from an event that is no QQ number is refused', async () => {
  expect(await channel.failure(OK, { to: ['group:*'] })).toMatchObject({ code: 'onebot.bad_recipient' });
  expect(channel.sink().requests).toEqual([]);
});

test('without a token no header is sent, and a recipient without its kind is found at load', async () => {
  const notifier = channel.open({ token: undefined });
  await notifier.send(sampleMessage(), sampleIo());
  expect(channel.sink().requests[0]!.headers).not.toHaveProperty('authorization');
  expect(readSettings(onebot, { api: 'http://127.0.0.1:3000', to: '123456' }).problems).toEqual([
    '/to/0: this is not a recipient',
  ]);
});

test('a client that has only accepted the message is a success, and a status without its code is none', async () => {
  channel.sink().answer({ body: { status: 'async', retcode: 1, data: null } });
  expect(await channel.open().send(sampleMessage(), sampleIo())).toMatchObject({ status: 200 });
  const answer = { body: { status: 'ok', retcode: 1400, data: null, message: 'why' } };
  expect(await channel.failure(answer)).toMatchObject({ class: 'permanent', code: 'onebot.1400' });
});
