import type { SettingProblem } from '../../core/compile/registry.ts';
import type { Delivery } from '../../core/delivery/delivery.ts';
import type { Message } from '../../core/message/message.ts';
import { Type } from '../../core/schema/type.ts';
import { each, misconfigured, permanent, rateLimited, transient } from '../kit/http/answers.ts';
import { defineHttpChannel } from '../kit/http/define.ts';
import { AWS_CODES, awsEndpoint, awsSettings, clockMeaning, signedHeaders } from '../kit/signing/aws.ts';
import { alertKeyHash } from '../kit/alert-key.ts';
import { fitText, layoutOf, PLAIN } from '../kit/text/layout.ts';
import { plainFromHtml, plainTitle } from '../kit/text/plain.ts';
import { BYTES, byteLength, cleanLine, cutText } from '../kit/text/text.ts';
import { phoneFault, phoneNumbers, requirePhone } from './phone.ts';
import { segmentsSetting, smsText } from './text.ts';

/** Bytes of a message with its attributes. https://docs.aws.amazon.com/sns/latest/api/API_Publish.html */
const MAX_BYTES = 256 * 1024;
/** Bytes that are left for the attributes. */
const ATTRIBUTE_BYTES = 4096;
const MAX_TAG_BYTES = 2048;
/** Characters of a text message. */
const MAX_TEXT = 1600;
const MAX_SUBJECT = 99;

const ARN = /^arn:aws[\w-]*:sns:([\w-]+):\d{12}:[\w-]{1,256}(\.fifo)?$/;

function check({
  topic_arn,
  to,
  region,
}: {
  topic_arn?: string;
  to?: readonly string[];
  region: string;
}): SettingProblem[] {
  if (topic_arn === undefined) {
    if (to !== undefined) return [];
    return [
      { pointer: '', message: 'there is neither `topic_arn` nor `to`', mend: 'name a topic, or phone numbers in `to`' },
    ];
  }
  if (to !== undefined)
    return [{ pointer: '/to', message: 'a message goes to `topic_arn` or to `to`', mend: 'keep one of them' }];
  const [, place] = ARN.exec(topic_arn) ?? [];
  if (place === undefined)
    return [
      {
        pointer: '/topic_arn',
        message: 'this is not the ARN of a topic',
        mend: 'copy it from the console: `arn:aws:sns:eu-west-1:123456789012:alerts`',
      },
    ];
  return place === region
    ? []
    : [{ pointer: '/region', message: `the topic is in the region ${place}`, mend: `write \`region: ${place}\`` }];
}

/** Subject of the mail to subscribers, in ASCII: the title, or the rule for a title with other letters, which is in the message anyway. */
function subjectOf(message: Message, { rule }: Delivery): string {
  const subject = [plainTitle(message), rule].map(inAscii).find((line) => line !== undefined) ?? 'Notification';
  return cutText(subject, MAX_SUBJECT, BYTES, () => '...');
}

/** The text in one line without accents; undefined if it has other letters. */
function inAscii(text: string): string | undefined {
  const line = cleanLine(text)
    .normalize('NFKD')
    .replace(/\p{Mn}+/gu, '')
    .replace(/[‘’]/g, "'")
    .replace(/[–—]/g, '-');
  return /^[!-~][ -~]*$/.test(line) ? line : undefined;
}

/** Attributes, by which subscriptions can filter. https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html */
function attributesOf({ priority, tags }: Message, { rule, status }: Delivery): Record<string, string> {
  const list = JSON.stringify(tags.map(cleanLine));
  const attributes: readonly (readonly [name: string, type: string, value: string])[] = [
    ['priority', 'String', priority],
    ['status', 'String', status],
    ['rule', 'String', cleanLine(rule)],
    ...(tags.length > 0 && byteLength(list) <= MAX_TAG_BYTES ? [['tags', 'String.Array', list] as const] : []),
  ];
  return entriesOf(attributes);
}

/** Messages to phones are sent at once, and not at the lowest price. */
const TRANSACTIONAL = [['AWS.SNS.SMS.SMSType', 'String', 'Transactional']] as const;

const entriesOf = (
  attributes: readonly (readonly [name: string, type: string, value: string])[],
): Record<string, string> =>
  Object.fromEntries(
    attributes.flatMap(([name, type, value], index) => {
      const entry = `MessageAttributes.entry.${index + 1}`;
      return [
        [`${entry}.Name`, name],
        [`${entry}.Value.DataType`, type],
        [`${entry}.Value.StringValue`, value],
      ];
    }),
  );

