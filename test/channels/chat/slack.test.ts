import { describe, expect, test } from 'vitest';
import { slack } from '../../../daemon/channels/chat/slack/slack.ts';
import { failureOfSending, sampleDelivery, sampleIo, sampleMessage } from '../../support/delivery.ts';
import { useHttpChannel } from '../../support/http-channel.ts';
import { readSettings } from '../../support/channel-settings.ts';
import { PATH, type Payload, payloadOf, posted, refused, textOf, TOKEN } from './slack.contract.ts';

const channel = useHttpChannel(slack, {
  settings: (api) => ({ token: TOKEN, channel: '#ops', api }),
  success: posted('1503435956.000247'),
});

describe('a message', () => {
  test('has its title in bold and the rest beside a bar, and its receipt names it', async () => {
    expect(await channel.open().send(sampleMessage(), sampleIo())).toMatchObject({ id: 'C0123ABC 1503435956.000247' });
    const request = await channel.sent({
      title: 'a < b',
      body: 'web-1: 91 % & more',
      priority: 'urgent',
      link: 'https://example.com/a?x=1&y=2',
      image: 'https://example.com/p.png',
      actions: [{ label: 'Open | <now>', url: 'https://example.com/b' }],
      fields: { host: 'web-1' },
    });
    expect(request.path).toBe('/api/chat.postMessage');
    expect(request.headers.authorization).toBe(`Bearer ${TOKEN}`);
    expect(request.json).toEqual({
      channel: '#ops',
      text: '*a &lt; b*',
      attachments: [
        {
          color: '#d9534f',
          text: 'web-1: 91 % &amp; more\n*host*: web-1\n<https://example.com/a?x=1&amp;y=2>\n<https://example.com/b|Open   &lt;now&gt;>',
          mrkdwn_in: ['text'],
          image_url: 'https://example.com/p.png',
        },
      ],
    });
  });

  test('in Markdown becomes mrkdwn', async () => {
    const body =
      '# Head\n**b** *i* ~~s~~ `c<`\n\n- one\n\n> q\n\n```sh\nx < y\n```\n[a](https://b.test/) [c](javascript:x) https://d.test/x_y';
    expect(textOf((await channel.sent({ format: 'markdown', body })).text)).toBe(
      '*Head*\n*b* _i_ ~s~ `c&lt;`\n\n- one\n\n> q\n\n```\nx &lt; y\n```\n<https://b.test/|a> c (javascript:x) <https://d.test/x_y>',
    );
  });

  test('mentions only people that the message names', async () => {
    const { text } = payloadOf(
      (await channel.sent({ title: 'x', body: '<!channel>', mention: ['U012AB3CD', 'al'] })).text,
    );
    expect(text).toBe('*x* <@U012AB3CD>');
    expect(payloadOf((await channel.sent({ title: 'x', mention: ['all'] })).text).text).toBe('*x* <!channel>');
  });

  test('is green when an alert is resolved', async () => {
    const { text } = await channel.sent({}, {}, { delivery: sampleDelivery({ status: 'resolved' }) });
    expect(payloadOf(text).attachments[0]!.color).toBe('#22a55a');
  });

  test('goes to the channels in its `to`', async () => {
    await channel.sent({ to: ['#a', '#b'] });
    expect(channel.sink().requests.map(({ json }) => (json as { channel: string }).channel)).toEqual(['#a', '#b']);
  });
});

