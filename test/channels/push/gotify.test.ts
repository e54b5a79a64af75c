import { describe, expect, test } from 'vitest';
import { gotify } from '../../../daemon/channels/push/gotify.ts';
import { readSettings } from '../../support/channel-settings.ts';
import { sampleDelivery, sampleIo, sampleMessage } from '../../support/delivery.ts';
import { useHttpChannel } from '../../support/http-channel.ts';
import { OK, type Payload, payloadOf, refused, TOKEN } from './gotify.contract.ts';

const channel = useHttpChannel(gotify, { settings: (api) => ({ api, token: TOKEN }), success: OK });
const sent = async (message: Parameters<typeof channel.sent>[0]): Promise<Payload> =>
  payloadOf((await channel.sent(message)).text);

describe('a message', () => {
  test('goes below `api` with the token in a header, and its receipt is the id that the server gave', async () => {
    expect(await channel.open().send(sampleMessage(), sampleIo())).toMatchObject({ id: '25', status: 200 });
    const { path, headers, json } = await channel.sent(
      { title: 'Disk nearly full', body: 'web-1: 91 % *used*', priority: 'high', fields: { host: 'web-1' } },
      { api: `${channel.sink().origin}/gotify/` },
    );
    expect(path).toBe('/gotify/message');
    expect(headers['x-gotify-key']).toBe(TOKEN);
    expect(json).toEqual({
      title: 'Disk nearly full',
      message: 'web-1: 91 % *used*\nhost: web-1',
      priority: 8,
      extras: { 'client::display': { contentType: 'text/plain' }, 'client::notification': {} },
    });
  });

  test('in Markdown is sent as it is written, and says so; HTML becomes text', async () => {
    expect(await sent({ format: 'markdown', body: '**x** [a](https://b.test)' })).toMatchObject({
      message: '**x** [a](https://b.test)',
      extras: { 'client::display': { contentType: 'text/markdown' } },
    });
    expect(await sent({ format: 'html', body: '<b>x</b>' })).toMatchObject({
      message: 'x',
      extras: { 'client::display': { contentType: 'text/plain' } },
    });
  });

  test('has its link and its image in the notification and, for clients without those, in the text', async () => {
    const link = 'https://example.com/a';
    const image = 'https://example.com/p.png';
    expect(await sent({ body: 'full', link, image })).toMatchObject({
      message: `full\n${link}\n${image}`,
      extras: { 'client::notification': { click: { url: link }, bigImageUrl: image } },
    });
  });

  test('opens only http and https addresses', async () => {
    const { message, extras } = await sent({ body: 'full', link: 'javascript:alert(1)', image: 'file:///etc/passwd' });
    expect(extras['client::notification']).toEqual({});
    expect(message).toBe('full\njavascript:alert(1)');
  });

  test('without a body is not empty, which the server would refuse', async () => {
    expect((await sent({ body: '' })).message).not.toBe('');
  });

  test.each([
    ['min', 0],
    ['low', 2],
    ['normal', 5],
    ['high', 8],
    ['urgent', 10],
  ] as const)('of priority %s has %i', async (priority, number) => {
    expect((await sent({ priority })).priority).toBe(number);
  });

  test('says that an alert is resolved', async () => {
    const request = await channel.sent(
      { title: 'Resolved: disk', body: '' },
      {},
      { delivery: sampleDelivery({ status: 'resolved' }) },
    );
    expect(request.json).toMatchObject({ title: 'Resolved: disk' });
  });
});

test('other answers mean what their status means', async () => {
  expect(await channel.failure(refused(500))).toMatchObject({ class: 'transient', code: 'http.500' });
  expect(await channel.failure({ status: 413, body: '<html>' })).toMatchObject({
    class: 'permanent',
    code: 'http.413',
  });
  expect(await channel.failure({ status: 200, body: '<html>' })).toMatchObject({ code: 'gotify.unreadable' });
});

test('settings that cannot work are found at load', () => {
  const problems = (settings: object): readonly string[] => readSettings(gotify, settings).problems;
  const api = 'https://push.example.com';
  expect(problems({ api, token: TOKEN })).toEqual([]);
  expect(problems({ api, token: `gtfy_app.${'k'.repeat(43)}` })).toEqual([]);
  expect(problems({ token: TOKEN })).toEqual([expect.stringContaining('`api`')]);
  expect(problems({ api: 'push.example.com', token: TOKEN })).toHaveLength(1);
  expect(problems({ api: `${api}?token=x`, token: TOKEN })).toHaveLength(1);
  expect(problems({ api, token: 'Cx83jd02Lm4sqDk' })).toEqual(['/token: this is the token of a client']);
  expect(problems({ api, token: `gtfy_client.${'k'.repeat(43)}` })).toEqual(['/token: this is the token of a client']);
  expect(problems({ api, token: `${api}/message` })).toEqual(['/token: this is not a token but a URL']);
  expect(problems({ api, token: 'two words' })).toHaveLength(1);
});
