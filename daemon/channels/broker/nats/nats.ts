import type { SettingProblem } from '../../../core/compile/registry.ts';
import { secret, strict, template } from '../../../core/schema/fields.ts';
import { type Static, Type } from '../../../core/schema/type.ts';
import type { Connection, Opening } from '../../kit/broker/connection.ts';
import { type NameForm, renderName } from '../../kit/broker/content.ts';
import { defineBrokerChannel } from '../../kit/broker/define.ts';
import { readCredentials } from './credentials.ts';
import { greeting, NatsSession } from './session.ts';
import { type ServerForm, serverOf, serverSettings } from '../../kit/broker/server.ts';

const FORM: ServerForm = {
  schemes: { nats: { port: 4222, tls: false }, tls: { port: 4222, tls: true } },
  login: 'any',
  path: 'none',
  query: {},
  example: 'tls://user:password@host:4222',
};

const settingsSchema = strict({
  ...serverSettings(
    'The server: `nats://`, or `tls://` for TLS always; with `user:password@` or `token@` where it wants a login.',
    'tls://belfry:${env:NATS_PASSWORD}@nats.example.com',
  ),
  subject: template({
    description: 'Subject to publish to. In values of an event `.`, `*`, `>`, `$` and blanks become `_`.',
    examples: ['alerts.{{ key }}'],
  }),
  stream: Type.Optional(
    Type.String({
      description: 'Name of the JetStream stream that must store the message; without it present subscribers get it.',
      examples: ['ALERTS'],
      pattern: String.raw`^[^\s.*>/\\]+$`,
    }),
  ),
  credentials: Type.Optional(
    secret({
      description: 'Content of a `.creds` file, or the seed of an nkey.',
      examples: ['${file:/etc/belfry/nats.creds}'],
    }),
  ),
});

type Settings = Static<typeof settingsSchema>;

/** Names of subjects. https://docs.nats.io/nats-concepts/subjects */
const SUBJECT: NameForm = {
  type: 'nats',
  setting: 'subject',
  reserved: /[\s\p{Cc}\p{Cf}.*>$]/gu,
  fault(name) {
    if (/(?:^|\.)[*>](?:\.|$)/.test(name)) return 'has `*` or `>`, which are for subscribers only';
    return /[\s\p{Cc}]/u.test(name) || name.split('.').includes('') ? 'has a blank or an empty part' : undefined;
  },
  example: 'alerts.disk',
  maxBytes: 1024,
  // An empty value of an event must not make the subject invalid.
  repair: (name) =>
    name
      .split('.')
      .map((part) => (part === '' ? '_' : part))
      .join('.'),
};

/** NATS and JetStream. https://docs.nats.io/reference/reference-protocols/nats-protocol */
export const nats = defineBrokerChannel({
  type: 'nats',
  summary: 'A subject of NATS, or a stream of JetStream, with the message as JSON',
  documentation: 'https://docs.nats.io/nats-concepts/subjects',
  setup: [
    'Make a user that may publish to the subject and subscribe to `_INBOX.>`, where confirmations arrive.',
    'Put its password into the environment and the server into `url`, or refer to its `.creds` file as `credentials`.',
    'Name the `stream` where there is one (`nats stream add ALERTS --subjects "alerts.>"`), so that no message is lost.',
  ],
  example: {
    url: 'tls://belfry:${env:NATS_PASSWORD}@nats.example.com',
    subject: 'alerts.{{ key }}',
    stream: 'ALERTS',
  },
  receipt: 'stream and number of the stored message; without a stream, that somebody is subscribed',
  settings: settingsSchema,
  server: FORM,
  repeats:
    'A stream drops a repeated message for two minutes or as long as it is set to; others have the same `id`, by which readers can drop them.',
  names: ({ subject }) => [[subject, SUBJECT]],
  check,
  endpoint: ({ url }) =>
    /^tls:/i.test(url.reveal()) ? { tls: 'upgrade', upgrade: async (socket) => void (await greeting(socket)) } : {},
  connect: openNats,
});

function check(settings: Settings): SettingProblem[] {
  if (settings.credentials === undefined) return [];
  if (serverOf(settings, FORM).user !== undefined)
    return [
      {
        pointer: '/credentials',
        message: '`url` has a login, and `credentials` is another one',
        mend: 'remove one of them',
      },
    ];
  return readCredentials(settings.credentials.reveal()) === undefined
    ? [
        {
          pointer: '/credentials',
          message: '`credentials` holds no seed of a user',
          mend: 'refer to the file: `${file:/etc/belfry/nats.creds}`',
        },
      ]
    : [];
}

async function openNats(settings: Settings, opening: Opening): Promise<Connection> {
  const server = serverOf(settings, FORM);
  const plain = await opening.dial(server, { plain: true });
  const info = await opening.within(plain, greeting(plain));
  const socket = server.isSecure || info.tls_required === true ? await opening.secure(server, plain) : plain;
  const session = new NatsSession(socket, info, {
    ...settings,
    subjectFor: (message, delivery) => renderName(settings.subject, SUBJECT, message, delivery),
  });
  await opening.within(socket, session.logIn(server));
  return session;
}
