import { HOPS, hopsAfter } from '../../core/event/hops.ts';
import { Type } from '../../core/schema/type.ts';
import { misconfigured } from '../kit/http/answers.ts';
import { defineHttpChannel } from '../kit/http/define.ts';
import { ADDRESS_IS_CREDENTIAL } from '../kit/http/failures.ts';
import { key, notification } from '../kit/http/settings.ts';
import { linkAddress } from '../kit/text/escape.ts';
import { fitJson, PLAIN } from '../kit/text/layout.ts';
import { byteLength, cleanLine, cutToBytes, wellFormed } from '../kit/text/text.ts';

/** Size that every intermediary forwards. https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md#size-limits */
const MAX_EVENT_BYTES = 64 * 1024;
/** Bytes up to which the data of the event that caused the message is sent along. */
const MAX_DATA_BYTES = 32 * 1024;

/**
 * Value of a header: everything outside printable ASCII, blanks, quotes and `%` are percent-encoded.
 * https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md#3132-http-header-values
 */
const headerText = (text: string): string => wellFormed(text).replace(/[^!#$&-~]/gu, percentEncoded);

const percentEncoded = (character: string): string =>
  Buffer.from(character, 'utf8')
    .toString('hex')
    .replace(/../g, (byte) => `%${byte.toUpperCase()}`);

/** CloudEvents 1.0 over HTTP. https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/http-webhook.md */
export const cloudevents = defineHttpChannel({
  type: 'cloudevents',
  summary: 'CloudEvents 1.0 over HTTP, for Knative, event buses and other systems',
  documentation: 'https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md',
  setup: [
    'Give the address of an endpoint that takes CloudEvents over HTTP.',
    'If it wants a token, set `headers: { Authorization: "Bearer ${env:TOKEN}" }`.',
    'The type is `belfry.notification.firing` or `.resolved`, the subject is the key, and the data is the JSON of a webhook.',
  ],
  example: { url: '${env:EVENTS_URL}', mode: 'structured' },
  settings: {
    url: key('The address of the endpoint.', '${env:EVENTS_URL}'),
    mode: Type.Optional(
      Type.Unsafe<'structured' | 'binary'>({
        type: 'string',
        enum: ['structured', 'binary'],
        description: 'The form of an event: all of it as JSON, or its attributes as headers and its data as the body.',
        examples: ['binary'],
        default: 'structured',
      }),
    ),
  },
  limits: { text: '65,536 bytes of the whole event' },
  supports: { kept: 'markdown html priority tags link fields' },
  markup: PLAIN,
  // A receiver knows a repeated event by its source and id.
  idempotent: true,
  request(message, { settings: { mode = 'structured' }, url, io: { delivery } }) {
    const standard = notification(message, delivery);
    const { event } = standard;
    const isLarge = byteLength(JSON.stringify(event)) > MAX_DATA_BYTES;
    const attributes = {
      specversion: '1.0',
      id: delivery.id,
      source: `/belfry/rules/${encodeURIComponent(wellFormed(delivery.rule))}`,
      type: `belfry.notification.${delivery.status}`,
      ...(delivery.key !== '' && { subject: cleanLine(delivery.key) }),
      time: standard.time,
      [HOPS]: hopsAfter(delivery),
    };
    const json = fitJson(
      (room) => ({
        ...attributes,
        datacontenttype: 'application/json',
        data: {
          ...standard,
          title: cutToBytes(standard.title, Math.max(100, room / 8)),
          body: cutToBytes(standard.body, room),
          link: linkAddress(message.link ?? '') ?? null,
          event: isLarge ? { ...event, data: null } : event,
        },
      }),
      MAX_EVENT_BYTES,
    ) as { readonly data: object };
    if (mode === 'structured') {
      return { url, headers: { 'content-type': 'application/cloudevents+json; charset=UTF-8' }, json };
    }
    const headers = Object.entries(attributes).map(
      ([name, value]) => [`ce-${name}`, headerText(String(value))] as const,
    );
    return { url, headers: { 'content-type': 'application/json', ...Object.fromEntries(headers) }, json: json.data };
  },
  answers: {
    // https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/http-webhook.md#22-delivery-response
    read: ({ status }) => (status < 300 ? { ok: true } : { ok: false, code: status }),
    codes: { 415: misconfigured('the endpoint takes no CloudEvents in this form') },
    statuses: ADDRESS_IS_CREDENTIAL,
  },
});
