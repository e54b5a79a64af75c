import { expect, test } from 'vitest';
import { pushover } from '../../../daemon/channels/push/pushover.ts';
import { readSettings } from '../../support/channel-settings.ts';
import { sampleDelivery, sampleIo, sampleMessage } from '../../support/delivery.ts';
import { useHttpChannel } from '../../support/http-channel.ts';
import { OK, refused, TOKEN, USER } from './pushover.contract.ts';

const channel = useHttpChannel(pushover, {
  settings: (api) => ({ token: TOKEN, user: USER, api }),
  success: OK,
});
const sent = async (...args: Parameters<typeof channel.sent>) => (await channel.sent(...args)).form;

test('a message has its parts in their places, and the receipt has the id of the request', async () => {
  const { method, path, headers, form } = await channel.sent(
    {
      title: 'Disk nearly full',
      body: '91 % *used* <b>',
      priority: 'high',
      link: 'https://example.com/a',
      fields: { host: 'web-1' },
      image: 'https://example.com/p.png',
    },
    { device: ['phone', 'tablet'] },
  );
  expect([method, path, headers['content-type']]).toEqual([
    'POST',
    '/1/messages.json',
    'application/x-www-form-urlencoded',
  ]);
  expect(form).toEqual({
    token: TOKEN,
    user: USER,
    title: 'Disk nearly full',
    message: '91 % *used* <b>\nhost: web-1\nhttps://example.com/p.png',
    priority: '1',
    timestamp: '1795424400',
    url: 'https://example.com/a',
    url_title: 'Open',
    device: 'phone,tablet',
  });
  expect(await channel.open().send(sampleMessage(), sampleIo())).toMatchObject({ id: OK.body.request });
});

test.each([
  ['min', '-2'],
  ['low', '-1'],
  ['normal', '0'],
  ['high', '1'],
  ['urgent', '2'],
] as const)('priority %s is %s', async (priority, expected) => {
  expect((await sent({ priority })).priority).toBe(expected);
});

test('an urgent message sounds until it is acknowledged or resolved, and its receipt is that of the emergency', async () => {
  const receipt = 'r1234567890abcdefghijklmnopqrs';
  channel.sink().answer({ body: { ...OK.body, receipt } });
  expect(await channel.open().send(sampleMessage({ priority: 'urgent' }), sampleIo())).toMatchObject({ id: receipt });
  const { tags, ...emergency } = channel.sink().requests[0]!.form;
  expect(emergency).toMatchObject({ priority: '2', retry: '60', expire: '10800' });

  channel.sink().answer(OK);
  const resolved = sampleIo({ delivery: sampleDelivery({ status: 'resolved' }) });
  await channel.open().send(sampleMessage({ title: 'Resolved', priority: 'urgent' }), resolved);
  const [, cancel, message] = channel.sink().requests;
  expect([cancel!.path, cancel!.form]).toEqual([`/1/receipts/cancel_by_tag/${tags}.json`, { token: TOKEN }]);
  expect(message!.form).toMatchObject({ title: 'Resolved', priority: '1' });
  expect(message!.form).not.toHaveProperty('retry');
});

test('Markdown becomes the HTML that Pushover shows, and text of the event stays text', async () => {
  const body = '**91 %** *used* `<x>` [Runbook](https://example.com/r?a&b) ![p](javascript:x)\n\n- one';
  expect(await sent({ format: 'markdown', body, fields: { 'a<b': 'c&d' } })).toMatchObject({
    html: '1',
    message:
      '<b>91 %</b> <i>used</i> &lt;x&gt; <a href="https://example.com/r?a&amp;b">Runbook</a> p (javascript:x)\n\n- one\n<b>a&lt;b</b>: c&amp;d',
  });
});

test('a message with a `ttl` is deleted on the devices when it ends', async () => {
  const delivery = sampleDelivery({ expiresAt: Date.parse('2026-11-23T10:00:00Z') });
  expect((await sent({}, {}, { delivery })).ttl).toBe('3600');
  expect(await sent({ priority: 'urgent' }, {}, { delivery })).not.toHaveProperty('ttl');
});

test('a link that is too long is left out visibly, and one that is not http or https is text', async () => {
  const link = `https://example.com/${'a'.repeat(500)}`;
  expect(await sent({ body: 'full', link })).toMatchObject({ message: 'full\n…' });
  expect(await sent({ body: 'full', link: 'javascript:x' })).toMatchObject({ message: 'full\njavascript:x' });
  expect(channel.sink().requests.at(-1)!.form).not.toHaveProperty('url');
});

test('a quota that is used up pauses for an hour where its end is not given, and an error of the server is no refusal', async () => {
  expect(await channel.failure(refused(['quota'], {}, 429))).toMatchObject({
    class: 'transient',
    detail: { rateLimited: true, retryAfter: 3_600_000 },
  });
  expect(await channel.failure(refused(['internal error'], {}, 500))).toMatchObject({ code: 'http.500' });
});

test('settings that cannot work are found at load', () => {
  const problems = (settings: object) => readSettings(pushover, { token: TOKEN, user: USER, ...settings }).problems;
  expect(problems({ user: 'two words' })).toHaveLength(1);
  expect(problems({ device: 'phone,tablet' })).toHaveLength(1);
});
