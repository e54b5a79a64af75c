import { expect, test } from 'vitest';
import { feishuApp } from '../../../daemon/channels/china/feishu-app.ts';
import { sampleDelivery, sampleIo, sampleMessage } from '../../support/delivery.ts';
import { useHttpChannel } from '../../support/http-channel.ts';
import { ASIDE, cardOf, OK, refused, SECRET, settings, TOKEN } from './feishu-app.contract.ts';

const channel = useHttpChannel(feishuApp, { settings, success: OK, aside: ASIDE });
const update = { replace_key: 'disk/db-1' };

test('the token is asked for by the credentials of the app, and a message goes as a card', async () => {
  const request = await channel.sent({
    priority: 'urgent',
    fields: { host: 'db-1' },
    link: 'https://example.com/panel',
    actions: [{ label: 'Runbook', url: 'https://example.com/run' }],
    mention: ['ou_1', 'all'],
  });
  expect(channel.sink().aside.map(({ method, json }) => [method, json])).toEqual([
    ['POST', { app_id: 'cli_1', app_secret: SECRET }],
  ]);
  expect([request.method, request.path]).toEqual(['POST', '/open-apis/im/v1/messages?receive_id_type=chat_id']);
  expect(request.headers).toMatchObject({
    authorization: `Bearer ${TOKEN}`,
    'content-type': 'application/json; charset=utf-8',
  });
  expect(request.json).toMatchObject({ receive_id: 'oc_1', msg_type: 'interactive' });
  expect(cardOf(request.text)).toEqual({
    schema: '2.0',
    config: { update_multi: true },
    header: { title: { tag: 'plain_text', content: 'Deploy failed: acme/api' }, template: 'red' },
    body: {
      elements: [
        {
          tag: 'markdown',
          content:
            'Build 42 of main by alice\n**host**: db-1\n[https://example.com/panel](https://example.com/panel)\n<at id=ou_1></at>\n<at id=all></at>',
        },
        {
          tag: 'button',
          text: { tag: 'plain_text', content: 'Runbook' },
          type: 'default',
          behaviors: [{ type: 'open_url', default_url: 'https://example.com/run' }],
        },
      ],
    },
  });
});

test.each([
  ['oc_1', 'chat_id'],
  ['ou_1', 'open_id'],
  ['on_1', 'union_id'],
  ['zhang@example.com', 'email'],
  ['7cdf2a', 'user_id'],
])('%s is sent as %s', async (to, kind) => {
  expect((await channel.sent({ to: [to] })).path).toBe(`/open-apis/im/v1/messages?receive_id_type=${kind}`);
});

test('each recipient has an id of its own, which is the same at each attempt', async () => {
  await channel.sent({ to: ['oc_1', 'oc_2'] });
  await channel.sent({ to: ['oc_1', 'oc_2'] });
  const ids = channel.sink().requests.map(({ json }) => (json as { uuid: string }).uuid);
  expect(ids[0]).toMatch(/^019aaf2e-1c00-7000-8000-0123456789ab-[0-9a-f]{8}$/);
  expect(ids).toEqual([ids[0], ids[1], ids[0], ids[1]]);
  expect(ids[0]).not.toBe(ids[1]);
});

test('a message with the key of an earlier one updates its card, which is green when the alert is over', async () => {
  const notifier = channel.open();
  await notifier.send(sampleMessage(update), sampleIo());
  const delivery = sampleDelivery({ status: 'resolved' });
  expect(await notifier.send(sampleMessage({ ...update, title: 'Resolved' }), sampleIo({ delivery }))).toMatchObject({
    status: 200,
  });
  const { method, path, text, json } = channel.sink().requests[1]!;
  expect([method, path]).toEqual(['PATCH', '/open-apis/im/v1/messages/om_1']);
  expect(Object.keys(json as object)).toEqual(['content']);
  expect(cardOf(text).header).toMatchObject({ title: { content: 'Resolved' }, template: 'green' });
});

test.each([230_011, 230_031, 230_110])('after %i the message is a new one', async (code) => {
  const notifier = channel.open();
  await notifier.send(sampleMessage(update), sampleIo());
  channel.sink().answer(refused(code), OK);
  await notifier.send(sampleMessage(update), sampleIo());
  expect(channel.sink().requests.map(({ method }) => method)).toEqual(['POST', 'PATCH', 'POST']);
});
