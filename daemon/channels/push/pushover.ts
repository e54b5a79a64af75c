import { Type } from '../../core/schema/type.ts';
import { oneOrMany } from '../../core/schema/fields.ts';
import { escapeFor } from '../../core/message/escape.ts';
import { alertKeyHash } from '../kit/alert-key.ts';
import { separateParts, soundPriorityOf } from '../kit/chat/parts.ts';
import { misconfigured, permanent, rateLimited } from '../kit/http/answers.ts';
import { defineHttpChannel } from '../kit/http/define.ts';
import { untilSeconds } from '../kit/http/failures.ts';
import { key } from '../kit/http/settings.ts';
import { linkAddress } from '../kit/text/escape.ts';
import { PUSHOVER_DIALECT } from '../kit/text/dialects.ts';
import { fitText, layoutOf, type Markup, PLAIN } from '../kit/text/layout.ts';
import { renderMarkdown } from '../kit/text/markdown.ts';
import { plainTitle } from '../kit/text/plain.ts';
import { CODE_POINTS, cutText } from '../kit/text/text.ts';

const PRIORITIES = { min: -2, low: -1, normal: 0, high: 1, urgent: 2 } as const;
/** Characters. https://pushover.net/api#limits */
const MAX_MESSAGE = 1024;
const MAX_TITLE = 250;
const MAX_URL = 512;
/** Seconds between the sounds of an emergency, and until they end without an acknowledgement. The limits are 30 and 10,800. https://pushover.net/api#priority */
const EMERGENCY = { retry: '60', expire: '10800' } as const;
/** Wait after the quota of a month is used up, if the answer does not say when the next one begins. */
const QUOTA_MS = 60 * 60 * 1000;

const isShort = (link = ''): boolean => (linkAddress(link)?.length ?? 0) <= MAX_URL;

/** A few HTML tags, in which links and emphasis of Markdown are shown. https://pushover.net/api#html */
const PUSHOVER_HTML: Markup = {
  ...PLAIN,
  markdown: (source) => renderMarkdown(source, PUSHOVER_DIALECT),
  escape: (text) => escapeFor(text, 'html'),
  field: (name, value) => `<b>${name}</b>: ${value}`,
  link: (label, address) => `<a href="${escapeFor(address, 'html')}">${label || escapeFor(address, 'html')}</a>`,
};

/** Pushover. https://pushover.net/api */
export const pushover = defineHttpChannel({
  type: 'pushover',
  summary: 'Push notifications over Pushover; an urgent one sounds until somebody acknowledges it',
  documentation: 'https://pushover.net/api',
  setup: [
    'Log in at pushover.net and copy your user key, or the key of a delivery group.',
    'Choose "Create an Application/API Token" and copy the API token.',
  ],
  example: { token: '${env:PUSHOVER_TOKEN}', user: '${env:PUSHOVER_USER}' },
  receipt: 'id of the request; of an urgent message the receipt, by which its acknowledgement can be asked for',
  api: 'https://api.pushover.net',
  settings: {
    token: key('The API token of an application.', '${env:PUSHOVER_TOKEN}'),
    user: key('The key of a user or a delivery group.', '${env:PUSHOVER_USER}'),
    device: Type.Optional(
      oneOrMany(Type.String({ pattern: String.raw`^[\w-]{1,25}$` }), {
        description: 'Devices that get the message. If not set, all of the user.',
        examples: ['phone', ['phone', 'tablet']],
      }),
    ),
  },
  keys: { token: '', user: '' },
  // At most two requests at once. https://pushover.net/api#friendly
  limits: { concurrency: 2, text: '1,024 characters, 250 of the title' },
  supports: { kept: 'markdown priority link', text: 'html image actions fields' },
  markup: PLAIN,
  request(message, { settings: { token, user, device }, api, now, io: { delivery } }) {
    const { link, rest } = separateParts(message, { link: isShort(message.link) });
    const isMarkdown = message.format === 'markdown';
    const tag = alertKeyHash(message, delivery);
    const priority = soundPriorityOf(message, delivery);
    const seconds = delivery.expiresAt === undefined ? undefined : Math.ceil((delivery.expiresAt - now) / 1000);
    const layout = layoutOf(rest, isMarkdown ? PUSHOVER_HTML : PLAIN, { untitled: true, unit: CODE_POINTS });
    const sent = {
      url: `${api}/1/messages.json`,
      form: {
        token: token.reveal(),
        user: user.reveal(),
        title: cutText(plainTitle(message), MAX_TITLE, CODE_POINTS),
        message: fitText(layout, MAX_MESSAGE),
        priority: `${PRIORITIES[priority]}`,
        timestamp: `${Math.floor(delivery.createdAt / 1000)}`,
        ...(priority === 'urgent' && { ...EMERGENCY, tags: tag }),
        ...(seconds !== undefined && seconds > 0 && priority !== 'urgent' && { ttl: `${seconds}` }),
        ...(isMarkdown && { html: '1' }),
        ...(link !== undefined && { url: link, url_title: 'Open' }),
        ...(device !== undefined && { device: device.join(',') }),
      },
    };
    if (delivery.status !== 'resolved') return sent;
    // Ends the sounds of an urgent message that nobody has acknowledged. https://pushover.net/api/receipts#cancel_by_tag
    return [{ url: `${api}/1/receipts/cancel_by_tag/${tag}.json`, form: { token: token.reveal() } }, sent];
  },
  answers: {
    read({ status, headers, now, json: { status: ok, request, receipt, errors, ...json } }) {
      if (ok === 1) return { ok: true, id: `${(receipt ?? request) as string}` };
      if (ok !== 0 || status >= 500) return undefined;
      const retryAfter = untilSeconds(headers['x-limit-app-reset'], now);
      const wrong = ['token', 'user', 'device'].find((name) => json[name] === 'invalid');
      return {
        ok: false,
        code: status === 429 ? 429 : (wrong ?? 'refused'),
        message: Array.isArray(errors) ? errors.join('; ') : '',
        ...(retryAfter !== undefined && { retryAfter }),
      };
    },
    codes: {
      token: misconfigured('the API token is refused'),
      user: misconfigured('the user key is refused'),
      device: misconfigured('the user has no such device'),
      429: rateLimited('the quota of this month is used up'),
      refused: permanent('the message is refused'),
    },
    // Without the header the time of the next quota is not known.
    meaning: ({ code, retryAfter }) =>
      code === 429 && retryAfter === undefined
        ? rateLimited('the quota of this month is used up', QUOTA_MS)
        : undefined,
  },
});
