// A channel type of one's own: a push service that takes POST {api}/v1/send, a token in a header, and answers {"ok": true, "id": "..."}
// or {"ok": false, "code": 7, "reason": "..."}. docs/plugins.md explains each part.
import {
  cutText,
  defineHttpChannel,
  fitText,
  key,
  layoutOf,
  misconfigured,
  oneOrMany,
  permanent,
  PLAIN,
  plainTitle,
  rateLimited,
  Type,
  UTF16,
} from 'belfry/channel';

const LEVELS = { min: 0, low: 0, normal: 1, high: 2, urgent: 3 };

export const chime = defineHttpChannel({
  type: 'chime',
  summary: 'Push notifications over Chime',
  documentation: 'https://docs.chime.example/send',
  setup: ['Open Applications in the web console of Chime.', 'Make an application and copy its token.'],
  example: { token: '${env:CHIME_TOKEN}', to: 'phone' },
  receipt: 'id of the message',
  api: 'https://api.chime.example',
  settings: {
    token: key('The token of an application.', '${env:CHIME_TOKEN}'),
    to: oneOrMany(Type.String(), { description: 'Devices.', examples: [['phone']] }),
  },
  keys: { token: '' },
  limits: { rate: '30/1m', text: '1,000 UTF-16 units' },
  supports: { kept: 'priority to', text: 'markdown html link actions fields image' },
  markup: PLAIN,
  recipients: (message, { to }) => message.to ?? to,
  request: (message, { settings, api, to }) => ({
    url: `${api}/v1/send`,
    headers: { authorization: `Bearer ${settings.token.reveal()}` },
    json: {
      device: to,
      title: cutText(plainTitle(message), 100, UTF16),
      text: fitText(layoutOf(message, PLAIN, { untitled: true, unit: UTF16 }), 1000),
      level: LEVELS[message.priority],
    },
  }),
  answers: {
    read({ json: { ok, id, code, reason } }) {
      if (ok === true) return { ok, id: String(id) };
      return typeof code === 'number' ? { ok: false, code, message: String(reason) } : undefined;
    },
    codes: {
      3: misconfigured('the token is refused'),
      7: permanent('there is no such device'),
      9: rateLimited('too many messages'),
    },
  },
});

export const channels = [chime];
