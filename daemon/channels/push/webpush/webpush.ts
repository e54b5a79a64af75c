import type { Receipt } from '../../../core/delivery/delivery.ts';
import type { VapidKeys, WebPushSubscription } from '../../../core/delivery/web-push.ts';
import type { Message } from '../../../core/message/message.ts';
import { SendFailure } from '../../../core/problems/failure.ts';
import { oneOrMany, strict } from '../../../core/schema/fields.ts';
import { Type } from '../../../core/schema/type.ts';
import { Scrubber } from '../../../lib/secrets/scrubber.ts';
import { sha256 } from '../../../lib/sha256.ts';
import { parseDuration } from '../../../lib/time/duration.ts';
import { type ChannelTools, defineChannel, type Notifier, type SendIo, supports } from '../../channel.ts';
import { type Answers, judgeAnswer } from '../../kit/http/answers.ts';
import { isSuccess } from '../../kit/http/failures.ts';
import { checkRecipients, recipientFaultUnless } from '../../kit/recipients/names.ts';
import { vapidAuthorization } from '../../kit/signing/vapid.ts';
import { SeveralRecipients } from '../../kit/recipients/several.ts';
import { linkAddress } from '../../kit/text/escape.ts';
import { fitJson, fitText, layoutOf, PLAIN, without } from '../../kit/text/layout.ts';
import { plainTitle } from '../../kit/text/plain.ts';
import { byteLength, cutToBytes } from '../../kit/text/text.ts';
import { encrypt, MAX_TEXT_BYTES, topicOf } from './encryption.ts';

const MAX_TITLE_BYTES = 250;
/** Browsers show two buttons at most. https://notifications.spec.whatwg.org/#maximum-number-of-actions */
const MAX_ACTIONS = 2;
const MAX_ADDRESS_BYTES = 512;
const DEFAULT_TTL_MS = 24 * 60 * 60 * 1000;

/** https://www.rfc-editor.org/rfc/rfc8030#section-5.3 */
const URGENCY = { min: 'very-low', low: 'low', normal: 'normal', high: 'high', urgent: 'high' } as const;

const userFault = recipientFaultUnless(
  /^[^\p{Cc}*]{1,128}$/u,
  'write the user of a token with the scope `stream:USER`',
  'the name of a user',
);

const settings = strict({
  to: oneOrMany(Type.String({ minLength: 1, maxLength: 128 }), {
    description: 'Users whose browsers get the message; each subscribes on the page `/v1/webpush`.',
    examples: [['alice', 'bob']],
  }),
  contact: Type.String({
    description: 'Address at which the operator of a push service can reach you: a `mailto:` or `https:` URL.',
    examples: ['mailto:ops@example.com'],
    pattern: '^(?:mailto:[^\\s@]+@[^\\s@]+|https://\\S+)$',
  }),
});

/** Answers of push services: https://www.rfc-editor.org/rfc/rfc8030#section-5 https://developer.mozilla.org/docs/Web/API/Push_API */
const ANSWERS: Answers = {
  // The `location` of the message is a credential of the push service, so the receipt does not have it.
  read: ({ status }) => (isSuccess(status) ? { ok: true } : undefined),
  statuses: {
    400: { message: 'the push service does not accept the request' },
    401: { message: 'the subscription belongs to another key of this daemon' },
    403: { message: 'the subscription belongs to another key of this daemon' },
    404: { message: 'the subscription has ended' },
    410: { message: 'the subscription has ended' },
  },
};

/** Codes after which a browser is not tried again. */
const ENDED = new Set(['http.404', 'http.410']);

/** Web Push. https://www.rfc-editor.org/rfc/rfc8030 */
export const webpush = defineChannel({
  type: 'webpush',
  summary: 'Notifications in browsers and on phones without an app, over Web Push',
  documentation: 'https://www.rfc-editor.org/rfc/rfc8030',
  setup: [
    'Make the daemon reachable over https, and set `daemon.public_url`: browsers subscribe only there.',
    'Give each user a token with the scope `stream:USER`.',
    'Each user opens `/v1/webpush` on the phone or computer, pastes the token and allows notifications; on an iPhone, first add the page to the home screen.',
  ],
  example: { to: 'alice', contact: 'mailto:ops@example.com' },
  settings,
  limits: { text: '3,993 bytes for title, text and links together' },
  supports: supports({ kept: 'priority link image actions replace_key to', text: 'markdown html fields' }),
  idempotent: false,
  publicServersOnly: true,
  names: { to: userFault },
  check: ({ to }) =>
    to.flatMap((name, index) => {
      const fault = userFault(name);
      return fault === undefined ? [] : [{ pointer: `/to/${index}`, ...fault }];
    }),
  open: ({ to, contact }, tools) => new WebPushNotifier(to, contact, tools),
});

class WebPushNotifier implements Notifier {
  readonly #to: readonly string[];
  readonly #contact: string;
  readonly #tools: ChannelTools;
  readonly #several: SeveralRecipients;

  constructor(to: readonly string[], contact: string, tools: ChannelTools) {
    this.#to = to;
    this.#contact = contact;
    this.#tools = tools;
    this.#several = new SeveralRecipients(tools.log, false);
  }

