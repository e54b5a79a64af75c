import { expect, test } from 'vitest';
import { zulip } from '../../../../daemon/channels/chat/work/zulip.ts';
import { readSettings } from '../../../support/channel-settings.ts';
import { failureOfSending, sampleDelivery, sampleIo, sampleMessage } from '../../../support/delivery.ts';
import { useHttpChannel } from '../../../support/http-channel.ts';
import { KEY, refused, SENT, SETTINGS } from './zulip.contract.ts';

const channel = useHttpChannel(zulip, { settings: (api) => ({ api, ...SETTINGS }), success: SENT });

test('a message goes to the topic of its key as a form, and its receipt is the id of the message', async () => {
  expect(await channel.open().send(sampleMessage(), sampleIo())).toMatchObject({ id: '42', status: 200 });
  const { method, path, headers, form } = await channel.sent({
    title: 'Disk *full*',
    body: 'web-1: 91 % of web_data, ask @**all**',
    link: 'https://example.com/a',
    image: 'https://example.com/p.png',
    actions: [{ label: 'Runbook', url: 'https://example.com/b' }],
    fields: { host: 'web-1' },
    mention: ['26', 'all'],
  });
  expect([method, path]).toEqual(['POST', '/api/v1/messages']);
  expect(headers.authorization).toBe(`Basic ${Buffer.from(`belfry-bot@acme.test:${KEY}`).toString('base64')}`);
  expect(headers['content-type']).toBe('application/x-www-form-urlencoded');
  expect(form).toEqual({
    type: 'stream',
    to: '"alerts"',
    topic: 'acme/api',
    content:
      '**Disk ＊full＊** @**|26** @**all**\n\nweb-1: 91 % of web_data, ask @\u200B＊＊all＊＊\n\n- host: web-1\nhttps://example.com/a\n[Runbook](https://example.com/b)\n[image](https://example.com/p.png)',
  });
});

test('what holds an `@` is a person, everything else a channel', async () => {
  await channel.sent({}, { to: ['7', 'ada@example.com'] });
  const forms = channel.sink().requests.map(({ form }) => form);
  expect(forms).toMatchObject([
    { type: 'stream', to: '"7"' },
    { type: 'direct', to: '["ada@example.com"]' },
  ]);
  expect(forms[1]).not.toHaveProperty('topic');
});

test('the topic is the set one, and is cut to 60 characters', async () => {
  const topicIn = async (settings: object, key = 'k') =>
    (await channel.sent({}, settings, { delivery: sampleDelivery({ key }) })).form.topic;
  expect(await topicIn({ topic: 'Deploys of {{ event.subject }}' })).toBe('Deploys of acme/api');
  expect(await topicIn({}, '磁盘'.repeat(40))).toBe(`${'磁盘'.repeat(29)}磁…`);
  expect(await topicIn({}, '')).toBe('failed-deploy');
  expect(await topicIn({ topic: '{{ event.data.none }}' })).toBe('k');
});

test('a message with the same `replace_key` edits the earlier one, and is a new one when that is not allowed any more', async () => {
  const open = channel.open();
  channel.sink().answer(SENT, { body: { result: 'success', msg: '' } }, refused(400, 'BAD_REQUEST'), SENT);
  for (const title of ['Down', 'Worse', 'Bad'])
    await open.send(sampleMessage({ title, body: '', replace_key: 'disk' }), sampleIo());
  const edit = 'PATCH /api/v1/messages/42';
  expect(channel.sink().requests.map(({ method, path, form }) => `${method} ${path} ${form.content}`)).toMatchObject([
    'POST /api/v1/messages **Down**',
    `${edit} **Worse**`,
    `${edit} **Bad**`,
    'POST /api/v1/messages **Bad**',
  ]);
});

test('a bot that may only send gets each update as a new message, and a wrong key still stops the channel', async () => {
  const open = channel.open();
  const update = sampleMessage({ replace_key: 'disk' });
  channel.sink().answer(SENT, refused(401, 'UNAUTHORIZED'), { body: { result: 'success', msg: '', id: 43 } });
  await open.send(update, sampleIo());
  expect(await open.send(update, sampleIo())).toMatchObject({ id: '43' });
  channel.sink().answer(refused(401, 'UNAUTHORIZED'));
  expect((await failureOfSending(open, update, sampleIo())).detail.misconfigured).toBe(true);
});

test('an answer that is not from Zulip leaves the outcome unknown', async () => {
  expect(await channel.failure({ status: 200, body: '<html>' })).toMatchObject({ code: 'zulip.unreadable' });
});

test('settings that cannot work are found at load', () => {
  const api = 'https://acme.zulipchat.com';
  expect(readSettings(zulip, { api, ...SETTINGS }).problems).toEqual([]);
  expect(readSettings(zulip, { api, ...SETTINGS, email: 'belfry' }).problems).toHaveLength(1);
  expect(readSettings(zulip, { api, ...SETTINGS, key: 'two words' }).problems).toHaveLength(1);
  expect(readSettings(zulip, SETTINGS).problems).toHaveLength(1);
});
