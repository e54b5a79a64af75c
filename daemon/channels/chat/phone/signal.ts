import type { Delivery } from '../../../core/delivery/delivery.ts';
import type { Message } from '../../../core/message/message.ts';
import { oneOrMany } from '../../../core/schema/fields.ts';
import { Type } from '../../../core/schema/type.ts';
import { type Mentions, mentionFaultUnless } from '../../kit/chat/mention.ts';
import { dayOf } from '../../kit/chat/parts.ts';
import { type CodeMeaning, misconfigured, permanent, transient } from '../../kit/http/answers.ts';
import { defineHttpChannel } from '../../kit/http/define.ts';
import { recipientFaultUnless } from '../../kit/recipients/names.ts';
import { fitText, layoutOf, PLAIN } from '../../kit/text/layout.ts';
import { UTF16 } from '../../kit/text/text.ts';

/** UTF-16 units; Signal makes an attachment of a longer text. */
const MAX_TEXT = 2000;

const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
/** A number with its country code, a group, a user name, or an account id. https://github.com/bbernhard/signal-cli-rest-api/blob/master/doc/EXAMPLES.md */
const RECIPIENT = new RegExp(String.raw`^(?:\+\d{6,15}|group\.[\w+/=-]+|(?:u:)?[a-z_]\w*\.\d{2,}|${UUID})$`, 'i');
const PERSON = new RegExp(String.raw`^\+\d{6,15}$|^${UUID}$`, 'i');

const recipientFault = recipientFaultUnless(
  RECIPIENT,
  'write a number as `+4915112345678`, `group.ID`, or a user name as `ada.01`',
);

/** Refusals, which the server gives as sentences of signal-cli, with their codes. */
const REFUSALS: readonly (readonly [sentence: RegExp, code: string, CodeMeaning])[] = [
  [/unregistered user/i, 'unregistered', permanent('the recipient has no Signal')],
  [/untrusted identity/i, 'untrusted_identity', permanent('the safety number of the recipient has changed')],
  [
    /group not found|invalid group id|not in group|no group with that id/i,
    'group',
    permanent('there is no such group'),
  ],
  [
    /account does not exist|is not registered|not registered with/i,
    'sender',
    misconfigured('`from` is not registered'),
  ],
  [/network failure/i, 'network', transient('the server does not reach Signal')],
];

/** People, named at the end of the text; clients show their names instead. */
function mentionsIn(text: string, { users, mobiles }: Mentions) {
  let whole = text;
  const mentions = [...users, ...mobiles].map((author) => {
    const start = whole.length + 1;
    whole += ` @${author}`;
    return { author, start, length: author.length + 1 };
  });
  return { message: whole, ...(mentions.length > 0 && { mentions }) };
}

/** A message can be edited for a day, so the next day has a new one. */
const editKey = ({ replace_key }: Message, delivery: Delivery, from: string): string | undefined =>
  replace_key && JSON.stringify([from, replace_key, dayOf(delivery)]);

/** Signal, over a server of signal-cli-rest-api. https://github.com/bbernhard/signal-cli-rest-api */
export const signal = defineHttpChannel({
  type: 'signal',
  summary: 'People and groups of Signal, over signal-cli-rest-api',
  documentation: 'https://bbernhard.github.io/signal-cli-rest-api/',
  setup: [
    'Run the container bbernhard/signal-cli-rest-api, where only Belfry reaches it: it asks nobody for a password.',
    'Open /v1/qrcodelink?device_name=belfry of it in a browser, and scan the code in Signal, Settings, Linked devices.',
    'Give the number of this account as `from`; GET /v1/groups/NUMBER lists the ids of groups.',
  ],
  example: { api: 'http://127.0.0.1:8080', from: '+4915112345678', to: '+4915187654321' },
  receipt: 'time of the message in milliseconds, which is its id in Signal',
  settings: {
    from: Type.String({
      description: 'The number of the account that writes, with its country code.',
      examples: ['+4915112345678'],
      pattern: String.raw`^\+\d{6,15}$`,
    }),
    to: oneOrMany(Type.String({ minLength: 1 }), {
      description: 'Recipients: numbers with their country codes, `group.ID`, and user names.',
      examples: ['+4915187654321', ['group.bm90IGEgcmVhbCBncm91cA==', 'ada.01']],
    }),
  },
  limits: { timeout: '60s', text: '2,000 UTF-16 units' },
  supports: { kept: 'mention replace_key to', text: 'markdown html link image actions fields' },
  markup: PLAIN,
  mentionFault: mentionFaultUnless(PERSON, 'a number after `user:`, such as `user:+4915112345678`, or an account id'),
  names: { to: recipientFault },
  recipients: (message, { to }) => message.to ?? to,
  follows: { key: (message, delivery, { from }) => editKey(message, delivery, from), untilResolved: true, gone: [] },
  request(message, { settings: { from }, api, to, earlier, mentions }) {
    const { mentions: named = [] } = mentionsIn('', mentions);
    const room = MAX_TEXT - named.reduce((sum, { length }) => sum + length + 1, 0);
    return {
      url: `${api}/v2/send`,
      json: {
        number: from,
        recipients: [to],
        ...mentionsIn(fitText(layoutOf(message, PLAIN, { unit: UTF16 }), room), mentions),
        text_mode: 'normal',
        ...(earlier !== undefined && { edit_timestamp: Number(earlier) }),
      },
    };
  },
  answers: {
    read({ status, json: { timestamp, error, challenge_tokens: tokens } }) {
      if (typeof timestamp === 'string' || typeof timestamp === 'number') return { ok: true, id: `${timestamp}` };
      if (typeof error !== 'string') return undefined;
      const code = REFUSALS.find(([sentence]) => sentence.test(error))?.[1] ?? 'refused';
      if (status !== 429) return { ok: false, code, message: error };
      const hasChallenge = Array.isArray(tokens) && tokens.some((token) => token !== '');
      return { ok: false, code: hasChallenge ? 'captcha' : 'challenge', message: error };
    },
    codes: {
      ...Object.fromEntries(REFUSALS.map(([, code, meaning]) => [code, meaning])),
      captcha: misconfigured('Signal wants a captcha before the account may write again'),
      // The message may have arrived. https://github.com/bbernhard/signal-cli-rest-api/issues/881
      challenge: { class: 'unknown', message: 'Signal limits the rate and does not say whether the message was sent' },
    },
  },
});