  async send(message: Message, io: SendIo): Promise<Receipt> {
    checkRecipients(message.to, 'webpush.bad_recipient');
    const devices = await this.#devices([...new Set(message.to ?? this.#to)]);
    const names = [...devices.keys()];
    if (names.length === 0)
      throw new SendFailure('permanent', 'webpush.no_subscription', 'no browser of these users is subscribed');
    const keys = await this.#tools.subscriptions.keys();
    const sendTo = async (name: string): Promise<Receipt> => {
      try {
        return await this.#post(devices.get(name)!, message, keys, io);
      } catch (error) {
        throw error instanceof SendFailure ? ofOneBrowser(error) : error;
      }
    };
    return await this.#several.send(names, io.delivery.id, sendTo);
  }

  /** Browsers by a name that shows no credential. */
  async #devices(users: readonly string[]): Promise<Map<string, Device>> {
    const lists = await Promise.all(
      users.map(async (user) => {
        const subscriptions = await this.#tools.subscriptions.of(user);
        return subscriptions.map((subscription) => [nameOf(user, subscription), { user, subscription }] as const);
      }),
    );
    return new Map(lists.flat());
  }

  async #post({ user, subscription }: Device, message: Message, keys: VapidKeys, io: SendIo): Promise<Receipt> {
    const { http, clock, subscriptions } = this.#tools;
    const { endpoint } = subscription;
    const ttl = (message.ttl === undefined ? undefined : parseDuration(message.ttl)) ?? DEFAULT_TTL_MS;
    const answer = await http.request({
      url: endpoint,
      headers: {
        'user-agent': 'Belfry',
        authorization: vapidAuthorization(keys, endpoint, this.#contact, clock.now()),
        'content-type': 'application/octet-stream',
        'content-encoding': 'aes128gcm',
        ttl: `${Math.floor(ttl / 1000)}`,
        urgency: URGENCY[message.priority],
        ...(message.replace_key !== undefined && { topic: topicOf(message.replace_key) }),
      },
      body: encrypt(Buffer.from(JSON.stringify(payloadOf(message, io, subscription.page))), subscription),
      ending: io.ending,
    });
    const text = withoutEndpoint(answer.text, endpoint);
    const judged = judgeAnswer('webpush', ANSWERS, { ...answer, text }, clock.now());
    if (!(judged instanceof SendFailure)) return judged;
    if (ENDED.has(judged.code)) await subscriptions.end(user, endpoint);
    throw judged;
  }
}

/** Failure of one browser. Its user chose the server, so no fault of that server may stop or pause the channel for the others. */
function ofOneBrowser({ class: failureClass, code, message, detail }: SendFailure): SendFailure {
  const { misconfigured: _misconfigured, rateLimited: _rateLimited, refusedAt: _refusedAt, ...rest } = detail;
  return new SendFailure(failureClass, code, message, { ...rest, ofRecipient: true });
}

/** Answer of a push service without the endpoint, which it may repeat and which is a credential. */
function withoutEndpoint(text: string, endpoint: string): string {
  if (text === '') return text;
  const scrubber = new Scrubber();
  scrubber.add(endpoint);
  return scrubber.scrubAnswer(text);
}

/** User, and a part of the hash of the endpoint, which is a credential. */
const nameOf = (user: string, { endpoint }: WebPushSubscription): string => `${user} ${sha256(endpoint).slice(0, 8)}`;

interface Device {
  readonly user: string;
  readonly subscription: WebPushSubscription;
}

/** Address for a link; undefined if it alone would fill the message. */
function shortAddress(url: string): string | undefined {
  const address = linkAddress(url);
  return address === undefined || byteLength(address) > MAX_ADDRESS_BYTES ? undefined : address;
}

/**
 * Declarative message, which iOS shows by itself and the service worker of the page shows elsewhere.
 * https://www.w3.org/TR/push-api/#declarative-push-message
 */
function payloadOf(message: Message, { delivery }: SendIo, page: string): unknown {
  const image = shortAddress(message.image ?? '');
  const actions = (message.actions ?? []).flatMap(({ label, url }, index) => {
    const navigate = shortAddress(url);
    return navigate === undefined || index >= MAX_ACTIONS
      ? []
      : [{ action: `${index}`, title: cutToBytes(label, MAX_TITLE_BYTES), navigate }];
  });
  const shown = actions.length === (message.actions ?? []).length ? without(message, 'actions') : message;
  const layout = layoutOf(without(shown, 'link', 'image'), PLAIN, { untitled: true });
  return fitJson(
    (room) => ({
      web_push: 8030,
      notification: {
        title: cutToBytes(plainTitle(message), MAX_TITLE_BYTES),
        body: fitText(layout, room),
        navigate: shortAddress(message.link ?? '') ?? page,
        timestamp: delivery.createdAt,
        silent: message.priority === 'min' || message.priority === 'low',
        require_interaction: message.priority === 'urgent',
        ...(message.replace_key !== undefined && { tag: topicOf(message.replace_key) }),
        ...(image !== undefined && { image }),
        ...(actions.length > 0 && { actions }),
      },
      id: delivery.id,
    }),
    MAX_TEXT_BYTES,
  );
}
