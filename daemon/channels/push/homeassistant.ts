import type { Priority } from '../../core/message/message.ts';
import { Type } from '../../core/schema/type.ts';
import { alertKeyHash } from '../kit/alert-key.ts';
import { hexColourOf, separateParts, soundPriorityOf } from '../kit/chat/parts.ts';
import { misconfigured, permanent } from '../kit/http/answers.ts';
import { defineHttpChannel } from '../kit/http/define.ts';
import { key } from '../kit/http/settings.ts';
import { COMMONMARK, fitText, layoutOf, PLAIN } from '../kit/text/layout.ts';
import { plainTitle } from '../kit/text/plain.ts';
import { cutToBytes } from '../kit/text/text.ts';

const MAX_TITLE_BYTES = 250;
/** Bytes of the text. The push services of phones take 4,096 with everything else. https://companion.home-assistant.io/docs/notifications/notification-details */
const MAX_MESSAGE_BYTES = 2500;
const MAX_ACTIONS = 3;

/** Effect on phones: Android reads `ttl`, `priority` and `importance`, an iPhone reads `push`. https://companion.home-assistant.io/docs/notifications/critical-notifications */
const EFFECTS: Readonly<Record<Priority, object>> = {
  min: { importance: 'min', push: { 'interruption-level': 'passive' } },
  low: { importance: 'low', push: { 'interruption-level': 'passive' } },
  normal: {},
  high: { ttl: 0, priority: 'high', importance: 'high', push: { 'interruption-level': 'time-sensitive' } },
  urgent: {
    ttl: 0,
    priority: 'high',
    importance: 'max',
    push: { 'interruption-level': 'critical', sound: { name: 'default', critical: 1, volume: 1 } },
  },
};

const PERSISTENT = 'persistent_notification';

/** Home Assistant. https://developers.home-assistant.io/docs/api/rest/ https://companion.home-assistant.io/docs/notifications/notifications-basic */
export const homeassistant = defineHttpChannel({
  type: 'homeassistant',
  summary: 'Notifications of Home Assistant, on its page or on phones',
  documentation: 'https://developers.home-assistant.io/docs/api/rest/',
  setup: [
    'Open your profile in Home Assistant, Security, and create a long-lived access token.',
    'Take the name of a notify action from Developer tools, Actions, such as `notify.mobile_app_phone`.',
    'Give an address, or a name that the DNS knows, as `api`: Belfry does not look up `.local` names.',
  ],
  example: { api: 'http://homeassistant.lan:8123', token: '${env:HASS_TOKEN}', service: 'notify.mobile_app_phone' },
  settings: {
    token: key('A long-lived access token.', '${env:HASS_TOKEN}'),
    service: Type.Optional(
      Type.String({
        description:
          'The notify action of a phone or of a group, or `persistent_notification` for the page of Home Assistant.',
        examples: ['notify.mobile_app_phone'],
        default: PERSISTENT,
        pattern: '^(?:notify\\.)?[a-z0-9_]{1,200}$',
      }),
    ),
  },
  keys: { token: '' },
  // The answer comes when the action is done, or after ten seconds.
  limits: { timeout: '20s', text: '2,500 bytes, so that phones get the whole notification' },
  supports: { kept: 'priority link image actions replace_key', text: 'markdown html fields' },
  markup: COMMONMARK,
  request(message, { settings: { token, service = PERSISTENT }, api, io: { delivery } }) {
    const call = (action: string, json: object) => ({
      url: `${api}/api/services/${action}`,
      headers: { authorization: `Bearer ${token.reveal()}` },
      json,
    });
    const tag = `belfry_${alertKeyHash(message, delivery)}`;
    const title = cutToBytes(plainTitle(message), MAX_TITLE_BYTES);
    if (service === PERSISTENT) {
      // The page shows Markdown. A notification with the same id takes the place of the earlier one.
      const text = fitText(layoutOf(message, COMMONMARK, { untitled: true }), MAX_MESSAGE_BYTES);
      return call(`${PERSISTENT}/create`, { title, message: text, notification_id: tag });
    }
    const places = { link: true, image: true, actions: MAX_ACTIONS };
    const { link, image, buttons, rest } = separateParts(message, places);
    const notify = `notify/${service.replace(/^notify\./, '')}`;
    const shown = call(notify, {
      title,
      message: fitText(layoutOf(rest, PLAIN, { untitled: true }), MAX_MESSAGE_BYTES),
      data: {
        tag,
        color: hexColourOf(message, delivery),
        ...EFFECTS[soundPriorityOf(message, delivery)],
        // The first is for an iPhone, the second for Android.
        ...(link !== undefined && { url: link, clickAction: link }),
        ...(image !== undefined && { image }),
        ...(buttons.length > 0 && {
          actions: buttons.map(({ label, address }) => ({ action: 'URI', title: label, uri: address })),
        }),
      },
    });
    if (delivery.status !== 'resolved') return shown;
    // A critical notification of an iPhone is not replaced by a later one, so it is cleared.
    return [call(notify, { message: 'clear_notification', data: { tag } }), shown];
  },
  answers: {
    // Success is a list of the states that the action has changed, often an empty one.
    read({ status, text, json: { message } }) {
      if (status === 200 && /^\s*\[/.test(text)) return { ok: true };
      if (status < 400 || status >= 500) return undefined;
      return { ok: false, code: status, ...(typeof message === 'string' && { message }) };
    },
    codes: {
      400: permanent('there is no such notify action, or it does not take this message'),
      401: misconfigured('the access token is refused'),
      403: misconfigured('Home Assistant has blocked this address, or the user may not do this'),
      404: misconfigured('there is no Home Assistant with the API at this address'),
    },
  },
});