const toPhone = (message: Message, to: string, segments: number | undefined): Record<string, string> => ({
  PhoneNumber: to,
  Message: smsText(message, { characters: MAX_TEXT, segments }),
  ...entriesOf(TRANSACTIONAL),
});

const toTopic = (message: Message, topic: string, delivery: Delivery): Record<string, string> => ({
  TopicArn: topic,
  Subject: subjectOf(message, delivery),
  Message: fitText(layoutOf(message, PLAIN), MAX_BYTES - ATTRIBUTE_BYTES),
  ...attributesOf(message, delivery),
  // A topic with order drops a repeated id for 5 minutes.
  ...(topic.endsWith('.fifo') && {
    MessageGroupId: alertKeyHash(message, delivery),
    MessageDeduplicationId: delivery.id,
  }),
});

const CONTENT_TYPE = 'application/x-www-form-urlencoded; charset=utf-8';

const elementOf = (xml: string, name: string): string | undefined => {
  const text = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
  return text === undefined ? undefined : plainFromHtml(text);
};

/** Amazon SNS. https://docs.aws.amazon.com/sns/latest/api/API_Publish.html */
export const sns = defineHttpChannel({
  type: 'sns',
  summary: 'Topics of Amazon SNS, and text messages over it',
  documentation: 'https://docs.aws.amazon.com/sns/latest/api/API_Publish.html',
  setup: [
    'In the console of Amazon SNS make a topic and copy its ARN; add subscriptions, which must be confirmed.',
    'In IAM create a user with a policy that allows `sns:Publish`, and an access key for it.',
    'For text messages to numbers in `to`, leave the sandbox under Text messaging (SMS).',
  ],
  example: {
    region: 'eu-west-1',
    access_key_id: '${env:AWS_ACCESS_KEY_ID}',
    secret_access_key: '${env:AWS_SECRET_ACCESS_KEY}',
    topic_arn: 'arn:aws:sns:eu-west-1:123456789012:alerts',
  },
  receipt: 'id of the message',
  api: ({ region }) => awsEndpoint('sns', region),
  settings: {
    ...awsSettings(),
    topic_arn: Type.Optional(
      Type.String({
        description: 'The topic that gets the message.',
        examples: ['arn:aws:sns:eu-west-1:123456789012:alerts'],
      }),
    ),
    to: Type.Optional(phoneNumbers('Phone numbers that get a text message, in place of a topic.')),
    segments: segmentsSetting(),
  },
  limits: { text: '256 KiB; 1,600 UTF-16 units to a phone' },
  supports: { kept: 'priority tags to', text: 'markdown html link actions fields image' },
  markup: PLAIN,
  names: { to: phoneFault },
  check,
  recipients: (message, { topic_arn, to = [] }) => message.to ?? (topic_arn === undefined ? to : [topic_arn]),
  request(message, { settings, api, to, io, now }) {
    const isTopic = to === settings.topic_arn;
    if (!isTopic) requirePhone(to, phoneFault, 'sns.bad_recipient');
    const parameters = isTopic ? toTopic(message, to, io.delivery) : toPhone(message, to, settings.segments);
    const form = new URLSearchParams({ Action: 'Publish', Version: '2010-03-31', ...parameters });
    const body = form.toString();
    const url = `${api}/`;
    return { url, text: body, headers: signedHeaders(settings, 'sns', { url, contentType: CONTENT_TYPE, body, now }) };
  },
  answers: {
    read({ text }) {
      const id = elementOf(text, 'MessageId');
      if (id !== undefined && text.includes('<PublishResult>')) return { ok: true, id };
      const code = elementOf(text, 'Code') ?? '';
      return /^[\w.]+$/.test(code) ? { ok: false, code, message: elementOf(text, 'Message') ?? '' } : undefined;
    },
    codes: {
      ...AWS_CODES,
      ...each(
        'InvalidParameter InvalidParameterValue ParameterValueInvalid ValidationError',
        permanent('the message is not valid'),
      ),
      NotFound: misconfigured('there is no such topic'),
      ...each('EndpointDisabled PlatformApplicationDisabled', misconfigured('the destination is disabled')),
      ...each(
        'KMSAccessDenied KMSDisabled KMSInvalidState KMSNotFound KMSOptInRequired',
        misconfigured('the topic is encrypted, and its key cannot be used'),
      ),
      KMSThrottling: rateLimited('too many requests for the key of the topic'),
      InternalError: transient('the service has an error'),
    },
    meaning: ({ message }) => clockMeaning(message),
  },
});
