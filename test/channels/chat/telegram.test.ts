import { describe, expect, test } from 'vitest';
import { telegram } from '../../../daemon/channels/chat/telegram/telegram.ts';
import { escapeFor } from '../../../daemon/core/message/escape.ts';
import { failureOfSending, memoryLog, sampleDelivery, sampleIo, sampleMessage } from '../../support/delivery.ts';
import { useHttpChannel } from '../../support/http-channel.ts';
import { readSettings } from '../../support/channel-settings.ts';
import { HOSTILE } from '../contract.ts';
import { TOKEN, CHAT, OK, refusal, payloadOf, expectTelegramHtml } from './telegram.contract.ts';

const channel = useHttpChannel(telegram, { settings: (api) => ({ token: TOKEN, to: CHAT, api }), success: OK });

describe('a message', () => {
  test('is HTML with its title in bold, and its receipt is the id of the message', async () => {
    expect(await channel.open().send(sampleMessage(), sampleIo())).toMatchObject({ id: '42', status: 200 });
    const request = await channel.sent(
      {
        title: 'a < b',
        body: 'web-1: 91 % & more',
        link: 'https://example.com/a?x=1&y=2',
        actions: [{ label: 'Open', url: 'https://example.com/b' }],
        fields: { host: 'web-1' },
      },
      { thread_id: 7, silent: true },
    );
    expect(request.path).toBe(`/bot${TOKEN}/sendMessage`);
    expect(request.json).toEqual({
      chat_id: CHAT,
      text: '<b>a &lt; b</b>\nweb-1: 91 % &amp; more\n<b>host</b>: web-1\n<a href="https://example.com/a?x=1&amp;y=2">https://example.com/a?x=1&amp;y=2</a>',
      parse_mode: 'HTML',
      link_preview_options: { is_disabled: true },
      message_thread_id: 7,
      disable_notification: true,
      reply_markup: { inline_keyboard: [[{ text: 'Open', url: 'https://example.com/b' }]] },
    });
  });

  test('in Markdown becomes the tags that Telegram knows', async () => {
    const body =
      '# Head\n**b** *i* ~~s~~ `c<`\n\n- one\n- two\n\n> q\n\n```sh\nx < y\n```\n[a](https://b.test/) [c](tg://user?id=1)';
    const { text } = payloadOf((await channel.sent({ format: 'markdown', title: 't', body })).text);
    expect(text).toBe(
      '<b>t</b>\n<b>Head</b>\n<b>b</b> <i>i</i> <s>s</s> <code>c&lt;</code>\n\n- one\n- two\n\n<blockquote>q</blockquote>\n\n<pre><code class="language-sh">x &lt; y</code></pre>\n<a href="https://b.test/">a</a> c (tg://user?id=1)',
    );
  });

  test('shows its picture as the preview', async () => {
    const { json } = await channel.sent({ image: 'https://example.com/p.png' });
    expect(json).toMatchObject({ link_preview_options: { url: 'https://example.com/p.png' } });
  });

  test('mentions only people that the message names', async () => {
    const { text } = await channel.sent({ body: 'ask @alice_b or ops@example.com', mention: ['bob_builder', 'all'] });
    expect(payloadOf(text).text).toMatch(/ask @\u200Balice_b or ops@example\.com @bob_builder$/);
  });

  test('of hostile values stays harmless in Markdown', async () => {
    const body = telegram.escape!(HOSTILE, 'markdown');
    expect(body).toBe(escapeFor(HOSTILE, 'markdown'));
    expectTelegramHtml(payloadOf((await channel.sent({ format: 'markdown', body })).text).text);
  });

  test('that is too long in Markdown is cut before its conversion, so that every tag is closed', async () => {
    const { text } = payloadOf(
      (await channel.sent({ format: 'markdown', body: '**磁盘 & < 🔥** '.repeat(3000) })).text,
    );
    expect(text.length).toBeLessThanOrEqual(4096);
    expect(text.length).toBeGreaterThan(3500);
    expectTelegramHtml(text);
  });

  test('says that an alert is resolved', async () => {
    const { json } = await channel.sent(
      { title: 'Resolved' },
      {},
      { delivery: sampleDelivery({ status: 'resolved' }) },
    );
    expect(json).toMatchObject({ text: expect.stringContaining('<b>Resolved</b>') });
  });
});

