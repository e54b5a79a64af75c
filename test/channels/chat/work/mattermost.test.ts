import { describe, expect, test } from 'vitest';
import { mattermost } from '../../../../daemon/channels/chat/work/mattermost.ts';
import { readSettings } from '../../../support/channel-settings.ts';
import { sampleDelivery, sampleIo, sampleMessage } from '../../../support/delivery.ts';
import { useHttpChannel } from '../../../support/http-channel.ts';
import { CHANNEL, posted, refused, TOKEN } from './mattermost.contract.ts';

const PARTS = {
  title: 'Disk *full*',
  body: 'web-1: 91 % of /var, ask @all or <!channel>',
  priority: 'urgent',
  link: 'https://example.com/a',
  image: 'https://example.com/p.png',
  actions: [{ label: 'Runbook', url: 'https://example.com/b' }],
  fields: { host: 'web-1' },
  mention: ['ada', 'all'],
} as const;
const TEXT = String.raw`**Disk \*full\*** @ada @channel`;
const ATTACHMENTS = [
  {
    color: '#d9534f',
    text: 'web-1: 91 % of /var, ask @\u200Ball or &lt;\\!channel\\>\n\n<https://example.com/a>\n[Runbook](https://example.com/b)',
    fields: [{ title: 'host', value: 'web-1', short: true }],
    image_url: 'https://example.com/p.png',
  },
];

describe('a webhook', () => {
  const hook = useHttpChannel(mattermost, {
    settings: (origin) => ({ url: `${origin}/hooks/abc` }),
    success: { body: 'ok' },
  });

  test('gets the title as text and the rest beside a bar', async () => {
    const { path, json } = await hook.sent(PARTS);
    expect(path).toBe('/hooks/abc');
    expect(json).toEqual({ text: TEXT, attachments: ATTACHMENTS });
  });

  test('that answers 200 without `ok` leaves the outcome unknown', async () => {
    expect(await hook.failure({ status: 200, body: '<html>' })).toMatchObject({ code: 'mattermost.unreadable' });
  });

  test('at an address without a webhook is wrongly configured', async () => {
    expect(await hook.failure({ status: 404, body: '<html>' })).toMatchObject({
      code: 'http.404',
      detail: { misconfigured: true },
    });
  });
});

describe('a bot', () => {
  const bot = useHttpChannel(mattermost, {
    settings: (api) => ({ api, token: TOKEN, channel: CHANNEL }),
    success: posted('p1'),
  });
  const requests = () => bot.sink().requests.map(({ method, path, json }) => ({ method, path, ...(json as object) }));

  test('writes a post, and its receipt is the id of the post', async () => {
    expect(await bot.open().send(sampleMessage(), sampleIo())).toMatchObject({ id: 'p1', status: 201 });
    const { path, headers, json } = await bot.sent(PARTS);
    expect(path).toBe('/api/v4/posts');
    expect(headers.authorization).toBe(`Bearer ${TOKEN}`);
    expect(json).toEqual({ channel_id: CHANNEL, message: TEXT, props: { attachments: ATTACHMENTS } });
  });

  test('updates the post with the same `replace_key`, also when an alert is over', async () => {
    const open = bot.open();
    const resolved = sampleDelivery({ status: 'resolved' });
    await open.send(sampleMessage({ replace_key: 'disk' }), sampleIo());
    await open.send(sampleMessage({ replace_key: 'disk', title: 'Resolved' }), sampleIo({ delivery: resolved }));
    expect(requests()).toMatchObject([
      { method: 'POST', path: '/api/v4/posts' },
      {
        method: 'PUT',
        path: '/api/v4/posts/p1/patch',
        message: '**Resolved**',
        props: { attachments: [{ color: '#22a55a' }] },
      },
    ]);
  });

  test('replies in the thread of the first message of a key', async () => {
    const open = bot.open();
    bot.sink().answer(posted('p1'), posted('p2'), posted('p3'));
    for (const title of ['a', 'b', 'c']) await open.send(sampleMessage({ title }), sampleIo());
    expect(requests()).toMatchObject([{ message: '**a**' }, { root_id: 'p1' }, { root_id: 'p1' }]);
    expect(requests()[0]).not.toHaveProperty('root_id');
  });

  test.each([
    [403, 'api.context.permissions.app_error'],
    [400, 'api.post.update_post.permissions_time_limit.app_error'],
    [404, 'app.post.get.app_error'],
  ])('writes a new post if the earlier one cannot be updated: %i %s', async (status, id) => {
    const open = bot.open();
    bot.sink().answer(posted('p1'), refused(status, id), posted('p2'));
    for (const title of ['a', 'b']) await open.send(sampleMessage({ title, replace_key: 'x' }), sampleIo());
    expect(requests()[2]).toMatchObject({ method: 'POST', message: '**b**' });
  });

  test('asks for the id of a channel that is given by name', async () => {
    const open = bot.open({ channel: 'acme/alerts' });
    bot.sink().answer({ body: { id: CHANNEL, name: 'alerts' } }, posted('p1'));
    expect(await open.send(sampleMessage(), sampleIo())).toMatchObject({ id: 'p1' });
    expect(requests()).toMatchObject([
      { method: 'GET', path: '/api/v4/teams/name/acme/channels/name/alerts' },
      { method: 'POST', path: '/api/v4/posts', channel_id: CHANNEL },
    ]);
  });

  test('writes to each channel in `to`', async () => {
    await bot.sent({ to: ['c1', 'c2'] });
    expect(requests()).toMatchObject([{ channel_id: 'c1' }, { channel_id: 'c2' }]);
  });
});

test('settings that cannot work are found at load', () => {
  const url = 'https://chat.example.com/hooks/abc';
  const api = 'https://chat.example.com';
  expect(readSettings(mattermost, { url }).problems).toEqual([]);
  expect(readSettings(mattermost, { url: '/hooks/abc', api }).problems).toEqual([]);
  expect(readSettings(mattermost, { api, token: TOKEN, channel: CHANNEL }).problems).toEqual([]);
  for (const wrong of [{}, { token: TOKEN, channel: CHANNEL }, { api, token: TOKEN }, { url, token: TOKEN }])
    expect(readSettings(mattermost, wrong).problems).toEqual([': either a webhook or a bot is needed, not both']);
  expect(readSettings(mattermost, { api, token: TOKEN, channel: '#ops' }).problems).toEqual([
    '/channel: this is not a channel',
  ]);
});
