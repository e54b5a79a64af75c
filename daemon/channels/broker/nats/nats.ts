import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { SettingProblem } from '../../../core/compile/registry.ts';
import type { Receipt } from '../../../core/delivery/delivery.ts';
import type { Message } from '../../../core/message/message.ts';
import { SendFailure } from '../../../core/problems/failure.ts';
import { secret, strict, template } from '../../../core/schema/fields.ts';
import { type Static, Type } from '../../../core/schema/type.ts';
import { defineChannel, type SendIo } from '../../channel.ts';
import { type Connection, ended, type Opening, openBroker } from '../../kit/broker/connection.ts';
import { checkName, JSON_SUPPORTS, JSON_TYPE, jsonOf, type NameForm, renderName } from '../../kit/broker/content.ts';
import { readCredentials } from './credentials.ts';
import { NatsParser, publication, type ServerInfo, type ServerMessage } from './protocol.ts';
import { natsFailure, streamReceipt } from './refusals.ts';
import {
  checkServer,
  type Server,
  type ServerForm,
  serverOf,
  serverSettings,
  usesServer,
} from '../../kit/broker/server.ts';
import { Wire } from '../../kit/broker/wire.ts';

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
export const nats = defineChannel({
  type: 'nats',
  summary: 'Publishes the message as JSON to a subject of NATS, or stores it in a JetStream stream.',
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
  limits: {},
  supports: JSON_SUPPORTS,
  repeats:
    'A stream drops a repeated message for two minutes or as long as it is set to; others have the same `id`, by which readers can drop them.',
  // A stream drops a repeated Nats-Msg-Id; other subscribers are programs, and each attempt has the same `id`.
  idempotent: true,
  check,
  uses: (settings) =>
    usesServer(
      settings,
      FORM,
      /^tls:/i.test(settings.url.reveal())
        ? { tls: 'upgrade', upgrade: async (socket) => void (await greeting(socket)) }
        : {},
    ),
  open: (settings, tools) => openBroker('nats', tools, (opening) => openNats(settings, opening)),
});

