import { isObject } from '../../core/values/json.ts';
import { jsonOf, misconfigured, permanent, transient, textIn } from '../kit/http/answers.ts';
import { defineHttpChannel } from '../kit/http/define.ts';
import { key } from '../kit/http/settings.ts';
import { fitText, layoutOf } from '../kit/text/layout.ts';
import { plainTitle } from '../kit/text/plain.ts';
import { cutToBytes } from '../kit/text/text.ts';
import { MARKDOWN_PAGE } from './page-markup.ts';

/** Bytes; no limit is documented, and the notification of the phone shows far less. */
const MAX_TITLE_BYTES = 300;
const MAX_TEXT_BYTES = 20_000;

/** Error of one device in the result, which is the JSON text of a push gateway; empty if the device was reached. */
function deviceError(result: unknown): string {
  const { logs } = jsonOf(textIn(result));
  const errors = (Array.isArray(logs) ? logs : []).filter(isObject).map(({ error }) => textIn(error));
  return errors.find((error) => error !== '') ?? '';
}

/** PushDeer. https://github.com/easychen/pushdeer */
export const pushdeer = defineHttpChannel({
  type: 'pushdeer',
  summary: 'The devices of a PushDeer user',
  documentation: 'https://github.com/easychen/pushdeer',
  setup: [
    'Install the app PushDeer, sign in, and register the device under Devices.',
    'Add a key under Keys and copy it (`PDU...`).',
    'With a server of your own set `api` to its address.',
  ],
  example: { key: '${env:PUSHDEER_KEY}' },
  api: 'https://api2.pushdeer.com',
  settings: { key: key('The key of the user (pushkey).', '${env:PUSHDEER_KEY}') },
  keys: { key: '' },
  limits: { text: 'no documented limit; Belfry cuts at 20,000 bytes' },
  supports: { kept: 'markdown image', text: 'html link actions fields' },
  markup: MARKDOWN_PAGE,
  request: (message, { settings, api }) => ({
    url: `${api}/message/push`,
    form: {
      pushkey: settings.key.reveal(),
      text: cutToBytes(plainTitle(message), MAX_TITLE_BYTES) || '…',
      desp: fitText(layoutOf(message, MARKDOWN_PAGE, { untitled: true }), MAX_TEXT_BYTES),
      type: 'markdown',
    },
  }),
  answers: {
    read({ json: { code, error, content } }) {
      if (typeof code !== 'number') return undefined;
      if (code !== 0) return { ok: false, code, message: textIn(error) };
      const { result } = (content ?? {}) as { readonly result?: unknown };
      // A wrong key is answered like a right one, without a result.
      if (!Array.isArray(result) || result.length === 0) return { ok: false, code: 'no_device' };
      const errors = result.map(deviceError);
      const [first] = errors;
      return errors.includes('') ? { ok: true } : { ok: false, code: 'not_delivered', message: first! };
    },
    codes: {
      no_device: misconfigured('the key is wrong, or no device is registered'),
      not_delivered: permanent('no device was reached'),
      80403: misconfigured('the key is refused'),
      80501: permanent('the request is not valid'),
      80502: transient('the push gateway has an error'),
    },
  },
});
