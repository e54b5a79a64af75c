import { expect, test } from 'vitest';
import { channelsOf, importedText } from './imported.ts';

/** URLs of the pages at https://containrrr.dev/shoutrrr/ and https://shoutrrr.nickfedor.com/, with the channels that do the same. */
const URLS: readonly (readonly [url: string, ...channels: object[]])[] = [
  ['slack://hook:WNA3-F20D-Webc@webhook', { type: 'slack', url: 'https://hooks.slack.com/services/WNA3/F20D/Webc' }],
  ['slack://bot@T000/B000/XXX', { type: 'slack', url: 'https://hooks.slack.com/services/T000/B000/XXX' }],
  ['slack://xoxb:12-34-4mt0@C001CH4NN3L', { type: 'slack', token: 'xoxb-12-34-4mt0', channel: 'C001CH4NN3L' }],
  [
    'discord://to-ken@4174?thread_id=1203456789012345678',
    { type: 'discord', url: 'https://discord.com/api/webhooks/4174/to-ken', thread_id: '1203456789012345678' },
  ],
  [
    'telegram://110201543:AAHdq_TcvCH@telegram?chats=@alerts,-100123:7&notification=no',
    { type: 'telegram', token: '110201543:AAHdq_TcvCH', to: ['@alerts'], silent: true },
    { type: 'telegram', token: '110201543:AAHdq_TcvCH', to: ['-100123'], thread_id: 7, silent: true },
  ],
  [
    'teams://?host=https%3A%2F%2Fprod-1.westeurope.logic.azure.com%2Fworkflows%2F643e%3Fsig%3DKO-d',
    { type: 'teams', url: 'https://prod-1.westeurope.logic.azure.com/workflows/643e?sig=KO-d' },
  ],
  [
    'googlechat://chat.googleapis.com/v1/spaces/FOO/messages?key=bar&token=baz',
    { type: 'google_chat', url: 'https://chat.googleapis.com/v1/spaces/FOO/messages?key=bar&token=baz' },
  ],
  ['mattermost://bot@mm.example.com/bywsw', { type: 'mattermost', url: 'https://mm.example.com/hooks/bywsw' }],
  [
    'rocketchat://rc.example.com:3000/tokA/tokB?disabletls=yes',
    { type: 'rocketchat', url: 'http://rc.example.com:3000/hooks/tokA/tokB' },
  ],
  [
    'matrix://:tok3n@m.example.org:8448/?rooms=!abc:m.example.org,ops',
    {
      type: 'matrix',
      api: 'https://m.example.org:8448',
      token: 'tok3n',
      to: ['!abc:m.example.org', '#ops:m.example.org'],
    },
  ],
  [
    'zulip://bot%40example.com:key@chat.example.com/?stream=alerts&topic=Disk+full',
    {
      type: 'zulip',
      api: 'https://chat.example.com',
      email: 'bot@example.com',
      key: 'key',
      to: ['alerts'],
      topic: 'Disk full',
    },
  ],
  [
    'signal://localhost:8080/+1234567890/+10987654321?disabletls=yes',
    { type: 'signal', api: 'http://localhost:8080', from: '+1234567890', to: ['+10987654321'] },
  ],
  [
    'lark://open.larksuite.com/abc123?secret=xyz',
    { type: 'feishu', api: 'https://open.larksuite.com', token: 'abc123', secret: 'xyz' },
  ],
  ['wecom://693a-7aoc?mentioned_list=@all', { type: 'wecom', key: '693a-7aoc', mention: ['all'] }],
  ['dingding://abcdef123?secret=SECabc', { type: 'dingtalk', token: 'abcdef123', secret: 'SECabc' }],
  [
    'smtp://ann:pw@mail.example.com:587/?fromaddress=a@b.de&fromname=Ann+Lee&toaddresses=c+x@d.de,e@f.de&requirestarttls=yes',
    {
      type: 'email',
      host: 'mail.example.com',
      port: 587,
      user: 'ann',
      password: 'pw',
      tls: 'required',
      from: '"Ann Lee" <a@b.de>',
      to: ['c+x@d.de', 'e@f.de'],
    },
  ],
  [
    'smtp://ann:p%2Fw@mail.example.com:2465/?from=a@b.de&to=c@d.de&encryption=ImplicitTLS',
    { type: 'email', url: 'smtps://ann:p%2Fw@mail.example.com:2465', from: 'a@b.de', to: ['c@d.de'] },
  ],
  ['ntfy://ntfy.sh/alerts', { type: 'ntfy', topic: 'alerts' }],
  [
    'ntfy://u:pw@n.example.com/alerts?scheme=http',
    { type: 'ntfy', api: 'http://n.example.com', topic: 'alerts', user: 'u', password: 'pw' },
  ],
  ['gotify://g.example.com/sub/Abc', { type: 'gotify', api: 'https://g.example.com/sub', token: 'Abc' }],
  ['gotify://g.example.com/message?token=Abc', { type: 'gotify', api: 'https://g.example.com', token: 'Abc' }],
  ['bark://:key@bark.example.com', { type: 'bark', api: 'https://bark.example.com', key: 'key' }],
  [
    'pushover://shoutrrr:token@user/?devices=phone,tablet',
    { type: 'pushover', token: 'token', user: 'user', device: ['phone', 'tablet'] },
  ],
  ['pushbullet://o.token/#acme', { type: 'pushbullet', token: 'o.token', to: ['acme'] }],
  [
    'homeassistant://eyJh.b.c@ha.example.com:8123?service=mobile_app_phone',
    {
      type: 'homeassistant',
      api: 'https://ha.example.com:8123',
      token: 'eyJh.b.c',
      service: 'notify.mobile_app_phone',
    },
  ],
  ['opsgenie://api.eu.opsgenie.com/eb243592', { type: 'opsgenie', key: 'eb243592', region: 'eu' }],
  ['pagerduty:///eb243592', { type: 'pagerduty', routing_key: 'eb243592' }],
  [
    'mqtts://u:pw@mqtt.example.com:8883/home/alerts?qos=1&retained=yes',
    {
      type: 'mqtt',
      url: 'mqtts://mqtt.example.com:8883',
      user: 'u',
      password: 'pw',
      topic: 'home/alerts',
      qos: 1,
      retain: true,
    },
  ],
  [
    'generic://example.com/x?template=json&titlekey=subject&$source=belfry&@Authorization=Bearer%20abc&q=1&_title=2',
    {
      type: 'webhook',
      url: 'https://example.com/x?q=1&title=2',
      headers: { Authorization: 'Bearer abc' },
      body: { subject: '{{ title }}', message: '{{ body }}', source: 'belfry' },
    },
  ],
  [
    'generic+http://example.com/x?template=json',
    {
      type: 'webhook',
      url: 'http://example.com/x?template=json',
      headers: { 'Content-Type': 'text/plain; charset=utf-8' },
      body: '{{ body }}',
    },
  ],
  ['logger://', { type: 'log' }],
];

