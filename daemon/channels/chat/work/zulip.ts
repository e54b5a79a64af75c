import type { Delivery } from '../../../core/delivery/delivery.ts';
import type { Message } from '../../../core/message/message.ts';
import type { Template } from '../../../core/ruleset.ts';
import { oneOrMany, template } from '../../../core/schema/fields.ts';
import { Type } from '../../../core/schema/type.ts';
import { mentionFaultUnless, mentionText } from '../../kit/chat/mention.ts';
import { each, misconfigured, permanent, rateLimited } from '../../kit/http/answers.ts';
import { basicCredentials } from '../../kit/http/credentials/basic.ts';
import { defineHttpChannel } from '../../kit/http/define.ts';
import { secondsOf } from '../../kit/http/failures.ts';
import { key, sendVariables } from '../../kit/http/settings.ts';
import { lookalikes, withoutMentions } from '../../kit/text/escape.ts';
import { asWritten, COMMONMARK, fitText, layoutOf, type Markup } from '../../kit/text/layout.ts';
import { cleanLine, CODE_POINTS, cutText } from '../../kit/text/text.ts';

/** Characters. https://zulip.com/api/register-queue#response (`max_message_length`, `max_topic_length`) */
const MAX_CONTENT = 10_000;
const MAX_TOPIC = 60;

/** Markdown without an escape character. `~~~` begins a block of code. https://zulip.com/help/format-your-message-using-markdown */
const MARKDOWN: Markup = {
  ...COMMONMARK,
  markdown: asWritten,
  escape: (text) => withoutMentions(lookalikes(text)).replaceAll('~~', '～～'),
  link: (label, address) => (label === '' ? address : `[${label}](${address})`),
  image: (address) => `[image](${address})`,
};

/** The set topic; otherwise, or if its template fails, all messages of a key have a topic of their own. */
function topicOf(topic: Template | undefined, message: Message, delivery: Delivery): string {
  const { text = '', error } = topic?.render(sendVariables(message, delivery)) ?? {};
  const wanted = error === undefined ? cleanLine(text) : '';
  return cutText(wanted || cleanLine(delivery.key) || delivery.rule, MAX_TOPIC, CODE_POINTS);
}

/** Zulip. https://zulip.com/api/send-message */
export const zulip = defineHttpChannel({
  type: 'zulip',
  summary: 'Channels and people of Zulip, over a bot',
  documentation: 'https://zulip.com/api/send-message',
  setup: [
    'In Zulip, open Personal settings, Bots, and add a Generic bot; an Incoming webhook bot cannot update its messages.',
    'Copy its e-mail address and its API key, and subscribe it to the channel.',
    'Give the address of the organization as `api`.',
  ],
  example: {
    api: 'https://acme.zulipchat.com',
    email: 'belfry-bot@acme.zulipchat.com',
    key: '${env:ZULIP_KEY}',
    to: 'alerts',
  },
  receipt: 'id of the message',
  settings: {
    email: Type.String({
      description: 'The e-mail address of the bot.',
      examples: ['belfry-bot@acme.zulipchat.com'],
      pattern: '^[^\\s:]+@[^\\s:]+$',
    }),
    key: key('The API key of the bot.', '${env:ZULIP_KEY}'),
    to: oneOrMany(Type.String({ minLength: 1 }), {
      description: 'Recipients: names of channels (streams), and e-mail addresses of people.',
      examples: ['alerts', ['alerts', 'ada@example.com']],
    }),
    topic: Type.Optional(
      template({
        description:
          'The topic in a channel, a template. If it is not set or fails, each key of a rule has a topic of its own.',
        examples: ['{{ event.subject }}', 'alerts'],
      }),
    ),
  },
  keys: { key: '' },
  limits: { rate: '200/1m', text: '10,000 characters; 60 for the topic' },
  supports: { kept: 'markdown mention replace_key to', text: 'html link image actions fields' },
  markup: MARKDOWN,
  mentionFault: mentionFaultUnless(/^\d{1,15}$/, 'the id of a user in digits, as its profile shows'),
  recipients: (message, { to }) => message.to ?? to,
  follows: {
    key: ({ replace_key }, _, { api, email }) => replace_key && JSON.stringify([api, email, replace_key]),
    untilResolved: true,
    // Most organizations let a message be edited for minutes only; this code is also that of a deleted one. A bot of the type
    // Incoming webhook may send but not edit, which Zulip answers with the second code.
    gone: ['BAD_REQUEST', 'UNAUTHORIZED'],
  },
  request(message, { settings: { email, key: apiKey, topic }, api, io: { delivery }, to, earlier, mentions }) {
    const calls = mentionText(mentions, { user: (id) => `@**|${id}**`, all: '@**all**' });
    const content = fitText(layoutOf(message, MARKDOWN, { calls, unit: CODE_POINTS }), MAX_CONTENT);
    const headers = { authorization: basicCredentials(email, apiKey.reveal()) };
    const messages = `${api}/api/v1/messages`;
    if (earlier !== undefined)
      return { url: `${messages}/${encodeURIComponent(earlier)}`, method: 'PATCH', headers, form: { content } };
    // Names are sent as JSON, since one that is JSON itself, such as `7`, would be read as an id.
    const target = to.includes('@')
      ? { type: 'direct', to: JSON.stringify([to]) }
      : { type: 'stream', to: JSON.stringify(to), topic: topicOf(topic, message, delivery) };
    return { url: messages, headers, form: { ...target, content } };
  },
  answers: {
    read({ json: { result, id, code, msg, 'retry-after': seconds } }) {
      if (result === 'success') return { ok: true, ...(id !== undefined && { id: `${id as number}` }) };
      if (result !== 'error') return undefined;
      const retryAfter = secondsOf(seconds);
      return {
        ok: false,
        code: typeof code === 'string' ? code : 'BAD_REQUEST',
        message: `${msg as string}`,
        ...(retryAfter !== undefined && { retryAfter }),
      };
    },
    // https://zulip.com/api/rest-error-handling
    codes: {
      ...each('INVALID_API_KEY UNAUTHORIZED', misconfigured('the e-mail address or the key of the bot is refused')),
      ...each('USER_DEACTIVATED REALM_DEACTIVATED', misconfigured('the bot or the organization is deactivated')),
      NONEXISTENT_SUBDOMAIN: misconfigured('there is no organization at this address'),
      STREAM_DOES_NOT_EXIST: permanent('there is no such channel'),
      ...each('BAD_REQUEST REQUEST_VARIABLE_INVALID REQUEST_VARIABLE_MISSING', permanent('the message was refused')),
      RATE_LIMIT_HIT: rateLimited('too many messages'),
    },
  },
});
