import type { Delivery } from '../../../core/delivery/delivery.ts';
import type { Message } from '../../../core/message/message.ts';
import type { Template } from '../../../core/ruleset.ts';
import { oneOrMany, template } from '../../../core/schema/fields.ts';
import { Type } from '../../../core/schema/type.ts';
import { each, misconfigured, permanent, rateLimited, transient } from '../../kit/http/answers.ts';
import { defineHttpChannel } from '../../kit/http/define.ts';
import { key, sendVariables, textOf } from '../../kit/http/settings.ts';
import { linkAddress } from '../../kit/text/escape.ts';
import { PLAIN, without } from '../../kit/text/layout.ts';
import { plainBody, plainTitle } from '../../kit/text/plain.ts';
import { cleanLine, CODE_POINTS, cutText } from '../../kit/text/text.ts';

/** Characters of a variable, which may have no line feed. https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/overview */
const MAX_PARAM = 1024;

const VERSION = 'v23.0';

/** A number without the spaces, hyphens, dots and brackets that people write. */
const digitsOf = (to: string): string => to.replace(/[\s().-]/g, '');

const numberFault = (name: string) =>
  /^\+?\d{6,15}$/.test(digitsOf(name))
    ? undefined
    : { message: 'this is not a phone number', mend: 'write it with its country code, as `+4915112345678`' };

/** Variables of the template, each on one line; a link that is not http or https is left out. */
function parametersOf(params: readonly Template[], message: Message, delivery: Delivery) {
  const link = linkAddress(message.link ?? '');
  const plain = { ...without(message, 'link'), title: plainTitle(message), body: plainBody(message) };
  const variables = sendVariables({ ...plain, ...(link !== undefined && { link }) }, delivery);
  // An empty variable is refused.
  return params.map((param) => ({
    type: 'text',
    text: cutText(cleanLine(textOf(param, variables)), MAX_PARAM, CODE_POINTS) || '-',
  }));
}

/** WhatsApp Cloud API. https://developers.facebook.com/documentation/business-messaging/whatsapp/reference/whatsapp-business-phone-number/message-api */
export const whatsapp = defineHttpChannel({
  type: 'whatsapp',
  summary: 'People on WhatsApp, by approved message templates of a business',
  documentation: 'https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/send-messages',
  setup: [
    'On developers.facebook.com, make an app with WhatsApp; its page API Setup shows the phone number id.',
    'In the business settings, make a system user and a token for the app with whatsapp_business_messaging, which does not expire.',
    'In WhatsApp Manager, make a template of the category Utility, such as `{{1}}: {{2}}`, and wait until it is approved.',
  ],
  example: {
    token: '${env:WHATSAPP_TOKEN}',
    phone_id: '106540352242922',
    to: '+4915112345678',
    template: 'alert',
    language: 'en_US',
    params: ['{{ title }}', '{{ body }}'],
  },
  receipt: 'id of the message',
  api: 'https://graph.facebook.com',
  settings: {
    token: key('The access token of a system user.', '${env:WHATSAPP_TOKEN}'),
    phone_id: Type.Unsafe<string | number>({
      anyOf: [
        { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
        { type: 'string', pattern: String.raw`^\d{3,40}$` },
      ],
      description: 'The id of the phone number that sends, which is not the number.',
      examples: ['106540352242922'],
    }),
    to: oneOrMany(Type.String({ minLength: 1 }), {
      description: 'Phone numbers with their country codes.',
      examples: ['+4915112345678', ['+4915112345678', '+4915187654321']],
    }),
    template: Type.String({
      description:
        'The name of an approved template. WhatsApp delivers other texts only for a day after a person has written.',
      examples: ['alert'],
      pattern: '^[a-z0-9_]{1,512}$',
    }),
    language: Type.Optional(
      Type.String({
        description: 'The language of the template, as WhatsApp Manager shows it.',
        examples: ['en_US', 'zh_CN'],
        default: 'en_US',
        pattern: '^[A-Za-z]{2,3}(?:_[A-Za-z]{2,4})?$',
      }),
    ),
    params: Type.Optional(
      Type.Array(template({ description: 'The text of one variable.', examples: ['{{ title }}'] }), {
        description:
          'Texts of the variables `{{1}}`, `{{2}}` ... in the body of the template, in this order. Each is a template with the variables of a webhook.',
        examples: [['{{ title }}', '{{ body }}']],
      }),
    ),
  },
  keys: { token: '' },
  limits: { rate: '80/1s', text: '1,024 characters for each variable' },
  supports: { kept: 'to', text: 'markdown html priority tags link fields' },
  markup: PLAIN,
  names: { to: numberFault },
  recipients: (message, { to }) => (message.to ?? to).map(digitsOf),
  request(message, { settings: { token, phone_id, template: name, language = 'en_US', params = [] }, api, io, to }) {
    const parameters = parametersOf(params, message, io.delivery);
    return {
      url: `${api}/${VERSION}/${phone_id}/messages`,
      headers: { authorization: `Bearer ${token.reveal()}` },
      json: {
        messaging_product: 'whatsapp',
        recipient_type: 'individual',
        to,
        type: 'template',
        template: {
          name,
          language: { code: language },
          ...(parameters.length > 0 && { components: [{ type: 'body', parameters }] }),
        },
      },
    };
  },
  answers: {
    read({ json: { messages, error } }) {
      const [sent] = Array.isArray(messages) ? (messages as readonly { readonly id?: unknown }[]) : [];
      if (typeof sent?.id === 'string') return { ok: true, id: sent.id };
      const { code, message = '', error_data: data } = (error ?? {}) as Record<string, unknown>;
      if (typeof code !== 'number') return undefined;
      const { details } = (data ?? {}) as { readonly details?: unknown };
      return { ok: false, code, message: `${message as string}${typeof details === 'string' ? ` ${details}` : ''}` };
    },
    // https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes/
    codes: {
      ...each('0 190 131005', misconfigured('the access token is refused')),
      ...each('3 10 200', misconfigured('the app may not send messages')),
      ...each('33 133010', misconfigured('`phone_id` is not a registered phone number')),
      ...each('368 131031', misconfigured('the business account is restricted or locked')),
      131042: misconfigured('the business account has a problem with its payment'),
      131045: misconfigured('the phone number has a problem with its certificate'),
      ...each('132001 132015 132016', misconfigured('there is no such template in this language, or it is paused')),
      ...each('132000 132012', misconfigured('`params` do not fit the template')),
      ...each('100 131008 131009 131051', permanent('the request is not valid')),
      ...each('132005 132007', permanent('the text of a variable is too long or not allowed')),
      ...each(
        '130472 131021 131026 131030 131049 131050 130497',
        permanent('the message cannot be delivered to this person'),
      ),
      131047: permanent('the person has not written for a day'),
      ...each('4 80007 130429', rateLimited('too many messages', 60_000)),
      131048: rateLimited('too many messages were reported as spam', 3_600_000),
      131056: rateLimited('too many messages to one person', 6000),
      ...each('1 2 131000 131016 131057 135000', transient('WhatsApp has an error')),
    },
  },
});
