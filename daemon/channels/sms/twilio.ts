import type { SettingProblem } from '../../core/compile/registry.ts';
import type { Delivery } from '../../core/delivery/delivery.ts';
import { Type } from '../../core/schema/type.ts';
import { each, misconfigured, permanent, rateLimited, transient, textIn } from '../kit/http/answers.ts';
import { basicCredentials } from '../kit/http/credentials/basic.ts';
import { defineHttpChannel } from '../kit/http/define.ts';
import { key } from '../kit/http/settings.ts';
import { PLAIN } from '../kit/text/layout.ts';
import { phoneFault, phoneNumbers, requirePhone } from './phone.ts';
import { segmentsSetting, smsText } from './text.ts';

/** UTF-16 units. https://www.twilio.com/docs/api/errors/21617 */
const MAX_TEXT = 1600;
/** Seconds; Twilio drops a message that waits longer. https://www.twilio.com/docs/api/errors/90007 */
const MAX_VALIDITY = 36_000;

/** A number, a short code, a sender in letters, or a messaging service. */
const SENDER = /^(?:\+[1-9]\d{6,14}|\d{3,8}|MG[0-9a-f]{32}|(?=.*[A-Za-z])[A-Za-z0-9 +_&-]{1,11})$/i;

function check({ account_sid, from }: { readonly account_sid: string; readonly from: string }): SettingProblem[] {
  const isAccount = /^AC\w+$/.test(account_sid);
  return [
    ...(isAccount
      ? []
      : [
          {
            pointer: '/account_sid',
            message: 'this is not the SID of an account',
            mend: 'copy the one that begins with `AC`',
          },
        ]),
    ...(SENDER.test(from)
      ? []
      : [
          {
            pointer: '/from',
            message: '`from` is not a sender',
            mend: "write a number as `'+15005550006'`, or the SID of a messaging service, which begins with `MG`",
          },
        ]),
  ];
}

/** Time that is left of the `ttl` of a message. */
function validityOf({ expiresAt }: Delivery, now: number): { readonly ValidityPeriod?: string } {
  if (expiresAt === undefined) return {};
  return { ValidityPeriod: `${Math.min(Math.max(1, Math.round((expiresAt - now) / 1000)), MAX_VALIDITY)}` };
}

/** Twilio. https://www.twilio.com/docs/messaging/api/message-resource */
export const twilio = defineHttpChannel({
  type: 'twilio',
  summary: 'Text messages over Twilio',
  documentation: 'https://www.twilio.com/docs/messaging/api/message-resource',
  setup: [
    'In the console of Twilio open Phone Numbers and buy a number that can send SMS, or make a messaging service.',
    'Copy the Account SID and the Auth Token from the first page of the console.',
    'A trial account sends to verified numbers only: add them under Phone Numbers, Verified Caller IDs.',
  ],
  example: {
    account_sid: 'AC0123456789abcdef0123456789abcdef',
    auth_token: '${env:TWILIO_AUTH_TOKEN}',
    from: '+15005550006',
    to: '+4915187654321',
  },
  receipt: 'SID of the message',
  api: 'https://api.twilio.com',
  settings: {
    account_sid: Type.String({
      description: 'The SID of the account.',
      examples: ['AC0123456789abcdef0123456789abcdef'],
    }),
    auth_token: key('The auth token of the account.', '${env:TWILIO_AUTH_TOKEN}'),
    from: Type.String({
      description: 'The sender: a number or a short code of the account, letters, or the SID of a messaging service.',
      examples: ['+15005550006', 'MG0123456789abcdef0123456789abcdef'],
    }),
    to: phoneNumbers('Numbers that get the message.'),
    segments: segmentsSetting(),
  },
  keys: { auth_token: '' },
  // A number sends one segment a second. https://www.twilio.com/docs/glossary/what-is-mps
  limits: { rate: '1/1s', text: '1,600 UTF-16 units' },
  supports: { kept: 'to', text: 'markdown html link actions fields image' },
  markup: PLAIN,
  names: { to: phoneFault },
  check,
  recipients: (message, { to }) => message.to ?? to,
  request(message, { settings: { account_sid, auth_token, from, segments }, api, to, io, now }) {
    requirePhone(to, phoneFault, 'twilio.bad_recipient');
    return {
      url: `${api}/2010-04-01/Accounts/${encodeURIComponent(account_sid)}/Messages.json`,
      headers: { authorization: basicCredentials(account_sid, auth_token.reveal()) },
      form: {
        To: to,
        ...(/^MG[0-9a-f]{32}$/i.test(from) ? { MessagingServiceSid: from } : { From: from }),
        Body: smsText(message, { characters: MAX_TEXT, segments }),
        ...validityOf(io.delivery, now),
      },
    };
  },
  answers: {
    read({ json: { sid, code, message, error_code: failed, error_message: reason } }) {
      if (typeof failed === 'number') return { ok: false, code: failed, message: textIn(reason) };
      if (typeof sid === 'string') return { ok: true, id: sid };
      return typeof code === 'number' ? { ok: false, code, message: textIn(message) } : undefined;
    },
    // https://www.twilio.com/docs/api/errors
    codes: {
      20003: misconfigured('the SID of the account or the token is refused'),
      20005: misconfigured('the account is not active'),
      20404: misconfigured('there is no such account'),
      20429: rateLimited('too many requests'),
      ...each('21211 21217 21614', permanent('this number cannot get text messages')),
      ...each('21212 21606 21659 21660 21661', misconfigured('`from` cannot send text messages from this account')),
      ...each('21701 21703 21705', misconfigured('the messaging service does not exist or has no sender')),
      21408: permanent('the account may not send to this country'),
      21608: permanent('a trial account sends to verified numbers only'),
      21610: permanent('the recipient does not want messages from this sender'),
      21612: permanent('there is no way from this sender to this number'),
      ...each('21602 21617 21658', permanent('the text is empty or too long')),
      ...each('21611 30001', rateLimited('too many messages wait at Twilio')),
      21730: transient('Twilio is under maintenance'),
      30002: misconfigured('the account is suspended'),
    },
  },
});
