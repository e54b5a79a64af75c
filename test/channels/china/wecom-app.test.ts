import { expect, test } from 'vitest';
import { wecomApp } from '../../../daemon/channels/china/wecom-app.ts';
import { readSettings } from '../../support/channel-settings.ts';
import { memoryLog, sampleDelivery, sampleIo, sampleMessage } from '../../support/delivery.ts';
import { useHttpChannel } from '../../support/http-channel.ts';
import { ASIDE, OK, refused, SECRET, settings, TOKEN } from './wecom-app.contract.ts';

const channel = useHttpChannel(wecomApp, { settings, success: OK, aside: ASIDE });
const CARD = { link: 'https://example.com/panel' };

test('the token is asked for by GET, and a message goes to the app with the token in its address', async () => {
  const request = await channel.sent();
  expect(channel.sink().aside.map(({ method, path }) => [method, path])).toEqual([
    ['GET', `/cgi-bin/gettoken?corpid=ww1&corpsecret=${SECRET}`],
  ]);
  expect([request.method, request.path]).toEqual(['POST', `/cgi-bin/message/send?access_token=${TOKEN}`]);
  expect(request.json).toEqual({
    touser: 'zhangsan|lisi',
    toparty: '',
    totag: '',
    agentid: 1_000_002,
    msgtype: 'text',
    text: { content: 'Deploy failed: acme/api\nBuild 42 of main by alice\n2026-11-23 09:00:00 UTC' },
    enable_duplicate_check: 1,
    duplicate_check_interval: 14_400,
  });
  expect(await channel.open().send(sampleMessage(), sampleIo())).toMatchObject({ id: 'msg-1', status: 200 });
});

test.each([
  [['zhangsan', 'party:2', 'tag:3', 'party:4'], { touser: 'zhangsan', toparty: '2|4', totag: '3' }],
  [['zhangsan', '*'], { touser: '@all' }],
  [['@all'], { touser: '@all' }],
])('%j is written as %j', async (to, lists) => {
  expect((await channel.sent({ to })).json).toMatchObject(lists);
});

test.each(['zhangsan|@all', '\\@all', 'two words', 'party:x', '\\*'])(
  '%j from an event is no recipient',
  async (name) => {
    const failure = await channel.failure(OK, { to: ['zhangsan', name] });
    expect(failure).toMatchObject({ class: 'permanent', code: 'wecom_app.bad_recipient' });
    expect(channel.sink().requests).toEqual([]);
  },
);

test('a short message with a link is a card, and with a picture too a news card', async () => {
  expect((await channel.sent({ ...CARD, body: 'a <b>\nc' })).json).toMatchObject({
    msgtype: 'textcard',
    textcard: {
      title: 'Deploy failed: acme/api',
      description: '<div class="gray">2026-11-23 09:00:00 UTC</div>a ＜b><br>c',
      url: 'https://example.com/panel',
    },
  });
  expect((await channel.sent({ ...CARD, image: 'https://example.com/a.png' })).json).toMatchObject({
    msgtype: 'news',
    news: {
      articles: [
        {
          title: 'Deploy failed: acme/api',
          description: 'Build 42 of main by alice\n2026-11-23 09:00:00 UTC',
          url: 'https://example.com/panel',
          picurl: 'https://example.com/a.png',
        },
      ],
    },
  });
  const text = (await channel.sent({ ...CARD, body: 'x'.repeat(400) })).json as { text: { content: string } };
  expect(text.text.content).toContain('\n<a href="https://example.com/panel">https://example.com/panel</a>\n');
});

test('the title of Markdown has the colour of the priority, or green when the alert is over', async () => {
  const titleOf = async (message: object, io: object = {}) => {
    const { json } = await channel.sent({ format: 'markdown', title: 'disk', ...message }, {}, io);
    return (json as { markdown: { content: string } }).markdown.content.split('\n')[0];
  };
  expect(await titleOf({ priority: 'normal' })).toBe('**disk**');
  expect(await titleOf({ priority: 'urgent' })).toBe('**<font color="warning">disk</font>**');
  expect(await titleOf({ priority: 'urgent' }, { delivery: sampleDelivery({ status: 'resolved' }) })).toBe(
    '**<font color="info">disk</font>**',
  );
});

test('recipients that are refused while others get the message are logged, and stand in the receipt', async () => {
  const { log, lines } = memoryLog();
  channel.sink().answer({ body: { errcode: 0, errmsg: 'ok', invaliduser: 'lisi', msgid: 'msg-2' } });
  const receipt = await channel.open({}, { log }).send(sampleMessage(), sampleIo());
  expect(receipt).toMatchObject({ id: 'msg-2' });
  expect(receipt).not.toHaveProperty('refused');
  expect(JSON.parse(lines[0]!)).toMatchObject({ refused: 'lisi', msg: 'the provider refused some of the recipients' });
});

test('the address that is not trusted is in the failure, since it is needed in the console', async () => {
  const failure = await channel.failure(refused(60020, 'not allow to access from your ip, from ip: 192.0.2.7, more'));
  expect(failure.message).toBe('the address 192.0.2.7 is not among the trusted ones (企业可信IP) of the app');
});

test('recipients that cannot work are found at load', () => {
  expect(readSettings(wecomApp, { ...settings('https://x.test'), to: ['a|b', 'party:2'] }).problems).toEqual([
    '/to/0: this is not a recipient',
  ]);
});

test('an agent id in quotes is sent as a number', async () => {
  expect((await channel.sent({}, { agent_id: '1000002' })).json).toMatchObject({ agentid: 1_000_002 });
});
