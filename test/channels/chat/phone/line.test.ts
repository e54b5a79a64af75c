import { expect, test } from 'vitest';
import { line } from '../../../../daemon/channels/chat/phone/line.ts';
import { readSettings } from '../../../support/channel-settings.ts';
import { sampleDelivery, sampleIo, sampleMessage } from '../../../support/delivery.ts';
import { useHttpChannel } from '../../../support/http-channel.ts';
import { SENT, TOKEN, USER } from './line.contract.ts';

const GROUP = USER.replace('U', 'C');
const channel = useHttpChannel(line, { settings: (api) => ({ api, token: TOKEN, to: USER }), success: SENT });

test('a message is a text, a picture and buttons in one push, and its receipt is the id of the text', async () => {
  expect(await channel.open().send(sampleMessage(), sampleIo())).toMatchObject({ id: '461230966842064897' });
  const { path, headers, json } = await channel.sent({
    title: 'Disk full',
    body: 'web-1: 91 %',
    link: 'https://example.com/a',
    image: 'https://example.com/p.png',
    actions: [{ label: 'Open the runbook now', url: 'https://example.com/b' }],
    fields: { host: 'web-1' },
  });
  expect(path).toBe('/v2/bot/message/push');
  expect(headers).toMatchObject({
    authorization: `Bearer ${TOKEN}`,
    'x-line-retry-key': '019aaf2e-1c00-7000-8000-0123456789ab',
  });
  expect(json).toEqual({
    to: USER,
    messages: [
      { type: 'text', text: 'Disk full\nweb-1: 91 %\nhost: web-1\nhttps://example.com/a' },
      {
        type: 'image',
        originalContentUrl: 'https://example.com/p.png',
        previewImageUrl: 'https://example.com/p.png',
      },
      {
        type: 'template',
        altText: 'Disk full',
        template: {
          type: 'buttons',
          text: 'Disk full',
          actions: [{ type: 'uri', label: 'Open the runbook now', uri: 'https://example.com/b' }],
        },
      },
    ],
  });
});

test('what LINE cannot show in its own form is in the text', async () => {
  const actions = Array.from({ length: 5 }, (_, index) => ({ label: `A${index}`, url: 'https://example.com/' }));
  const { json } = await channel.sent({ image: 'http://example.com/p.png', actions });
  const { messages } = json as { messages: readonly { text: string }[] };
  expect(messages).toHaveLength(1);
  expect(messages[0]?.text).toMatch(/A4: https:\/\/example\.com\/\nhttp:\/\/example\.com\/p\.png$/);
});

test('a message of low priority makes no sound', async () => {
  expect((await channel.sent({ priority: 'low' })).json).toMatchObject({ notificationDisabled: true });
  expect((await channel.sent({ priority: 'urgent' })).json).not.toHaveProperty('notificationDisabled');
});

test('a repeat of an accepted message is a success', async () => {
  channel.sink().answer({
    status: 409,
    headers: { 'x-line-accepted-request-id': 'r1' },
    body: { message: 'The retry key is already accepted', ...SENT.body },
  });
  expect(await channel.open().send(sampleMessage(), sampleIo({ attempt: 2 }))).toMatchObject({
    id: '461230966842064897',
    status: 409,
  });
  // Without the header it is a refusal.
  expect(await channel.failure({ status: 409, body: { message: 'conflict' } })).toMatchObject({ class: 'permanent' });
});

test('each recipient has a retry key of its own, the same in each attempt', async () => {
  const open = channel.open({ to: [USER, GROUP] });
  for (const attempt of [1, 2]) await open.send(sampleMessage(), sampleIo({ attempt }));
  const sent = channel
    .sink()
    .requests.map(({ headers, json }) => [(json as { to: string }).to, headers['x-line-retry-key']]);
  expect(sent.slice(0, 2)).toEqual(sent.slice(2));
  expect(sent[0]).toEqual([USER, sampleDelivery().id]);
  expect(sent[1]).toEqual([GROUP, expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)]);
  expect(sent[1]?.[1]).not.toBe(sent[0]?.[1]);
});

test('an answer that is not from LINE leaves the outcome unknown', async () => {
  expect(await channel.failure({ status: 200, body: '<html>' })).toMatchObject({ code: 'line.unreadable' });
});

test('settings that cannot work are found at load', () => {
  expect(readSettings(line, { token: TOKEN, to: [USER, GROUP] }).problems).toEqual([]);
  expect(readSettings(line, { token: 'two words', to: USER }).problems).toHaveLength(1);
  expect(readSettings(line, { token: 't', to: '@belfry' }).problems).toEqual(['/to/0: this is not a recipient']);
});
