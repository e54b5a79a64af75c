import { expect, test } from 'vitest';
import type { ChannelType } from '../../../../daemon/channels/channel.ts';
import { dingtalk } from '../../../../daemon/channels/chat/dingtalk.ts';
import { discord } from '../../../../daemon/channels/chat/discord.ts';
import { feishu } from '../../../../daemon/channels/chat/feishu.ts';
import { googleChat } from '../../../../daemon/channels/chat/work/google-chat.ts';
import { teams } from '../../../../daemon/channels/chat/work/teams.ts';
import { wecom } from '../../../../daemon/channels/chat/wecom.ts';
import { bark } from '../../../../daemon/channels/china/bark.ts';
import { dingtalkWork } from '../../../../daemon/channels/china/dingtalk-work.ts';
import { feishuApp } from '../../../../daemon/channels/china/feishu-app.ts';
import { wecomApp } from '../../../../daemon/channels/china/wecom-app.ts';
import { buttonsOf, separateParts } from '../../../../daemon/channels/kit/chat/parts.ts';
import { openHttpClient } from '../../../../daemon/channels/kit/http/client.ts';
import { decodeSettings } from '../../../support/channel-settings.ts';
import { channelTools, sampleIo, sampleMessage } from '../../../support/delivery.ts';
import { openTestServer, type ServerAnswer } from '../../../support/test-server.ts';

const long = (bytes: number): string => `https://example.com/${'x'.repeat(bytes - 20)}`;

test('an address that is too long has no place of its own, so that the text shows it', () => {
  const message = sampleMessage({ link: long(2049), image: long(2048) });
  expect(separateParts(message, { link: true, image: true })).toMatchObject({
    link: undefined,
    image: message.image,
    rest: { link: message.link },
  });
  const actions = [1400, 1400, 1400].map((bytes) => ({ label: 'Open', url: long(bytes) }));
  expect(buttonsOf(actions.slice(1), 5, 60)).toHaveLength(2);
  expect(buttonsOf(actions, 5, 60)).toEqual([]);
});

/** Limits of the whole request, in bytes. */
const LIMITED: readonly (readonly [ChannelType, number])[] = [
  [bark, 3600],
  [dingtalk, 20_000],
  [dingtalkWork, 2300],
  [discord, 8000],
  [feishu, 20_000],
  [feishuApp, 30_000],
  [googleChat, 32_000],
  [teams, 28_000],
  [wecom, 4400],
  [wecomApp, 4400],
];

const ANSWERS: Readonly<Record<string, ServerAnswer>> = {
  bark: { body: { code: 200 } },
  discord: { body: { id: '1' } },
  google_chat: { body: { name: 'spaces/a/messages/b' } },
  teams: { status: 202 },
};

test.each(LIMITED.map(([type, limit]) => [type.type, type, limit] as const))(
  '%s takes a message with addresses of any length',
  async (_, type, limit) => {
    const server = await openTestServer();
    const http = openHttpClient();
    try {
      const token = {
        errcode: 0,
        code: 0,
        access_token: 't',
        tenant_access_token: 't',
        expires_in: 7200,
        expire: 7200,
      };
      server.answerAside('/cgi-bin/gettoken', { body: token });
      server.answerAside('/gettoken', { body: token });
      server.answerAside('/open-apis/auth/v3/tenant_access_token/internal', { body: token });
      server.answer(ANSWERS[type.type] ?? { body: { errcode: 0, code: 0 } });
      const { encryption: _encryption, url, ...example } = type.example ?? {};
      const address = url === undefined ? { api: server.origin } : { url: `${server.origin}/hook` };
      const notifier = type.open(decodeSettings(type, { ...example, ...address }), channelTools({ http }));
      const addresses = { link: long(60_000), image: long(60_000), actions: [{ label: 'Run', url: long(60_000) }] };
      for (const format of ['text', 'markdown'] as const)
        await notifier.send(sampleMessage({ ...addresses, format }), sampleIo());
      await notifier.send(sampleMessage({ link: long(2000), image: long(2000) }), sampleIo());
      for (const { text } of server.requests) {
        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(limit);
        expect(text).toContain('Deploy failed');
      }
    } finally {
      await http.close();
      await server.close();
    }
  },
);
