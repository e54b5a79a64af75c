import { expect, test } from 'vitest';
import { dingtalkWork } from '../../../daemon/channels/china/dingtalk-work.ts';
import { sampleIo, sampleMessage } from '../../support/delivery.ts';
import { useHttpChannel } from '../../support/http-channel.ts';
import { ASIDE, OK, SECRET, settings, TOKEN } from './dingtalk-work.contract.ts';

const channel = useHttpChannel(dingtalkWork, { settings, success: OK, aside: ASIDE });

test('the token is asked for by GET, and a message is given to the app as a task', async () => {
  const request = await channel.sent();
  expect(channel.sink().aside.map(({ method, path }) => [method, path])).toEqual([
    ['GET', `/gettoken?appkey=dingkey&appsecret=${SECRET}`],
  ]);
  expect([request.method, request.path]).toEqual([
    'POST',
    `/topapi/message/corpconversation/asyncsend_v2?access_token=${TOKEN}`,
  ]);
  expect(request.json).toEqual({
    agent_id: 123_456,
    userid_list: 'manager4220',
    msg: {
      msgtype: 'text',
      text: { content: 'Deploy failed: acme/api\nBuild 42 of main by alice\n2026-11-23 09:00:00 UTC' },
    },
  });
  expect(await channel.open().send(sampleMessage(), sampleIo())).toMatchObject({ id: '256271667526' });
});

test('Markdown goes as Markdown', async () => {
  expect((await channel.sent({ format: 'markdown', body: '**92 %**', fields: { host: 'db-1' } })).json).toMatchObject({
    msg: {
      msgtype: 'markdown',
      markdown: {
        title: 'Deploy failed: acme/api',
        text: '#### Deploy failed: acme/api\n\n**92 %**\n\n- host: db-1\n\n2026-11-23 09:00:00 UTC',
      },
    },
  });
});

test('the link and the actions are buttons of a card', async () => {
  const link = 'https://example.com/panel';
  expect((await channel.sent({ link })).json).toMatchObject({
    msg: { msgtype: 'action_card', action_card: { single_title: 'Open', single_url: link } },
  });
  const actions = [{ label: 'Runbook', url: 'https://example.com/run' }];
  expect((await channel.sent({ link, actions })).json).toMatchObject({
    msg: {
      action_card: {
        btn_orientation: '0',
        btn_json_list: [
          { title: 'Open', action_url: link },
          { title: 'Runbook', action_url: 'https://example.com/run' },
        ],
      },
    },
  });
});

test('departments, everybody, and more than 100 users have their own lists', async () => {
  expect((await channel.sent({ to: ['a', 'dept:12'] })).json).toMatchObject({ userid_list: 'a', dept_id_list: '12' });
  expect((await channel.sent({ to: ['*'] })).json).toMatchObject({ to_all_user: true });
  channel.sink().forget();
  await channel.sent({ to: Array.from({ length: 101 }, (_, index) => `u${index}`) });
  const lists = channel.sink().requests.map(({ json }) => (json as { userid_list: string }).userid_list.split(','));
  expect(lists.map((list) => list.length)).toEqual([100, 1]);
});

test('a message whose `to` is empty is refused', async () => {
  expect(await channel.failure(OK, { to: [] })).toMatchObject({
    code: 'dingtalk_work.bad_recipient',
    message: 'the message has no recipient',
  });
});

test.each(['a,b', 'two words', 'dept:x', '\\*'])('%j from an event is no recipient', async (name) => {
  expect(await channel.failure(OK, { to: [name] })).toMatchObject({ code: 'dingtalk_work.bad_recipient' });
});
