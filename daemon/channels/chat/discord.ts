import { Type } from '../../core/schema/type.ts';
import { mentionFaultUnless, mentionText } from '../kit/chat/mention.ts';
import { colourOf, placedAddress } from '../kit/chat/parts.ts';
import { each, misconfigured, permanent, rateLimited, transient } from '../kit/http/answers.ts';
import { defineHttpChannel } from '../kit/http/define.ts';
import { ADDRESS_IS_CREDENTIAL, secondsOf } from '../kit/http/failures.ts';
import { key } from '../kit/http/settings.ts';
import { DISCORD_MARKDOWN, fitText, layoutOf, without } from '../kit/text/layout.ts';
import { plainTitle } from '../kit/text/plain.ts';
import { cleanLine, cutText, UTF16 } from '../kit/text/text.ts';

/** Characters; https://docs.discord.com/developers/resources/message#embed-object-embed-limits */
const MAX_TITLE = 256;
const MAX_DESCRIPTION = 4096;
const MAX_FOOTER = 500;

/** Id of a user or a thread. */
const SNOWFLAKE = String.raw`^\d{15,20}$`;
/** Names without `discord` and `clyde`, which Discord refuses. */
const NAME = '^(?!.*(?:[Cc]lyde|[Dd]iscord)).{1,80}$';

/** Discord webhook. https://docs.discord.com/developers/resources/webhook#execute-webhook */
export const discord = defineHttpChannel({
  type: 'discord',
  summary: 'A webhook of a channel or thread of Discord',
  documentation: 'https://docs.discord.com/developers/resources/webhook#execute-webhook',
  setup: ['Open the settings of the channel in Discord, Integrations, Webhooks, New Webhook.', 'Copy the webhook URL.'],
  example: { url: '${env:DISCORD_URL}' },
  receipt: 'id of the message',
  api: 'https://discord.com',
  settings: {
    url: key('The webhook URL: settings of the channel, integrations, webhooks.', '${env:DISCORD_WEBHOOK_URL}'),
    thread_id: Type.Optional(
      Type.String({
        description: 'The id of a thread of the channel.',
        examples: ['1203456789012345678'],
        pattern: SNOWFLAKE,
      }),
    ),
    username: Type.Optional(
      Type.String({
        description: 'Name that is shown in place of that of the webhook.',
        examples: ['Belfry'],
        pattern: NAME,
      }),
    ),
  },
  limits: { rate: '5/2s', text: '4,096 UTF-16 units' },
  supports: { kept: 'markdown priority link image mention', text: 'html tags actions fields' },
  markup: DISCORD_MARKDOWN,
  mentionFault: mentionFaultUnless(/^\d{15,20}$/, 'the id of a user'),
  request(message, { settings: { thread_id, username }, url, io: { delivery }, mentions }) {
    const target = new URL(url);
    target.searchParams.set('wait', 'true');
    if (thread_id !== undefined) target.searchParams.set('thread_id', thread_id);
    const content = mentionText(mentions, { user: (id) => `<@${id}>`, all: '@everyone' });
    const link = placedAddress(message.link);
    const image = placedAddress(message.image);
    const shown = without(message, 'image', ...(link === undefined ? [] : ['link' as const]));
    const tags = cutText(message.tags.map(cleanLine).join(', '), MAX_FOOTER, UTF16);
    return {
      url: target.href,
      json: {
        ...(username !== undefined && { username }),
        ...(content !== '' && { content }),
        // Only names in `mention` mention people; text from an event mentions nobody.
        allowed_mentions: { parse: mentions.all ? ['everyone'] : [], users: mentions.users },
        embeds: [
          {
            title: cutText(plainTitle(message), MAX_TITLE, UTF16),
            description: fitText(layoutOf(shown, DISCORD_MARKDOWN, { untitled: true, unit: UTF16 }), MAX_DESCRIPTION),
            color: colourOf(message, delivery),
            ...(link !== undefined && { url: link }),
            ...(image !== undefined && { image: { url: image } }),
            ...(tags !== '' && { footer: { text: tags } }),
          },
        ],
      },
    };
  },
  answers: {
    read({ status, json: { id, code, message, retry_after: seconds } }) {
      if (typeof id === 'string') return { ok: true, id };
      const retryAfter = secondsOf(seconds);
      const number = status === 429 ? 429 : code;
      if (typeof number !== 'number') return undefined;
      return {
        ok: false,
        code: number,
        message: `${message as string}`,
        ...(retryAfter !== undefined && { retryAfter }),
      };
    },
    codes: {
      429: rateLimited('too many messages'),
      ...each('10015 50027', misconfigured('there is no such webhook')),
      ...each('220001 220002 220003 10003 40067', misconfigured('`thread_id` does not fit the channel')),
      ...each('40005 50006 50035 200000', permanent('the message was refused')),
      ...each('50083 160005', permanent('the thread is closed')),
      130000: transient('overloaded'),
    },
    statuses: ADDRESS_IS_CREDENTIAL,
  },
});
