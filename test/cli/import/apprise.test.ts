import { expect, test } from 'vitest';
import { channelsOf, imported, importedText, problemsOf, sampleText } from './imported.ts';

/** URLs of the pages at https://github.com/caronc/apprise/wiki, with the channels that do the same. */
const URLS: readonly (readonly [url: string, ...channels: object[]])[] = [
  ['slack://bot@T1JJ/A1BR/TIia/', { type: 'slack', url: 'https://hooks.slack.com/services/T1JJ/A1BR/TIia' }],
  [
    'slack://xoxb-1-2-3/#ops/@ann/+C0123ABCDE',
    { type: 'slack', token: 'xoxb-1-2-3', channel: '#ops' },
    { type: 'slack', token: 'xoxb-1-2-3', channel: '@ann' },
    { type: 'slack', token: 'xoxb-1-2-3', channel: 'C0123ABCDE' },
  ],
  [
    'discord://Bot@4174/JHM-H8?thread=1203456789012345678',
    {
      type: 'discord',
      url: 'https://discord.com/api/webhooks/4174/JHM-H8',
      thread_id: '1203456789012345678',
      username: 'Bot',
    },
  ],
  [
    'tgram://123456789:abc_def/12315544/-100555:7',
    { type: 'telegram', token: '123456789:abc_def', to: ['12315544'] },
    { type: 'telegram', token: '123456789:abc_def', to: ['-100555'], thread_id: 7 },
  ],
  [
    'workflows://prod-1.westeurope.logic.azure.com:443/643e/KO-d/',
    {
      type: 'teams',
      url: 'https://prod-1.westeurope.logic.azure.com:443/workflows/643e/triggers/manual/paths/invoke?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=KO-d',
    },
  ],
  [
    'gchat://space/key/to-ken',
    { type: 'google_chat', url: 'https://chat.googleapis.com/v1/spaces/space/messages?key=key&token=to-ken' },
  ],
  ['mmosts://mm.example.com:8065/sub/3ccd', { type: 'mattermost', url: 'https://mm.example.com:8065/sub/hooks/3ccd' }],
  ['rocket://tokA/tokB@rc.example.com', { type: 'rocketchat', url: 'http://rc.example.com/hooks/tokA/tokB' }],
  [
    'matrixs://tok3n@m.example.org/#ops/!abc:m.example.org',
    { type: 'matrix', api: 'https://m.example.org', token: 'tok3n', to: ['#ops:m.example.org', '!abc:m.example.org'] },
  ],
  [
    'zulip://belfry@acme/a0b1/alerts/ada@example.com',
    {
      type: 'zulip',
      api: 'https://acme.zulipchat.com',
      email: 'belfry-bot@acme.zulipchat.com',
      key: 'a0b1',
      to: ['alerts', 'ada@example.com'],
    },
  ],
  [
    'line://abc/def=/U4af4980629e51f2b1c0a7d3e8b9c0d1e',
    { type: 'line', token: 'abc/def=', to: ['U4af4980629e51f2b1c0a7d3e8b9c0d1e'] },
  ],
  [
    'signals://sig.example.com:8443/+4915112345678/+4915187654321/group.abc=',
    {
      type: 'signal',
      api: 'https://sig.example.com:8443',
      from: '+4915112345678',
      to: ['+4915187654321', 'group.abc='],
    },
  ],
  [
    'whatsapp://alert:tok@106540352242922/+4915112345678?:body=2&:1=ops&lang=de',
    {
      type: 'whatsapp',
      token: 'tok',
      phone_id: '106540352242922',
      to: ['+4915112345678'],
      template: 'alert',
      language: 'de',
      params: ['ops', '{{ body }}'],
    },
  ],
  ['wecombot://693a91f6-7xxx', { type: 'wecom', key: '693a91f6-7xxx' }],
  [
    'dingtalk://SECx@abcdef/+13800138000',
    { type: 'dingtalk', token: 'abcdef', secret: 'SECx', mention: ['13800138000'] },
  ],
  ['feishu://abcdef', { type: 'feishu', token: 'abcdef' }],
  ['lark://abcdef', { type: 'feishu', api: 'https://open.larksuite.com', token: 'abcdef' }],
  ['schan://SCT123', { type: 'serverchan', key: 'SCT123' }],
  ['pushplus://tok', { type: 'pushplus', token: 'tok' }],
  ['pushdeer://PDU1', { type: 'pushdeer', key: 'PDU1' }],
  ['pushdeers://push.example.com/PDU1', { type: 'pushdeer', api: 'https://push.example.com', key: 'PDU1' }],
  [
    'barks://api.day.app/one/two?sound=minuet',
    { type: 'bark', api: 'https://api.day.app', key: 'one', sound: 'minuet' },
    { type: 'bark', api: 'https://api.day.app', key: 'two', sound: 'minuet' },
  ],
  ['wxpusher://AT_abc/UID_1/123', { type: 'wxpusher', token: 'AT_abc', to: ['UID_1'], topics: [123] }],
  [
    'mailto://ann:pa%20ss@gmail.com',
    {
      type: 'email',
      host: 'smtp.gmail.com',
      port: 587,
      user: 'ann@gmail.com',
      password: 'pa ss',
      tls: 'required',
      from: 'ann@gmail.com',
      to: ['ann@gmail.com'],
    },
  ],
  [
    'mailtos://me%40example.com:pw@example.com:465?smtp=smtp.example.com&name=Ann%20Lee&to=a@b.de,c@d.de&cc=e@f.de',
    {
      type: 'email',
      host: 'smtp.example.com',
      port: 465,
      user: 'me@example.com',
      password: 'pw',
      from: '"Ann Lee" <me@example.com>',
      to: ['a@b.de', 'c@d.de'],
      cc: ['e@f.de'],
    },
  ],
  [
    'mailto://relay.example.com?from=a@b.de&to=c@d.de',
    { type: 'email', host: 'relay.example.com', port: 25, from: 'a@b.de', to: ['c@d.de'] },
  ],
  [
    'sendgrid://SG.abc:me@example.com/ops@example.com',
    { type: 'sendgrid', key: 'SG.abc', from: 'me@example.com', to: ['ops@example.com'] },
  ],
  ['resend://re_abc:me@example.com', { type: 'resend', key: 're_abc', from: 'me@example.com', to: ['me@example.com'] }],
  [
    'mailgun://me@mg.example.com/key-1/ops@example.com?region=eu',
    {
      type: 'mailgun',
      key: 'key-1',
      domain: 'mg.example.com',
      region: 'eu',
      from: 'me@mg.example.com',
      to: ['ops@example.com'],
    },
  ],
  [
    'ses://me@example.com/AKIA/se/cr+t/us-west-2/a@b.de',
    {
      type: 'ses',
      region: 'us-west-2',
      access_key_id: 'AKIA',
      secret_access_key: 'se/cr+t',
      from: 'me@example.com',
      to: ['a@b.de'],
    },
  ],
  [
    'sns://AKIA/secret/eu-west-1/+15551234567',
    {
      type: 'sns',
      region: 'eu-west-1',
      access_key_id: 'AKIA',
      secret_access_key: 'secret',
      to: ['+15551234567'],
    },
  ],
  [
    'twilio://AC0123456789abcdef0123456789abcdef:tok@+15005550006/+4915187654321',
    {
      type: 'twilio',
      account_sid: 'AC0123456789abcdef0123456789abcdef',
      auth_token: 'tok',
      from: '+15005550006',
      to: ['+4915187654321'],
    },
  ],
  ['pover://user@token/phone', { type: 'pushover', token: 'token', user: 'user', device: ['phone'] }],
  ['pbul://o.token/#acme/a@b.de', { type: 'pushbullet', token: 'o.token', to: ['acme', 'a@b.de'] }],
  ['ntfy://alerts', { type: 'ntfy', topic: 'alerts' }],
  [
    'ntfys://u:pw@ntfy.example.com/alerts',
    { type: 'ntfy', api: 'https://ntfy.example.com', topic: 'alerts', user: 'u', password: 'pw' },
  ],
  ['gotifys://g.example.com/sub/Abc', { type: 'gotify', api: 'https://g.example.com/sub', token: 'Abc' }],
  [
    'hassio://ha.lan/eyJh.bb.cc/mobile_app_phone',
    { type: 'homeassistant', api: 'http://ha.lan:8123', token: 'eyJh.bb.cc', service: 'notify.mobile_app_phone' },
  ],
  ['apprises://a.example.com/k1', { type: 'apprise', api: 'https://a.example.com', key: 'k1' }],
  ['gnome://', { type: 'desktop' }],
  ['pagerduty://0123abcd@apikey', { type: 'pagerduty', routing_key: '0123abcd' }],
  ['opsgenie://key?region=eu', { type: 'opsgenie', key: 'key', region: 'eu' }],
  ['victorops://route@apikey', { type: 'splunk_oncall', key: 'apikey', routing_key: 'route' }],
  [
    'mqtts://u:pw@mqtt.example.com/home/alerts?qos=1&retain=yes',
    {
      type: 'mqtt',
      url: 'mqtts://mqtt.example.com',
      user: 'u',
      password: 'pw',
      topic: 'home/alerts',
      qos: 1,
      retain: true,
    },
  ],
  ['rsyslog://logs.example.com/local3', { type: 'syslog', url: 'udp://logs.example.com', facility: 'local3' }],
  ['https://hooks.slack.com/services/T/B/x', { type: 'slack', url: 'https://hooks.slack.com/services/T/B/x' }],
  ['https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=693a91f6-7yyy', { type: 'wecom', key: '693a91f6-7yyy' }],
];

