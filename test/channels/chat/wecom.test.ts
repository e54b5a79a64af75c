import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type HttpClient, openHttpClient } from '../../../daemon/channels/kit/http/client.ts';
import { byteLength } from '../../../daemon/channels/kit/text/text.ts';
import { wecom } from '../../../daemon/channels/chat/wecom.ts';
import type { Message } from '../../../daemon/core/message/message.ts';
import { channelTools, failureOfSending, memoryLog, sampleIo, sampleMessage } from '../../support/delivery.ts';
import { decodeSettings, readSettings } from '../../support/channel-settings.ts';
import { openTestServer, type TestServer } from '../../support/test-server.ts';
import { HOSTILE } from '../contract.ts';
import { KEY, OK, type Payload, contentOf } from './wecom.contract.ts';

let sink: TestServer;

let http: HttpClient;

beforeEach(async () => {
  sink = await openTestServer();
  sink.answer({ body: OK });
  http = openHttpClient();
});

afterEach(async () => {
  await http.close();
  await sink.close();
});

const open = (settings: object = {}) =>
  wecom.open(
    decodeSettings(wecom, { ...('keys' in settings ? {} : { key: KEY }), api: sink.origin, ...settings }),
    channelTools({ http }),
  );

async function sent(settings: object, message: Partial<Message>): Promise<Payload> {
  await open(settings).send(sampleMessage(message), sampleIo());
  return sink.requests.at(-1)!.json as Payload;
}

test('the key goes into the address, and text is sent as text with the title as its first line', async () => {
  expect(await sent({}, {})).toEqual({
    msgtype: 'text',
    text: { content: 'Deploy failed: acme/api\nBuild 42 of main by alice' },
  });
  expect(sink.requests[0]!.path).toBe(`/cgi-bin/webhook/send?key=${KEY}`);
  expect(sink.requests[0]!.headers['content-type']).toBe('application/json; charset=utf-8');
});

test('fields, link and actions follow, a line each', async () => {
  const { text } = await sent(
    {},
    {
      fields: { host: 'db-1', usage: '92%' },
      link: 'https://example.com/panel',
      actions: [
        { label: 'Runbook', url: 'https://example.com/run' },
        { label: 'Bad', url: 'javascript:alert(1)' },
      ],
    },
  );
  expect(text!.content.split('\n').slice(2)).toEqual([
    'host: db-1',
    'usage: 92%',
    'https://example.com/panel',
    'Runbook: https://example.com/run',
    'Bad javascript:alert(1)',
  ]);
});

test('Markdown goes as Markdown', async () => {
  const payload = await sent(
    {},
    {
      format: 'markdown',
      body: '<font color="warning">92%</font> of `sda1`',
      fields: { host: 'db-1' },
      link: 'https://example.com/(x)',
    },
  );
  expect(payload).toEqual({
    msgtype: 'markdown',
    markdown: {
      content:
        '**Deploy failed: acme/api**\n<font color="warning">92%</font> of `sda1`\n> host: db-1\n[https://example.com/%28x%29](https://example.com/%28x%29)',
    },
  });
});

test('markdown_v2 shows pictures', async () => {
  const payload = await sent({ format: 'markdown_v2' }, { format: 'markdown', image: 'https://example.com/a.png' });
  expect(payload.markdown_v2?.content).toMatch(/!\[]\(https:\/\/example\.com\/a\.png\)$/);
});

test('a short message with a picture and a link is a news card', async () => {
  const card = { image: 'https://example.com/a.png', link: 'https://example.com/' };
  expect(await sent({}, card)).toEqual({
    msgtype: 'news',
    news: {
      articles: [
        {
          title: 'Deploy failed: acme/api',
          description: 'Build 42 of main by alice',
          url: 'https://example.com/',
          picurl: 'https://example.com/a.png',
        },
      ],
    },
  });
  expect((await sent({}, { ...card, body: 'x'.repeat(600) })).msgtype).toBe('text');
  expect((await sent({}, { ...card, link: 'not an address' })).msgtype).toBe('markdown');
});

describe('limits', () => {
  test.each([
    ['text', 682, 0],
    ['text', 683, 1],
    ['markdown', 1365, 0],
    ['markdown', 1366, 1],
  ] as const)('%s of %i Chinese characters is cut: %i', async (format, characters, cut) => {
    const payload = await sent({ format }, { title: '', body: '磁'.repeat(characters) });
    const content = contentOf(payload);
    expect(byteLength(content)).toBeLessThanOrEqual(format === 'text' ? 2048 : 4096);
    expect(content.includes('…')).toBe(cut === 1);
  });

  test('only the body is cut: title, link and mentions stay', async () => {
    const payload = await sent(
      { mention: ['zhangsan'] },
      { format: 'markdown', body: '磁'.repeat(5000), link: 'https://example.com/panel' },
    );
    const { content } = payload.markdown!;
    expect(content.startsWith('**Deploy failed: acme/api**\n磁')).toBe(true);
    expect(content.endsWith('](https://example.com/panel)\n<@zhangsan>')).toBe(true);
    expect(byteLength(content)).toBeLessThanOrEqual(4096);
  });

  test('a message without visible text is sent', async () => {
    expect(contentOf(await sent({}, { title: '\u0000', body: '\u202E' }))).toBe('…');
  });
});

