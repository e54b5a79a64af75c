import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Delivery, Receipt } from '../../../core/delivery/delivery.ts';
import { HOPS_HEADER, hopsAfter } from '../../../core/event/hops.ts';
import type { Message } from '../../../core/message/message.ts';
import { SendFailure } from '../../../core/problems/failure.ts';
import type { Secret } from '../../../lib/secrets/secret.ts';
import type { SendIo } from '../../channel.ts';
import { type Connection, ended } from '../../kit/broker/connection.ts';
import { JSON_TYPE, jsonOf } from '../../kit/broker/content.ts';
import type { Server } from '../../kit/broker/server.ts';
import { Wire } from '../../kit/broker/wire.ts';
import { readCredentials } from './credentials.ts';
import { NatsParser, publication, type ServerInfo, type ServerMessage } from './protocol.ts';
import { natsFailure, streamReceipt } from './refusals.ts';

/** Settings of a session. */
export interface NatsSettings {
  readonly stream?: string;
  readonly credentials?: Secret;
  readonly subjectFor: (message: Message, delivery: Delivery) => string;
}

/** Answer to a publication: the reply of a stream, or the PONG that follows it. */
type Answer = StreamReply | { readonly kind: 'pong' };
type StreamReply = Extract<ServerMessage, { kind: 'message' }>;

/** Reads the first line of the server, before TLS. */
export function greeting(socket: Socket): Promise<ServerInfo> {
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

/** Connection to a NATS server after its greeting. */
export class NatsSession implements Connection {
  readonly #wire: Wire<Answer>;
  readonly #info: ServerInfo;
  readonly #settings: NatsSettings;
  readonly #inbox = `_INBOX.${randomBytes(12).toString('hex')}`;
  /** Numbers of the publications and requests that a PONG answers, in their order. */
  readonly #pings: number[] = [];
  /** Subjects of the publications that are not confirmed yet. */
  readonly #subjects = new Map<number, string>();
  /** Whether the server lets this client receive answers. */
  #canReceive = true;

  constructor(socket: Socket, info: ServerInfo, settings: NatsSettings) {
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
    const { stream } = this.#settings;
    const subject = this.#settings.subjectFor(message, delivery);
    const payload = jsonOf(message, delivery);
    if (payload.length + HEAD_BYTES > (this.#info.max_payload ?? Number.POSITIVE_INFINITY))
      throw new SendFailure('permanent', 'nats.too_large', 'the message is larger than the server accepts');
    const id = this.#wire.next();
    const answer = this.#wire.answer(id);
    const headers = {
      'Nats-Msg-Id': delivery.id,
      'Content-Type': JSON_TYPE,
      [HOPS_HEADER]: String(hopsAfter(delivery)),
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

function loginOf({ user, password }: Server, { credentials }: NatsSettings, { nonce = '' }: ServerInfo): object {
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