test('each URL of shoutrrr becomes the channel that does the same', async () => {
  const channels = await channelsOf(URLS.map(([url]) => url).join('\n'), '--from', 'shoutrrr');
  expect(channels).toEqual(URLS.flatMap(([, ...expected]) => expected));
});

test('URLs on one line, with blanks or commas between them, become channels of one rule', async () => {
  const { code, rules } = await importedText('telegram://1:A_b@telegram?chats=@alerts , ntfy://ntfy.sh/secret-topic\n');
  expect(code).toBe(0);
  expect(rules).toContain('from URLs of shoutrrr');
  expect(rules).toMatch(/match:\n {6}type: notify\n {4}notify:\n {6}- telegram\n {6}- ntfy\n/);
  expect(rules).not.toContain('secret-topic');
});

test.each([
  ['discord://token@4174', 'shoutrrr'],
  ['discord://4174/token', 'Apprise'],
  ['gotify://g.example.com/message?token=Abc', 'shoutrrr'],
  ['gotify://g.example.com/Abc', 'Apprise'],
  ['ops=smtp://a@b', 'Apprise'],
])('%s is read as a URL of %s', async (url, program) => {
  expect((await importedText(url)).rules).toContain(`from URLs of ${program}`);
});

test('a URL that lacks something and a service without a channel type are named', async () => {
  const urls = [
    'matrix://ann:secret-pw@m.example.org',
    'matrix://ann:secret-pw@m.example.org?rooms=ops',
    'join://shoutrrr:secret-key@join/?devices=a',
    'telegram://secret-token@telegram?chats=@a',
  ];
  const { code, stderr, rules, variables } = await importedText(urls.join('\n'));
  expect(code).toBe(1);
  expect([...stderr.matchAll(/^standard input:(\d): ([^;]+);/gm)].map(([, line, text]) => `${line} ${text}`)).toEqual([
    '1 matrix://***: not translated: no room is named',
    '2 matrix://***: not translated: an account is used by its access token, not by its password',
    '3 join://***: not translated: no channel type sends this',
    '4 telegram://***: not translated: the URL does not give `token` of a telegram channel',
  ]);
  expect(variables).toEqual(['MATRIX_TOKEN']);
  expect(rules + stderr).not.toContain('secret-');
});