function check(settings: Settings): SettingProblem[] {
  const problems = [...checkServer(settings, FORM), ...checkName(settings.subject, SUBJECT)];
  if (problems.length > 0 || settings.credentials === undefined) return problems;
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

/** Answer to a publication: the reply of a stream, or the PONG that follows it. */
type Answer = StreamReply | { readonly kind: 'pong' };
type StreamReply = Extract<ServerMessage, { kind: 'message' }>;

async function openNats(settings: Settings, opening: Opening): Promise<Connection> {
  const server = serverOf(settings, FORM);
  const plain = await opening.dial(server, { plain: true });
  const info = await opening.within(plain, greeting(plain));
  const socket = server.isSecure || info.tls_required === true ? await opening.secure(server, plain) : plain;
  const session = new NatsSession(socket, info, settings);
  await opening.within(socket, session.logIn(server));
  return session;
}

/** Reads the first line of the server, before TLS. */
function greeting(socket: Socket): Promise<ServerInfo> {
  return new Promise((resolve, reject) => {
    const parser = new NatsParser();
    const read = (chunk: Buffer): void => {
      try {
        const [first] = parser.read(chunk);
        if (first === undefined) return;
        socket.off('data', read).pause();
        if (first.kind === 'info') resolve(first.info);
        else reject(first.kind === 'error' ? natsFailure(first.text) : new Error('the first line is not INFO'));
      } catch {
        reject(new SendFailure('permanent', 'nats.garbled', 'the server does not speak NATS', { misconfigured: true }));
      }
    };
    socket.on('data', read);
    socket.once('error', reject);
    socket.once('close', () => reject(ended()));
  });
}

class NatsSession implements Connection {
  readonly #wire: Wire<Answer>;
  readonly #info: ServerInfo;
  readonly #settings: Settings;
  readonly #inbox = `_INBOX.${randomBytes(12).toString('hex')}`;
  /** Numbers of the publications and requests that a PONG answers, in their order. */
  readonly #pings: number[] = [];
  /** Subjects of the publications that are not confirmed yet. */
  readonly #subjects = new Map<number, string>();
  /** Whether the server lets this client receive answers. */
  #canReceive = true;

  constructor(socket: Socket, info: ServerInfo, settings: Settings) {
    this.#info = info;
    this.#settings = settings;
    const parser = new NatsParser();
    this.#wire = new Wire('nats', socket, (chunk) => {
      for (const message of parser.read(chunk)) this.#receive(message);
    });
    socket.resume();
  }

  get isLost(): boolean {
    return this.#wire.isLost;
  }

  close(): void {
    this.#wire.stream.destroy();
  }

  async logIn(server: Server): Promise<void> {
    const options = {
      verbose: false,
      pedantic: false,
      tls_required: server.isSecure,
      name: 'belfry',
      lang: 'node',
      version: '1',
      protocol: 1,
      headers: true,
      no_responders: true,
      ...loginOf(server, this.#settings, this.#info),
    };
    this.#write(`CONNECT ${JSON.stringify(options)}\r\nPING\r\n`);
    await this.#pong();
    this.#write(`SUB ${this.#inbox}.* 1\r\nPING\r\n`);
    await this.#pong().catch((error: unknown) => {
      // Only a stream needs answers.
      if (!(error instanceof SendFailure) || error.code !== 'nats.permission') throw error;
      this.#canReceive = false;
    });
    if (this.#settings.stream !== undefined && !this.#canReceive) {
      const message = 'the user may not subscribe to `_INBOX.>`, where the stream confirms messages';
      throw new SendFailure('permanent', 'nats.permission', message, { misconfigured: true });
    }
    this.#wire.isReady = true;
  }

  async send(message: Message, { delivery }: SendIo): Promise<Receipt> {
    const { stream, subject: setting } = this.#settings;
    const subject = renderName(setting, SUBJECT, message, delivery);
    const payload = jsonOf(message, delivery);
    if (payload.length + HEAD_BYTES > (this.#info.max_payload ?? Number.POSITIVE_INFINITY))
      throw new SendFailure('permanent', 'nats.too_large', 'the message is larger than the server accepts');
    const id = this.#wire.next();
    const answer = this.#wire.answer(id);
    const headers = {
      'Nats-Msg-Id': delivery.id,
      'Content-Type': JSON_TYPE,
      ...(stream !== undefined && { 'Nats-Expected-Stream': stream }),
    };
    const reply = this.#canReceive ? `${this.#inbox}.${id}` : undefined;
    this.#subjects.set(id, subject);
    this.#write(publication(subject, reply, this.#info.headers === false ? undefined : headers, payload));
    if (stream === undefined) this.#ping(id);
    try {
      return receiptOf(await answer, stream);
    } finally {
      this.#subjects.delete(id);
    }
  }

  #receive(message: ServerMessage): void {
    if (message.kind === 'ping') this.#write('PONG\r\n');
    else if (message.kind === 'pong') this.#wire.resolve(this.#pings.shift(), { kind: 'pong' });
    else if (message.kind === 'message')
      this.#wire.resolve(Number(message.subject.slice(this.#inbox.length + 1)), message);
    else if (message.kind === 'error') this.#refuse(message.text);
  }

  /** An error names the subject if it concerns one publication. Others concern the connection, which the server then closes. */
  #refuse(text: string): void {
    const failure = natsFailure(text);
    const subject = /^Permissions Violation for Publish to "(.*)"/i.exec(text)?.[1];
    if (subject !== undefined) {
      for (const [id, each] of this.#subjects) if (each === subject) this.#wire.reject(id, failure);
    } else if (/^Permissions Violation for Subscription/i.test(text)) this.#wire.reject(this.#pings[0], failure);
    else this.#wire.fail(failure);
  }

  async #pong(): Promise<void> {
    const id = this.#wire.next();
    const answer = this.#wire.answer(id);
    this.#pings.push(id);
    await answer;
  }

  #ping(id: number): void {
    this.#pings.push(id);
    this.#write('PING\r\n');
  }

  #write(data: string | Buffer): void {
    if (!this.#wire.isLost) this.#wire.stream.write(data);
  }
}

/** Bytes of the headers. */
const HEAD_BYTES = 512;

function loginOf({ user, password }: Server, { credentials }: Settings, { nonce = '' }: ServerInfo): object {
  const found = credentials === undefined ? undefined : readCredentials(credentials.reveal());
  if (found !== undefined) {
    const { jwt, nkey } = found;
    return { ...(jwt === undefined ? { nkey } : { jwt }), sig: found.sign(nonce) };
  }
  if (user === undefined) return {};
  return password === undefined ? { auth_token: user } : { user, pass: password };
}

function receiptOf(answer: Answer, stream: string | undefined): Receipt {
  const nobody = answer.kind === 'message' && answer.status === '503';
  if (nobody && stream !== undefined) {
    const message = 'no stream stores this subject';
    throw new SendFailure('permanent', 'nats.no_stream', message, { misconfigured: true });
  }
  if (nobody) {
    const message = 'nobody is subscribed to the subject, so that the message would be lost';
    throw new SendFailure('transient', 'nats.no_subscriber', message);
  }
  if (stream === undefined || answer.kind === 'pong') return { answer: 'published' };
  return streamReceipt(answer.payload);
}
