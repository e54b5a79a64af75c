import { alertKey } from '../kit/alert-key.ts';
import { separateParts } from '../kit/chat/parts.ts';
import { misconfigured, permanent, rateLimited } from '../kit/http/answers.ts';
import { defineHttpChannel } from '../kit/http/define.ts';
import { key } from '../kit/http/settings.ts';
import { fitJson, fitText, layoutOf, PLAIN, without } from '../kit/text/layout.ts';
import { plainFields, plainTitle } from '../kit/text/plain.ts';
import { cleanLine, CODE_POINTS, cutText } from '../kit/text/text.ts';

const SEVERITIES = { min: 'info', low: 'info', normal: 'warning', high: 'error', urgent: 'critical' } as const;
const MAX_SUMMARY = 1024;
const MAX_DEDUP_KEY = 255;
/** Limit of a whole event. https://developer.pagerduty.com/docs/events-api-v2-overview#size-limits */
const MAX_EVENT_BYTES = 512_000;
const MAX_SOURCE = 255;
const MAX_LINKS = 20;
/** Wait after 429 where the answer names none; PagerDuty advises a few minutes. */
const THROTTLED_MS = 60_000;

/** PagerDuty, Events API v2. https://developer.pagerduty.com/docs/send-alert-event */
export const pagerduty = defineHttpChannel({
  type: 'pagerduty',
  summary: 'Alerts of PagerDuty, which are resolved by themselves',
  documentation: 'https://developer.pagerduty.com/docs/send-alert-event',
  setup: [
    'Open Services, the service, Integrations in PagerDuty, and add "Events API V2".',
    'Copy the integration key of 32 characters.',
  ],
  example: { routing_key: '${env:PAGERDUTY_KEY}', delivery: { order: 'key' } },
  receipt: '`dedup_key` of the alert; PagerDuty has accepted the event and processes it later',
  api: 'https://events.pagerduty.com',
  settings: {
    routing_key: key('The integration key of a service, or of an orchestration.', '${env:PAGERDUTY_KEY}'),
  },
  keys: { routing_key: '' },
  limits: { text: '1,024 characters of the title, 512,000 bytes of the whole event' },
  supports: { kept: 'priority tags link image actions fields replace_key', text: 'markdown html' },
  markup: PLAIN,
  // A repeated event with the same `dedup_key` is added to the open alert.
  idempotent: true,
  request(message, { settings: { routing_key }, api, io: { delivery } }) {
    const url = `${api}/v2/enqueue`;
    const alert = { routing_key: routing_key.reveal(), dedup_key: alertKey(message, delivery, MAX_DEDUP_KEY) };
    if (delivery.status === 'resolved') return { url, json: { ...alert, event_action: 'resolve' } };
    const { event, rule, createdAt } = delivery;
    // A picture must be served over HTTPS.
    const places = { link: true, image: /^https:/i.test(message.image ?? ''), actions: MAX_LINKS };
    const { link, image, buttons, rest } = separateParts(message, places);
    const body = layoutOf(without(rest, 'fields'), PLAIN, { untitled: true });
    const fields = plainFields(message);
    return {
      url,
      json: fitJson(
        (room) => ({
          ...alert,
          event_action: 'trigger',
          payload: {
            summary: cutText(plainTitle(message), MAX_SUMMARY, CODE_POINTS) || cleanLine(rule),
            source: cutText(cleanLine(event.subject ?? event.source), MAX_SOURCE, CODE_POINTS) || 'belfry',
            severity: SEVERITIES[message.priority],
            timestamp: new Date(createdAt).toISOString(),
            class: cutText(cleanLine(event.type), MAX_SOURCE, CODE_POINTS),
            custom_details: {
              body: fitText(body, room),
              ...(Object.keys(fields).length > 0 && { fields }),
              ...(message.tags.length > 0 && { tags: message.tags.map(cleanLine) }),
            },
          },
          links: [
            ...(link === undefined ? [] : [{ href: link, text: 'Open' }]),
            ...buttons.map(({ label, address }) => ({ href: address, text: label })),
          ],
          images: image === undefined ? [] : [{ src: image }],
          client: 'Belfry',
        }),
        MAX_EVENT_BYTES,
      ),
    };
  },
  answers: {
    // https://developer.pagerduty.com/docs/events-api-v2-overview#response-codes--retry-logic
    read({ json: { status, dedup_key, message, errors } }) {
      if (status === 'success') return { ok: true, ...(typeof dedup_key === 'string' && { id: dedup_key }) };
      if (typeof status !== 'string') return undefined;
      const reasons = Array.isArray(errors) ? errors.join('; ') : '';
      const code = /routing.?key|invalid key/i.test(reasons) ? 'routing_key' : status.replace(/\W+/g, '_');
      return { ok: false, code, message: [message, reasons].filter(Boolean).join(': ') };
    },
    codes: {
      routing_key: misconfigured('the integration key is refused'),
      invalid_event: permanent('the event is not valid'),
      throttle_exceeded: rateLimited('too many events', THROTTLED_MS),
    },
  },
});
