import { expect, test } from 'vitest';
import { pushplus } from '../../../daemon/channels/china/pushplus.ts';
import { sampleDelivery, sampleIo, sampleMessage } from '../../support/delivery.ts';
import { useHttpChannel } from '../../support/http-channel.ts';
import { OK, settings, TOKEN } from './pushplus.contract.ts';

const channel = useHttpChannel(pushplus, { settings, success: OK });

test('a message is posted with the template of its format, to a group if one is given', async () => {
  const { method, path, json } = await channel.sent({ link: 'https://example.com/' }, { topic: 'ops' });
  expect([method, path]).toEqual(['POST', '/send']);
  expect(json).toEqual({
    token: TOKEN,
    title: 'Deploy failed: acme/api',
    content: 'Build 42 of main by alice\nhttps://example.com/',
    template: 'txt',
    topic: 'ops',
  });
  expect(await channel.open().send(sampleMessage(), sampleIo())).toMatchObject({ id: 'f8c0e1d2' });
});

test('HTML stays HTML, and Markdown stays Markdown', async () => {
  const parts = { fields: { host: 'db <1>' }, link: 'https://example.com/?a=1&b=2' };
  expect((await channel.sent({ ...parts, format: 'html', body: '<i>92 %</i>' })).json).toMatchObject({
    template: 'html',
    content:
      '<i>92 %</i><br>\n<b>host</b>: db &lt;1&gt;<br>\n<a href="https://example.com/?a=1&amp;b=2">https://example.com/?a=1&amp;b=2</a><br>',
  });
  expect((await channel.sent({ ...parts, format: 'markdown', body: '*92 %*' })).json).toMatchObject({
    template: 'markdown',
    content: '*92 %*\n\n- host: db \\<1\\>\n- <https://example.com/?a=1&b=2>',
  });
});

test('a message that expires has the time after which PushPlus drops it', async () => {
  const expiresAt = Date.parse('2026-11-23T10:00:00Z');
  const { json } = await channel.sent({}, {}, { delivery: sampleDelivery({ expiresAt }) });
  expect(json).toMatchObject({ timestamp: expiresAt });
});