test('each URL of Apprise becomes the channel that does the same', async () => {
  const channels = await channelsOf(URLS.map(([url]) => url).join('\n'));
  expect(channels).toEqual(URLS.flatMap(([, ...expected]) => expected));
});

test('a custom webhook sends the fields that its receiver knows', async () => {
  const url = 'jsons://u:pw@example.com:8443/x?+X-Token=abc&:title=subject&:extra={{1}}&:version=&-q=2&method=put';
  const [channel] = await channelsOf(url);
  expect(channel).toMatchObject({
    url: 'https://example.com:8443/x?q=2',
    method: 'PUT',
    headers: { Authorization: 'Basic dTpwdw==', 'X-Token': 'abc' },
    body: { subject: '{{ title }}', message: '{{ body }}', extra: '{% raw %}{{1}}{% endraw %}' },
  });
  const [form, xml] = await channelsOf('form://example.com\nxml://example.com');
  expect(form).toMatchObject({ headers: { 'Content-Type': 'application/x-www-form-urlencoded' } });
  expect(xml).toMatchObject({ body: expect.stringContaining('<Subject>{{ title }}</Subject>') as string });
});

test.each(['apprise.conf', 'apprise.yml'])(
  'the tags of %s choose the channels, as `apprise --tag` does',
  async (file) => {
    const { folder, rules } = await imported(file);
    const event = (tags?: unknown) => ({
      source: 'api',
      type: 'notify',
      data: { title: 'Disk full', body: 'db1', ...(tags !== undefined && { tags }) },
    });
    expect(rules).toContain('# belfry emit notify title="..." body="..." tags=ops');
    expect(await problemsOf(folder, event('ops'), ['slack', 'email'])).toEqual([]);
    expect(await problemsOf(folder, event(['ops', 'dev']), ['slack', 'email'])).toEqual([]);
    expect(await problemsOf(folder, event('staff'), ['slack', 'email'])).toEqual([]);
    expect(await problemsOf(folder, event('dev'), ['slack'])).toEqual([]);
    expect(await problemsOf(folder, event(), ['ntfy'])).toEqual([]);
    expect(await problemsOf(folder, event('all'), ['slack', 'email', 'ntfy', 'pushover'])).toEqual([]);
  },
);

