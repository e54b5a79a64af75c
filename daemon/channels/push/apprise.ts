import { oneOrMany } from '../../core/schema/fields.ts';
import { Type } from '../../core/schema/type.ts';
import { misconfigured, permanent, type CodeMeaning } from '../kit/http/answers.ts';
import { defineHttpChannel } from '../kit/http/define.ts';
import { key } from '../kit/http/settings.ts';
import { COMMONMARK, fitText, layoutOf, PLAIN } from '../kit/text/layout.ts';
import { plainTitle } from '../kit/text/plain.ts';
import { cutToBytes } from '../kit/text/text.ts';

const TYPES = { min: 'info', low: 'info', normal: 'info', high: 'warning', urgent: 'failure' } as const;
/** Bytes; Apprise cuts or divides the text for each of its services. */
const MAX_BODY_BYTES = 32_768;
const MAX_TITLE_BYTES = 250;

/** Some services may have the message and others not, so nobody knows whether a retry would repeat it. */
const PARTIAL: CodeMeaning = { class: 'unknown', message: 'at least one service of Apprise did not take the message' };

/** Apprise API. https://github.com/caronc/apprise-api#api-details */
export const apprise = defineHttpChannel({
  type: 'apprise',
  summary: 'An Apprise API server, which sends to further services',
  documentation: 'https://github.com/caronc/apprise-api',
  setup: [
    'Give the address of your Apprise API server as `api`.',
    'Save the Apprise URLs of your services there under a key, and give the `key`; or give the `urls` here.',
    'With one service for each key a message can be repeated without harm: set `delivery: { on_unknown: retry }`.',
  ],
  example: { api: 'http://apprise.internal:8000', key: '${env:APPRISE_KEY}' },
  settings: {
    key: Type.Optional(key('The key under which the server has the services.', '${env:APPRISE_KEY}')),
    urls: Type.Optional(
      oneOrMany(key('One Apprise URL.', '${env:APPRISE_URL}'), {
        description: 'Apprise URLs of the services, instead of `key`.',
        examples: ['${env:APPRISE_URL}'],
      }),
    ),
  },
  keys: { key: '' },
  limits: { timeout: '30s' },
  supports: { kept: 'markdown priority', text: 'html link image actions fields' },
  markup: COMMONMARK,
  check: ({ key, urls }) =>
    (key === undefined) === (urls === undefined)
      ? [{ pointer: '', message: 'the services are not given, or twice', mend: 'give `key` or `urls`' }]
      : [],
  request(message, { settings: { key, urls }, api, io: { delivery } }) {
    const isMarkdown = message.format === 'markdown';
    const layout = layoutOf(message, isMarkdown ? COMMONMARK : PLAIN, { untitled: true });
    return {
      url: `${api}/notify/${key === undefined ? '' : encodeURIComponent(key.reveal())}`,
      headers: { accept: 'application/json' },
      json: {
        ...(urls !== undefined && { urls: urls.map((url) => url.reveal()).join(',') }),
        title: cutToBytes(plainTitle(message), MAX_TITLE_BYTES),
        body: fitText(layout, MAX_BODY_BYTES),
        type: delivery.status === 'resolved' ? 'success' : TYPES[message.priority],
        format: isMarkdown ? 'markdown' : 'text',
      },
    };
  },
  answers: {
    read({ status, text, json: { error } }) {
      if (status === 200 && !/^\s*<!?(?:doctype|html)/i.test(text)) return { ok: true };
      if (status === 200 || status >= 500) return undefined;
      return { ok: false, code: status, ...(typeof error === 'string' && { message: error }) };
    },
    codes: {
      // An answer without content means that the message was sent to no service.
      204: misconfigured('the server has no services for this key'),
      400: permanent('the message is not valid'),
      401: misconfigured('the server wants a login'),
      403: misconfigured('the server does not allow this'),
      404: misconfigured('there is no Apprise API at this address'),
      424: PARTIAL,
    },
  },
});
