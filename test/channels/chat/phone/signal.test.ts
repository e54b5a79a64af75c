import { expect, test } from 'vitest';
import { signal } from '../../../../daemon/channels/chat/phone/signal.ts';
import { readSettings } from '../../../support/channel-settings.ts';
import { sampleDelivery, sampleIo, sampleMessage } from '../../../support/delivery.ts';
import { useHttpChannel } from '../../../support/http-channel.ts';
import { FROM, sent, TO } from './signal.contract.ts';

const ADA = '0b1c2d3e-4f50-4a6b-8c7d-9e0f1a2b3c4d';
const channel = useHttpChannel(signal, {
  settings: (api) => ({ api, from: FROM, to: TO }),
  success: sent('1795406400000'),
});

test('a message is plain text that names people at its end, and its receipt is its time', async () => {
  expect(await channel.open().send(sampleMessage(), sampleIo())).toMatchObject({ id: '1795406400000', status: 201 });
  const { path, json } = await channel.sent({
    title: 'Disk **full**',
    body: 'web-1: 91 % 🔥',
    link: 'https://example.com/a',
    mention: [ADA, 'user:+8613800138000'],
  });
  const text = 'Disk **full**\nweb-1: 91 % 🔥\nhttps://example.com/a';
  const message = `${text} @${ADA} @+8613800138000`;
  expect(path).toBe('/v2/send');
  expect(json).toEqual({
    number: FROM,
    recipients: [TO],
    message,
    text_mode: 'normal',
    mentions: [
      { author: ADA, start: text.length + 1, length: 37 },
      { author: '+8613800138000', start: message.length - 15, length: 15 },
    ],
  });
});

test('numbers and groups each get a request, since the server takes no mixed ones', async () => {
  await channel.sent({}, { to: [TO, 'group.YWJj', 'ada.01'] });
  expect(channel.sink().requests.map(({ json }) => (json as { recipients: unknown }).recipients)).toEqual([
    [TO],
    ['group.YWJj'],
    ['ada.01'],
  ]);
});

test('a message with the same `replace_key` edits the earlier one for a day', async () => {
  const open = channel.open();
  const at = (time: string) => sampleIo({ delivery: sampleDelivery({ createdAt: Date.parse(time) }) });
  channel.sink().answer(sent('1001'), sent('1002'), sent('1003'));
  for (const time of ['2026-11-23T09:00:00Z', '2026-11-23T23:59:00Z', '2026-11-24T00:01:00Z'])
    await open.send(sampleMessage({ replace_key: 'disk' }), at(time));
  const [first, edit, next] = channel.sink().requests.map(({ json }) => json);
  expect(first).not.toHaveProperty('edit_timestamp');
  expect(edit).toMatchObject({ edit_timestamp: 1001 });
  expect(next).not.toHaveProperty('edit_timestamp');
});

test('a group that some members did not get is a success, since the others have the message', async () => {
  const errors = { recipients: [{ number: TO, reason: 'UNREGISTERED_FAILURE' }] };
  channel.sink().answer({ status: 201, body: { timestamp: '1', errors } });
  expect(await channel.open({ to: 'group.YWJj' }).send(sampleMessage(), sampleIo())).toMatchObject({ id: '1' });
});

test('an answer that is not from the server leaves the outcome unknown', async () => {
  expect(await channel.failure({ status: 200, body: '<html>' })).toMatchObject({ code: 'signal.unreadable' });
});

test('settings that cannot work are found at load', () => {
  const api = 'http://127.0.0.1:8080';
  expect(readSettings(signal, { api, from: FROM, to: [TO, 'group.YWJj==', 'u:ada.01', ADA] }).problems).toEqual([]);
  expect(readSettings(signal, { api, from: '015112345678', to: TO }).problems).toHaveLength(1);
  expect(readSettings(signal, { api, from: FROM, to: '015112345678' }).problems).toEqual([
    '/to/0: this is not a recipient',
  ]);
  expect(readSettings(signal, { from: FROM, to: TO }).problems).toHaveLength(1);
});
