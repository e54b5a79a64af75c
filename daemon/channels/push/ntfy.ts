import type { Priority } from '../../core/message/message.ts';
import { Type } from '../../core/schema/type.ts';
import { alertKeyHash } from '../kit/alert-key.ts';
import { buttonsOf, placedAddress } from '../kit/chat/parts.ts';
import { each, misconfigured, permanent, rateLimited } from '../kit/http/answers.ts';
import { defineHttpChannel } from '../kit/http/define.ts';
import { checkLogin, loginHeader, loginSettings } from '../kit/http/login.ts';
import { COMMONMARK, fitJson, fitText, layoutOf, PLAIN, without } from '../kit/text/layout.ts';
import { plainTitle } from '../kit/text/plain.ts';
import { byteLength, cleanLine, cutToBytes } from '../kit/text/text.ts';

const PRIORITIES: Readonly<Record<Priority, number>> = { min: 1, low: 2, normal: 3, high: 4, urgent: 5 };
const MAX_MESSAGE_BYTES = 4096;
const MAX_REQUEST_BYTES = 8192;
/** Title and tags have 512 bytes together. */
const MAX_TITLE_BYTES = 250;
const MAX_TAGS_BYTES = 200;

/** Tags without commas, since a server joins them by commas. */
function tagsOf(tags: readonly string[]): string[] {
  const clean = tags.map((tag) => cleanLine(tag).replaceAll(',', ' ')).filter((tag) => tag !== '');
  return clean.filter((_, index) => byteLength(clean.slice(0, index + 1).join(',')) <= MAX_TAGS_BYTES);
}

/** ntfy: the public server or one's own. https://docs.ntfy.sh/publish/ */
export const ntfy = defineHttpChannel({
  type: 'ntfy',
  summary: 'Push notifications to phones and browsers over ntfy',
  documentation: 'https://docs.ntfy.sh/publish/',
  setup: [
    'Think of a topic that nobody can guess, and subscribe to it in the app or at https://ntfy.sh.',
    'On a server with access control make a token: `ntfy token add USER`.',
  ],
  example: { topic: 'alerts-kx83jd02' },
  receipt: 'id of the message',
  api: 'https://ntfy.sh',
  settings: {
    topic: Type.String({
      description:
        'The topic. On a public server everybody who knows it can read it, so choose one that nobody can guess.',
      examples: ['${env:NTFY_TOPIC}'],
    }),
    ...loginSettings('NTFY'),
  },
  keys: { token: '' },
  // A visitor may send 60 at once, and then one every 5 seconds.
  limits: { rate: '12/1m', text: '4,096 bytes' },
  supports: { kept: 'markdown priority tags link image actions replace_key', text: 'html fields' },
  markup: COMMONMARK,
  check: (settings) => [
    ...(/^[-\w]{1,64}$/.test(settings.topic)
      ? []
      : [{ pointer: '/topic', message: 'this is not a topic', mend: 'use 1 to 64 letters, digits, `-` and `_`' }]),
    ...checkLogin(settings),
  ],
  request(message, { settings, api, io: { delivery } }) {
    const buttons = buttonsOf(message.actions, 3, 60);
    const click = placedAddress(message.link);
    const attach = placedAddress(message.image);
    const shown = without(message, 'image', ...(buttons.length > 0 ? ['actions' as const] : []));
    const isMarkdown = message.format === 'markdown';
    const layout = layoutOf(click === undefined ? shown : without(shown, 'link'), isMarkdown ? COMMONMARK : PLAIN, {
      untitled: true,
    });
    return {
      url: `${api}/`,
      headers: loginHeader(settings),
      json: fitJson(
        (room) => ({
          topic: settings.topic,
          title: cutToBytes(plainTitle(message), MAX_TITLE_BYTES),
          message: fitText(layout, Math.min(room, MAX_MESSAGE_BYTES)),
          priority: PRIORITIES[message.priority],
          tags: tagsOf(message.tags),
          markdown: isMarkdown,
          ...(click !== undefined && { click }),
          ...(attach !== undefined && { attach }),
          // Takes the place of the earlier notification with this id, from version 2.16 of the server on; older ones show both.
          ...(message.replace_key !== undefined && { sequence_id: alertKeyHash(message, delivery) }),
          actions: buttons.map(({ label, address }) => ({ action: 'view', label, url: address })),
        }),
        MAX_REQUEST_BYTES,
      ),
    };
  },
  answers: {
    read({ json: { id, event, code, error } }) {
      if (typeof id === 'string' && event === 'message') return { ok: true, id };
      return typeof code === 'number' ? { ok: false, code, message: `${error as string}` } : undefined;
    },
    codes: {
      ...each('40101 40301', misconfigured('the login may not write to this topic')),
      ...each('40009 40010', misconfigured('the server does not accept this topic')),
      ...each('42901 42909', rateLimited('too many requests', 5000)),
      ...each('42905 42908', rateLimited('the quota of this day is used up', 3_600_000)),
      50701: permanent('nobody subscribes to this topic'),
    },
  },
});
