import { expect, test } from 'vitest';
import { googleChat } from '../../../../daemon/channels/chat/work/google-chat.ts';
import { readSettings } from '../../../support/channel-settings.ts';
import { sampleDelivery, sampleIo, sampleMessage } from '../../../support/delivery.ts';
import { useHttpChannel } from '../../../support/http-channel.ts';
import { PATH, SENT } from './google-chat.contract.ts';

const channel = useHttpChannel(googleChat, { settings: (origin) => ({ url: origin + PATH }), success: SENT });

const threadOf = (json: unknown): string => (json as { thread: { threadKey: string } }).thread.threadKey;

test('a message is a line of text and a card, and its receipt is the name of the message', async () => {
  expect(await channel.open().send(sampleMessage(), sampleIo())).toMatchObject({ id: 'spaces/AAAA1/messages/Bbb.Bbb' });
  const { path, json } = await channel.sent({
    title: 'Disk <users/all>',
    body: 'web-1: 91 % & more\nsecond line',
    link: 'https://example.com/a',
    image: 'https://example.com/p.png',
    actions: [{ label: 'Runbook', url: 'https://example.com/b' }],
    fields: { host: 'web-1', zone: '' },
    mention: ['123456789012345678901', 'all'],
  });
  expect(path).toBe(`${PATH}&messageReplyOption=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD&requestId=${sampleDelivery().id}`);
  expect(json).toEqual({
    text: '*Disk ＜users/all>* <users/123456789012345678901> <users/all>',
    thread: { threadKey: 'failed-deploy/acme/api 20780' },
    cardsV2: [
      {
        cardId: 'message',
        card: {
          sections: [
            {
              widgets: [
                { textParagraph: { text: 'web-1: 91 % &amp; more<br>second line' } },
                { decoratedText: { topLabel: 'host', text: 'web-1', wrapText: true } },
                { decoratedText: { topLabel: 'zone', text: '-', wrapText: true } },
                {
                  image: {
                    imageUrl: 'https://example.com/p.png',
                    onClick: { openLink: { url: 'https://example.com/p.png' } },
                  },
                },
                {
                  buttonList: {
                    buttons: [
                      { text: 'Open', onClick: { openLink: { url: 'https://example.com/a' } } },
                      { text: 'Runbook', onClick: { openLink: { url: 'https://example.com/b' } } },
                    ],
                  },
                },
              ],
            },
          ],
        },
      },
    ],
  });
});

test('messages with one `replace_key` share a thread for a day, also the one that says that an alert is over', async () => {
  const first = await channel.sent({ replace_key: 'disk/web-1' });
  const resolved = await channel.sent(
    { replace_key: 'disk/web-1', title: 'Resolved' },
    {},
    { delivery: sampleDelivery({ status: 'resolved', key: 'other' }) },
  );
  const tomorrow = await channel.sent(
    { replace_key: 'disk/web-1' },
    {},
    { delivery: sampleDelivery({ createdAt: Date.parse('2026-11-24T00:01:00Z') }) },
  );
  expect([first, resolved, tomorrow].map(({ json }) => threadOf(json))).toEqual([
    'disk/web-1 20780',
    'disk/web-1 20780',
    'disk/web-1 20781',
  ]);
});

test('Markdown becomes the HTML of a card', async () => {
  const body = '# Head\n**b** *i* ~~s~~ `c<`\n\n- one\n\n> q\n[a](https://b.test/) [c](javascript:x)';
  const { text } = await channel.sent({ format: 'markdown', body });
  expect(text).toContain(
    JSON.stringify(
      '<b>Head</b><br><b>b</b> <i>i</i> <s>s</s> c&lt;<br><br>- one<br><br><i>q<br><a href="https://b.test/">a</a> c (javascript:x)</i>',
    ),
  );
});

test('an answer that is not from Google leaves the outcome unknown', async () => {
  expect(await channel.failure({ status: 200, body: '<html>' })).toMatchObject({ code: 'google_chat.unreadable' });
});

test('settings that cannot work are found at load', () => {
  const url = 'https://chat.googleapis.com/v1/spaces/AAAA/messages';
  expect(readSettings(googleChat, { url: `${url}?key=k&token=t` }).problems).toEqual([]);
  for (const wrong of [url, `${url}?key=k`, `${url}?key=&token=t`])
    expect(readSettings(googleChat, { url: wrong }).problems).toEqual(['/url: the URL has no `key` and `token`']);
});