describe('messages that belong together', () => {
  const bodies = () => channel.sink().requests.map(({ path, json }) => ({ path, ...(json as object) }));
  const first = { channel: 'C0123ABC', ts: '1.1' };

  test('with the same `replace_key` update the earlier one, by the id of its channel', async () => {
    const bot = channel.open();
    channel.sink().answer(posted('1.1'));
    await bot.send(sampleMessage({ replace_key: 'disk/web-1' }), sampleIo());
    await bot.send(sampleMessage({ replace_key: 'disk/web-1', title: 'Resolved' }), sampleIo());
    await bot.send(sampleMessage({ replace_key: 'disk/web-2' }), sampleIo());
    expect(bodies()).toMatchObject([
      { path: '/api/chat.postMessage', channel: '#ops' },
      { path: '/api/chat.update', ...first, text: '*Resolved*' },
      { path: '/api/chat.postMessage', channel: '#ops' },
    ]);
    expect(bodies()[0]).not.toHaveProperty('ts');
  });

  test('are sent one after another, since the second needs the id of the first', async () => {
    const bot = channel.open();
    channel.sink().answer(posted('1.1'));
    await Promise.all([1, 2].map(() => bot.send(sampleMessage({ replace_key: 'a' }), sampleIo())));
    expect(bodies().map(({ path }) => path)).toEqual(['/api/chat.postMessage', '/api/chat.update']);
  });

  test('of one key of a rule are replies in the thread of the first, and urgent ones are shown in the channel, too', async () => {
    const bot = channel.open();
    channel.sink().answer(posted('1.1'), posted('2.2'), posted('3.3'));
    await bot.send(sampleMessage(), sampleIo());
    await bot.send(sampleMessage(), sampleIo());
    await bot.send(sampleMessage({ priority: 'high' }), sampleIo());
    await bot.send(sampleMessage(), sampleIo({ delivery: sampleDelivery({ key: 'acme/web' }) }));
    expect(bodies()).toMatchObject([
      { channel: '#ops' },
      { channel: 'C0123ABC', thread_ts: '1.1', reply_broadcast: false },
      { channel: 'C0123ABC', thread_ts: '1.1', reply_broadcast: true },
      { channel: '#ops' },
    ]);
    expect(bodies()[0]).not.toHaveProperty('thread_ts');
    expect(bodies()[3]).not.toHaveProperty('thread_ts');
  });

  test('a thread lasts a day', async () => {
    const bot = channel.open();
    await bot.send(sampleMessage(), sampleIo());
    const tomorrow = sampleDelivery({ createdAt: Date.parse('2026-11-24T00:00:01Z') });
    await bot.send(sampleMessage(), sampleIo({ delivery: tomorrow }));
    expect(bodies()[1]).not.toHaveProperty('thread_ts');
  });

  test('are sent as new ones if the earlier one does not exist any more', async () => {
    const bot = channel.open();
    channel.sink().answer(posted('1.1'), refused('message_not_found'), posted('2.2'), posted('2.2'));
    for (const title of ['a', 'b', 'c']) await bot.send(sampleMessage({ replace_key: 'x', title }), sampleIo());
    expect(bodies()).toMatchObject([
      { text: '*a*' },
      { path: '/api/chat.update', ts: '1.1', text: '*b*' },
      { path: '/api/chat.postMessage', text: '*b*' },
      { path: '/api/chat.update', ts: '2.2', text: '*c*' },
    ]);
  });

  test('begin anew after an alert was resolved, so that the next alert notifies', async () => {
    const bot = channel.open();
    channel.sink().answer(posted('1.1'), posted('1.1'), posted('2.2'), posted('2.2'));
    for (const status of ['firing', 'resolved', 'firing', 'firing'] as const)
      await bot.send(sampleMessage({ replace_key: 'disk' }), sampleIo({ delivery: sampleDelivery({ status }) }));
    expect(channel.sink().requests.map(({ path, json }) => [path, (json as { ts?: string }).ts])).toEqual([
      ['/api/chat.postMessage', undefined],
      ['/api/chat.update', '1.1'],
      ['/api/chat.postMessage', undefined],
      ['/api/chat.update', '2.2'],
    ]);
  });

  test('keep the id of the earlier one after a failure', async () => {
    const bot = channel.open();
    channel.sink().answer(posted('1.1'), { status: 500 }, posted('1.1'));
    await bot.send(sampleMessage({ replace_key: 'x' }), sampleIo());
    await failureOfSending(bot, sampleMessage({ replace_key: 'x' }), sampleIo());
    await bot.send(sampleMessage({ replace_key: 'x' }), sampleIo({ attempt: 2 }));
    expect(bodies()[2]).toMatchObject({ path: '/api/chat.update', ts: '1.1' });
  });
});

describe('a webhook', () => {
  const hook = useHttpChannel(slack, { settings: (origin) => ({ url: origin + PATH }), success: { body: 'ok' } });

  test('gets the same text, and updates nothing', async () => {
    const open = hook.open();
    for (const title of ['a', 'b']) await open.send(sampleMessage({ title, replace_key: 'x' }), sampleIo());
    expect(hook.sink().requests.map(({ path, json }) => [path, (json as Payload).text])).toEqual([
      [PATH, '*a*'],
      [PATH, '*b*'],
    ]);
  });

  test('that answers 200 without `ok` leaves the outcome unknown', async () => {
    expect(await hook.failure({ status: 200, body: '<html>Sign in</html>' })).toMatchObject({ class: 'unknown' });
  });
});

test('settings that cannot work are found at load', () => {
  const url = 'https://hooks.slack.com/services/T/B/x';
  expect(readSettings(slack, { url }).problems).toEqual([]);
  expect(readSettings(slack, { token: TOKEN, channel: 'C1' }).problems).toEqual([]);
  for (const wrong of [{}, { token: TOKEN }, { url, channel: 'C1' }, { url, token: TOKEN, channel: 'C1' }])
    expect(readSettings(slack, wrong).problems).toEqual([': either a webhook or a bot is needed, not both']);
  expect(readSettings(slack, { url: 'hooks.slack.com/services/T/B/x' }).problems).toHaveLength(1);
  expect(readSettings(slack, { token: url, channel: 'C1' }).problems).toEqual([
    '/token: this is not a token but a URL',
  ]);
});
