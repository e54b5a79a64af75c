import { Type } from '../../core/schema/type.ts';
import { alertKey } from '../kit/alert-key.ts';
import { each, misconfigured, permanent, rateLimited } from '../kit/http/answers.ts';
import { defineHttpChannel } from '../kit/http/define.ts';
import { secondsOf } from '../kit/http/failures.ts';
import { key } from '../kit/http/settings.ts';
import { fitText, layoutOf, type Markup, PLAIN, without } from '../kit/text/layout.ts';
import { plainFields, plainTitle } from '../kit/text/plain.ts';
import { cleanLine, cutText, UTF16 } from '../kit/text/text.ts';

const PRIORITIES = { min: 'P5', low: 'P4', normal: 'P3', high: 'P2', urgent: 'P1' } as const;
/** Limits in characters. https://docs.opsgenie.com/docs/alert-api#create-alert */
const MAX_MESSAGE = 130;
const MAX_ALIAS = 512;
const MAX_DESCRIPTION = 15_000;
const MAX_ENTITY = 512;
const MAX_TAGS = 20;
const MAX_TAG = 50;
const MAX_DETAILS = 8000;
const MAX_NOTE = 25_000;

const HOSTS = { us: 'https://api.opsgenie.com', eu: 'https://api.eu.opsgenie.com' } as const;

/** Plain text in which no HTML tag can begin, since the web console shows some tags. */
const TAGLESS: Markup = { ...PLAIN, escape: (text) => text.replaceAll('<', '＜') };

/**
 * Opsgenie, and Jira Service Management with its base URL as `api`. https://docs.opsgenie.com/docs/alert-api
 * An accepted request is processed later. Its result is not asked for, since it may come at any time after the answer.
 */
export const opsgenie = defineHttpChannel({
  type: 'opsgenie',
  summary: 'Alerts of Opsgenie or Jira Service Management, which are closed by themselves',
  documentation: 'https://docs.opsgenie.com/docs/alert-api',
  setup: [
    'Open Teams, the team, Integrations in Opsgenie, add "API", turn it on and copy its key.',
    'For an account in the EU set `region: eu`. Opsgenie ends on 2027-04-05.',
    'For Jira Service Management make an API integration of the operations team and set `api: https://api.atlassian.com/jsm/ops/integration`.',
  ],
  example: { key: '${env:OPSGENIE_KEY}', region: 'eu', delivery: { order: 'key' } },
  receipt: 'id of the request; Opsgenie has accepted it and processes it later',
  api: ({ region }) => HOSTS[region ?? 'us'],
  settings: {
    key: key('The key of an API integration.', '${env:OPSGENIE_KEY}'),
    region: Type.Optional(
      Type.Unsafe<keyof typeof HOSTS>({
        type: 'string',
        enum: Object.keys(HOSTS),
        description: 'The region of the account.',
        examples: ['eu'],
        default: 'us',
      }),
    ),
  },
  keys: { key: '' },
  limits: { text: '130 characters of the title, 15,000 of the text' },
  supports: { kept: 'priority tags fields replace_key', text: 'markdown html link image actions' },
  markup: TAGLESS,
  // A repeated request with the same alias raises the count of the open alert.
  idempotent: true,
  request(message, { settings: { key }, api, io: { delivery } }) {
    const headers = { authorization: `GenieKey ${key.reveal()}` };
    const alias = alertKey(message, delivery, MAX_ALIAS);
    const title = cutText(plainTitle(message), MAX_MESSAGE, UTF16) || cleanLine(delivery.rule);
    const fields = plainFields(message);
    const isDetailed = JSON.stringify(fields).length <= MAX_DETAILS;
    const shown = isDetailed ? without(message, 'fields') : message;
    if (delivery.status === 'resolved') {
      const note = fitText(layoutOf(message, TAGLESS, { unit: UTF16 }), MAX_NOTE);
      const url = `${api}/v2/alerts/${encodeURIComponent(alias)}/close?identifierType=alias`;
      return { url, headers, json: { source: 'Belfry', note } };
    }
    const { subject, source } = delivery.event;
    return {
      url: `${api}/v2/alerts`,
      headers,
      json: {
        message: title,
        alias,
        description: fitText(layoutOf(shown, TAGLESS, { untitled: true, unit: UTF16 }), MAX_DESCRIPTION),
        priority: PRIORITIES[message.priority],
        tags: message.tags.slice(0, MAX_TAGS).map((tag) => cutText(cleanLine(tag), MAX_TAG, UTF16)),
        ...(isDetailed && { details: fields }),
        entity: cutText(cleanLine(subject ?? source), MAX_ENTITY, UTF16),
        source: 'Belfry',
      },
    };
  },
  answers: {
    // https://docs.opsgenie.com/docs/response https://docs.opsgenie.com/docs/api-rate-limiting
    read({ status, headers, json: { requestId, result, message } }) {
      if (status === 202 && typeof requestId === 'string') return { ok: true, id: requestId };
      if (typeof message !== 'string' || result !== undefined) return undefined;
      const retryAfter = secondsOf(Number.parseInt(headers['x-ratelimit-period-in-sec'] ?? '', 10));
      return { ok: false, code: status, message, ...(retryAfter !== undefined && { retryAfter }) };
    },
    codes: {
      400: permanent('the request is not valid'),
      401: misconfigured('the key is wrong, or the integration is off'),
      402: misconfigured('the plan of the account does not allow this'),
      403: misconfigured('the key may not create alerts'),
      ...each('404 405 410', misconfigured('there is no alert API at this address')),
      422: permanent('a field of the request is not valid'),
      429: rateLimited('too many requests'),
    },
  },
});