test.each([
  ['apprise.conf', ['8 foo://***', '9 include', '10 slack://***', '11 tgram://***', '12 pover://***']],
  ['apprise.yml', ['2 include', '14 urls[4] foo://***', '15 urls[5]', '16 urls[6] pover://***']],
])('%s: each line that could not be translated is named, without its secrets', async (file, expected) => {
  const { code, stderr, rules } = await imported(file);
  expect(code).toBe(1);
  const named = [...stderr.matchAll(/^\S+:(\d+): (.+?): not translated: [^;]+; \S/gm)];
  expect(named.map(([, line, text]) => `${line} ${text}`)).toEqual(expected);
  expect(sampleText(file)).toMatch(/secret-/);
  expect(rules + stderr).not.toMatch(/secret-/);
});

test('what an address says about the message is named, and its channel is kept', async () => {
  const { stderr, rules } = await importedText('gotifys://g.example.com/Abc?priority=high&overflow=split&verify=no');
  expect(rules).toContain('api: https://g.example.com');
  expect(stderr).toContain('`priority` in the URL is no setting of a gotify channel');
  expect(stderr).toContain('certificates are always verified; give the authority of the server as `ca`');
  expect(stderr).not.toContain('overflow');
});

test('a line that is too long for a URL is named, and the others are read', async () => {
  const { stderr, rules } = await importedText(`slack://A/B/C${' '.repeat(500_000)}x\nschan://SCT123\n`);
  expect(stderr).toContain('standard input:1: slack://***: not translated: this is not a URL of a service');
  expect(rules).toContain('type: serverchan');
});

test('a URL of a service is translated and not fetched', async () => {
  const { code, rules } = await imported('https://discord.com/api/webhooks/4174/secret-token');
  expect(code).toBe(0);
  expect(rules).toContain('type: discord\n');
  expect(rules).not.toContain('secret');
});