describe('a message with the `replace_key` of an earlier one', () => {
  const sendAll = async (...messages: readonly (readonly [title: string, status: 'firing' | 'resolved'])[]) => {
    const open = channel.open({ thread_id: 7, silent: true });
    for (const [title, status] of messages)
      await open.send(
        sampleMessage({ title, body: '', replace_key: 'disk' }),
        sampleIo({ delivery: sampleDelivery({ status }) }),
      );
    return channel.sink().requests.map(({ path, json }) => [path.split('/').at(-1), json]);
  };

  test('edits it until the alert is resolved, and the next alert is a new message', async () => {
    channel.sink().answer(OK, OK, OK, { body: { ok: true, result: { message_id: 43 } } });
    const sent = await sendAll(['Down', 'firing'], ['Worse', 'firing'], ['Up', 'resolved'], ['Down', 'firing']);
    expect(sent.map(([method]) => method)).toEqual([
      'sendMessage',
      'editMessageText',
      'editMessageText',
      'sendMessage',
    ]);
    expect(sent[2]![1]).toEqual({
      chat_id: CHAT,
      message_id: 42,
      text: '<b>Up</b>',
      parse_mode: 'HTML',
      link_preview_options: { is_disabled: true },
    });
  });

  test('is a new one if it was deleted, and done if an earlier attempt has changed it', async () => {
    const gone = refusal(400, 'Bad Request: message to edit not found');
    const done = refusal(400, 'Bad Request: message is not modified: specified new message content is the same');
    channel.sink().answer(OK, gone, { body: { ok: true, result: { message_id: 43 } } }, done);
    const sent = await sendAll(['Down', 'firing'], ['Worse', 'firing'], ['Worse', 'firing']);
    expect(sent.map(([method]) => method)).toEqual([
      'sendMessage',
      'editMessageText',
      'sendMessage',
      'editMessageText',
    ]);
    expect(sent[3]![1]).toMatchObject({ message_id: 43 });
  });

  test('fails as others do if the chat is gone', async () => {
    const open = channel.open();
    await open.send(sampleMessage({ replace_key: 'disk' }), sampleIo());
    channel.sink().answer(refusal(400, 'Bad Request: chat not found'));
    const failed = await failureOfSending(open, sampleMessage({ replace_key: 'disk' }), sampleIo());
    expect(failed).toMatchObject({ class: 'permanent', code: 'telegram.400' });
  });
});

describe('several chats', () => {
  const chats = { to: [1, '2', '@acme_alerts'] };
  const asked = (): (number | string)[] => channel.sink().requests.map(({ text }) => payloadOf(text).chat_id);

  test('each get the message, and `to` of a message replaces them', async () => {
    await channel.sent({}, chats);
    expect(asked()).toEqual([1, 2, '@acme_alerts']);
    await channel.sent({ to: ['7'] }, chats);
    expect(asked().slice(3)).toEqual([7]);
  });

  test('that have not got the message are tried again after a failure, and no others', async () => {
    const open = channel.open(chats);
    channel.sink().answer(OK, { status: 500 });
    expect(await failureOfSending(open, sampleMessage(), sampleIo())).toMatchObject({ class: 'transient' });
    channel.sink().answer(OK);
    await open.send(sampleMessage(), sampleIo({ attempt: 2 }));
    expect(asked()).toEqual([1, 2, 2, '@acme_alerts']);
  });

  test('get the message although one refuses it, which is named in the receipt and the log', async () => {
    const { log, lines } = memoryLog();
    channel.sink().answer(OK, refusal(403, 'Forbidden: bot was blocked by the user'), OK);
    const receipt = await channel.open(chats, { log }).send(sampleMessage(), sampleIo());
    expect(receipt).toMatchObject({ id: '42 42', answer: 'refused: 2: Forbidden: bot was blocked by the user' });
    expect(lines.join('')).toContain('refused some of the recipients');
  });

  test('that all refuse the message make a failure', async () => {
    const failure = await channel.failure(refusal(403, 'Forbidden: bot was kicked'), {}, chats);
    expect(failure).toMatchObject({ class: 'permanent', code: 'telegram.403' });
    expect(failure.detail.misconfigured).toBeUndefined();
  });

  test('an invalid name in `to`, and an empty `to`, are refused before anything is sent', async () => {
    for (const to of [['1\n2'], []])
      expect(await channel.failure(OK, { to })).toMatchObject({ code: 'telegram.bad_recipient' });
    expect(asked()).toEqual([]);
  });
});

test('the pause that the body asks for is kept, and the new id of a group is shown', async () => {
  const slow = await channel.failure(refusal(429, 'Too Many Requests', { retry_after: 33 }));
  expect(slow.detail.retryAfter).toBe(33_000);
  const moved = await channel.failure(
    refusal(400, 'Bad Request: group chat was upgraded', { migrate_to_chat_id: -100 }),
  );
  expect(moved.message).toBe('Bad Request: group chat was upgraded (the chat is now -100)');
});

test('an answer that is not from Telegram leaves the outcome unknown', async () => {
  expect(await channel.failure({ status: 200, body: '<html>' })).toMatchObject({ code: 'telegram.unreadable' });
});

test('settings that cannot work are found at load', () => {
  expect(readSettings(telegram, { token: TOKEN, to: [CHAT, '@acme_alerts'] }).problems).toEqual([]);
  expect(readSettings(telegram, { token: TOKEN }).problems).toHaveLength(1);
  expect(readSettings(telegram, { token: `https://api.telegram.org/bot${TOKEN}`, to: 1 }).problems).toEqual([
    '/token: this is not a token but a URL',
  ]);
  expect(readSettings(telegram, { token: `${TOKEN} `, to: 1 }).problems).toEqual([
    '/token: this token contains a space or another character that a token cannot have',
  ]);
  expect(readSettings(telegram, { token: TOKEN, to: ['Ops group'] }).problems).toEqual(['/to/0: this is not a chat']);
});