describe('mentions', () => {
  test('text takes user ids, mobile numbers and all', async () => {
    const { text } = await sent(
      { mention: ['zhangsan', '13800138000', '@all'] },
      { mention: ['lisi', 'mobile:+8613900139000', 'user:10001000'] },
    );
    expect(text).toMatchObject({
      mentioned_list: ['zhangsan', 'lisi', '10001000', '@all'],
      mentioned_mobile_list: ['13800138000', '13900139000'],
    });
  });

  test('a mobile number is read in any usual form, and a user id of digits with `user:`', async () => {
    const mention = ['138 0013 8000', '+86 (139) 0013-9000', 'mobile:137-0013-7000', 'user:10001000'];
    const { text } = await sent({ mention }, { mention: ['136.0013.6000'] });
    expect(text?.mentioned_mobile_list).toEqual(['13800138000', '13900139000', '13700137000', '13600136000']);
    expect(text?.mentioned_list).toEqual(['10001000']);
  });

  test('a name from a rule or an event that mentions nobody is logged', async () => {
    const { log, lines } = memoryLog();
    const channel = wecom.open(decodeSettings(wecom, { key: KEY, api: sink.origin }), channelTools({ http, log }));
    await channel.send(sampleMessage({ mention: ['zhangsan', 'two words'] }), sampleIo());
    expect(lines.join('')).toContain('two words');
    expect(lines.join('')).not.toContain('zhangsan');
  });

  test('Markdown takes user ids; for other mentions the message is sent as text', async () => {
    expect((await sent({ mention: 'zhangsan' }, { format: 'markdown' })).markdown?.content).toMatch(/\n<@zhangsan>$/);
    expect(await sent({ mention: 'all' }, { format: 'markdown', body: '**x**' })).toMatchObject({
      msgtype: 'text',
      text: { content: 'Deploy failed: acme/api\nx', mentioned_list: ['@all'] },
    });
    expect((await sent({ mention: 'zhangsan', format: 'markdown_v2' }, { format: 'markdown' })).msgtype).toBe(
      'markdown',
    );
  });

  test('text that could end the mention is not a name', async () => {
    expect((await sent({}, { format: 'markdown', mention: ['x><@all', 'a b'] })).markdown?.content).not.toContain('<@');
  });

  test('hostile values are harmless after the conversion of Markdown', async () => {
    const body = `value: ${wecom.escape!(HOSTILE, 'markdown')}`;
    const { content } = (await sent({ format: 'markdown' }, { format: 'markdown', body })).markdown!;
    expect(content.replace('**Deploy failed: acme/api**', '')).not.toMatch(/[<[\]`*|]|^\s*[#>]/m);
  });
});

test('markup in a title or a field becomes plain text', async () => {
  const { content } = (
    await sent(
      {},
      {
        format: 'markdown',
        title: 'a **b** <@all>',
        body: 'c',
        fields: { 'x<@all>': '[y](https://example.com) <@all>' },
      },
    )
  ).markdown!;
  expect(content).toBe('**a b ＜@all>**\nc\n> x＜@all>: y (https://example.com) ＜@all>');
});

test('several bots take turns, and one that is refused or too fast is skipped', async () => {
  const channel = open({ keys: ['key-one', 'key-two', 'key-three'] });
  const ok = { body: OK };
  sink.answer(ok, { body: { errcode: 45009 } }, ok, { body: { errcode: 93000 } }, ok);
  for (let index = 0; index < 4; index += 1) await channel.send(sampleMessage(), sampleIo());
  const used = sink.requests.map(({ path }) => path.split('key=key-')[1]);
  expect(used).toEqual(['one', 'two', 'three', 'one', 'three', 'three']);
});

describe('what the bot answers', () => {
  test('the text of the provider is kept without its hints and links, and the whole answer', async () => {
    const errmsg =
      'markdown.content exceed max length 4096. invalid Request Parameter, hint: [165], from ip: 192.0.2.7, more info at https://open.work.weixin.qq.com/devtool/query?e=40058';
    sink.answer({ body: { errcode: 40058, errmsg } });
    const failure = await failureOfSending(open(), sampleMessage(), sampleIo());
    expect(failure.message).toBe('markdown.content exceed max length 4096. invalid Request Parameter');
    expect(failure.detail).toMatchObject({ status: 200 });
    expect(failure.detail.body).toContain('192.0.2.7');
  });

  test('200 without the JSON of WeCom leaves the outcome unknown', async () => {
    for (const body of ['<html>Sign in</html>', '', 'null', '{"errmsg":"ok"}', '{"errcode":"0"']) {
      sink.answer({ status: 200, body });
      expect(await failureOfSending(open(), sampleMessage(), sampleIo())).toMatchObject({
        class: 'unknown',
        code: 'wecom.unreadable',
      });
    }
  });
});

test('settings that cannot work are found at load', () => {
  expect(readSettings(wecom, {}).problems).toEqual([': one of `key` and `keys` is needed']);
  expect(readSettings(wecom, { key: 'a', keys: ['b'] }).problems).toHaveLength(1);
  expect(readSettings(wecom, { keys: ['a', 'b', 'a'] }).problems).toEqual(['/keys/2: this key is already in the list']);
  const url = readSettings(wecom, { key: `https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=${KEY}` }).problems;
  expect(url).toEqual(['/key: this is not a key but a URL']);
  expect(readSettings(wecom, { key: KEY, format: 'html' }).problems).toHaveLength(1);
});
