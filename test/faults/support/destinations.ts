import { once } from 'node:events';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { SMTPServer } from 'smtp-server';
import { WebSocket } from 'ws';
import type { Home } from '../../support/daemon.ts';
import { type Received, Stall, type Stalled } from '../cluster/stall.ts';
import { type Addresses, MARK } from './rules.ts';

/** One message that a receiver took or refused. A digest counts for each of its events. */
export interface Arrival {
  readonly channel: string;
  readonly rule: string;
  readonly event: string;
  /** Id of the delivery, where the channel carries one. */
  readonly delivery?: string;
  /** Name of the instance that sent it, if there are several. */
  readonly sender?: string;
  readonly accepted: boolean;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Programs and servers that receive what a daemon sends by all of its channels. They outlive the daemon. */
export interface Destinations extends Addresses {
  readonly arrivals: readonly Arrival[];
  /** Reads what arrived in files and in the log since the last call. */
  collect(): Promise<void>;
  /** Connects the user of the `pushed` channel to the daemon that has just started, or to this one of several. */
  listen(home?: Home): void;
  /** Answers that the flaky endpoint refuses: one of so many. */
  flakiness: number;
  /** Whether the refusing endpoint refuses; a resend succeeds while it does not. */
  refuses: boolean;
  /** Time at which the HTTP endpoints answer. A request that comes at `later` is answered at the next `now`; one that comes at `never` stays open, and counts as nothing received. */
  answers: 'now' | 'later' | 'never';
  /** Resolves when a request of this channel has come that is not answered. */
  requested(channel: string): Promise<void>;
  /** Keeps the requests of a sender that are open now, and later ones about the same deliveries, unanswered. */
  stall(sender: string): Stalled;
  close(): Promise<void>;
}

type Answer = readonly [status: number, body?: unknown];

/** Answers of the endpoints, by the first part of the path. */
const BOTS: Readonly<Record<string, readonly [channel: string, answer: unknown]>> = {
  'cgi-bin': ['wecom', { errcode: 0, errmsg: 'ok' }],
  robot: ['dingtalk', { errcode: 0, errmsg: 'ok' }],
  'open-apis': ['feishu', { code: 0, msg: 'success', data: {} }],
};

/** `others` are further daemons, whose output is read too. */
export async function openDestinations(home: Home, others: readonly Home[] = []): Promise<Destinations> {
  const recorder = new Recorder(home, others);
  const http = await openEndpoints(recorder);
  const mail = await openMailServer(recorder);
  const programs = home.path('bin');
  await mkdir(programs);
  await writeFile(path.join(programs, 'notify-send'), '#!/bin/sh\nprintf "%s\\n" "$*" >> "$HOME/shown"\necho 1\n');
  await chmod(path.join(programs, 'notify-send'), 0o755);
  // The bus is only looked for: the stand-in of notify-send needs none.
  await writeFile(home.path('bus'), '');
  Object.assign(home.env, {
    PATH: `${programs}:${process.env.PATH}`,
    DBUS_SESSION_BUS_ADDRESS: `unix:path=${home.path('bus')}`,
    DISPLAY: ':99',
  });
  return Object.assign(recorder, {
    http: http.origin,
    mail: mail.port,
    closed: CLOSED_PORT,
    folder: home.folder,
    async close() {
      recorder.disconnect();
      await Promise.all([http.close(), mail.close()]);
    },
  });
}

/** Port at which nothing listens: a free one of the system could be given to another program meanwhile. */
const CLOSED_PORT = 1;

class Recorder {
  readonly arrivals: Arrival[] = [];
  flakiness = 4;
  refuses = true;
  #answers: Destinations['answers'] = 'now';
  /** Channel of each request that is not answered, by the call that answers it. */
  readonly #open = new Map<(status?: number) => void, Received>();
  #onRequest: (channel: string) => void = () => undefined;
  readonly #home: Home;
  readonly #others: readonly Home[];
  readonly #read = new Map<string, number>();
  readonly #logged = new Map<Home, number>();
  readonly #stalls = new Set<Stall>();
  #requests = 0;
  #socket: WebSocket | undefined;
  /** Position in the sequence of pushes. */
  #epoch: string | undefined;
  #seq = 0;

  constructor(home: Home, others: readonly Home[]) {
    this.#home = home;
    this.#others = others;
  }

  /** Records each mark in a message. */
  take(
    channel: string,
    message: string,
    accepted: boolean,
    { delivery, sender }: Omit<Received, 'channel'> = {},
  ): void {
    const at = Date.now();
    const marks = new Set([...message.matchAll(MARK)].map(([mark]) => mark));
    for (const mark of marks) {
      const [, rule, event] = mark.split('.');
      const named = { ...(delivery !== undefined && { delivery }), ...(sender !== undefined && { sender }) };
      this.arrivals.push({ channel, rule: rule!, event: event!, accepted, at, ...named });
    }
  }

  answer(channel: string): Answer {
    this.#requests += 1;
    if (channel === 'refusing' && this.refuses) return [400];
    return [channel === 'flaky' && this.#requests % this.flakiness === 0 ? 503 : 200];
  }

  get answers(): Destinations['answers'] {
    return this.#answers;
  }

  set answers(answers: Destinations['answers']) {
    this.#answers = answers;
    if (answers !== 'now') return;
    for (const answer of this.#open.keys()) answer();
    this.#open.clear();
  }

  requested(channel: string): Promise<void> {
    if ([...this.#open.values()].some((one) => one.channel === channel)) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onRequest = (name) => (name === channel ? resolve() : undefined);
    });
  }

  /** Resolves when the request may be answered, to the status if it is decided. */
  async answering(request: Received): Promise<number | undefined> {
    const stall = [...this.#stalls].find(({ ids }) => ids.has(request.delivery ?? ''));
    if (stall !== undefined) return stall.wait(request);
    const answers = this.#answers;
    if (answers === 'now') return undefined;
    return new Promise<number | undefined>((resolve) => {
      this.#open.set(answers === 'later' ? resolve : () => undefined, request);
      this.#onRequest(request.channel);
    });
  }

  stall(sender: string): Stalled {
    const stall = new Stall(sender, () => this.#stalls.delete(stall));
    for (const [answer, request] of this.#open) {
      if (request.sender !== sender || request.delivery === undefined) continue;
      this.#open.delete(answer);
      stall.add(request.delivery, answer);
    }
    this.#stalls.add(stall);
    return stall;
  }

  listen(home = this.#home): void {
    this.disconnect();
    const position = this.#epoch === undefined ? '' : `&epoch=${this.#epoch}&seq=${this.#seq}`;
    const url = `ws+unix://${home.path('state', 'belfry.sock')}:/v1/stream?user=alice${position}`;
    const socket = new WebSocket(url, ['belfry.v1']);
    this.#socket = socket;
    socket.on('error', () => socket.terminate());
    socket.on('message', (data) => this.#pushed(socket, JSON.parse(String(data as Buffer)) as Frame));
  }

  disconnect(): void {
    this.#socket?.terminate();
  }

  #pushed(socket: WebSocket, frame: Frame): void {
    if (frame.type === 'hello') {
      if (this.#epoch !== frame.epoch) this.#seq = frame.seq;
      this.#epoch = frame.epoch;
      socket.send(JSON.stringify({ type: 'resume', epoch: frame.epoch, seq: this.#seq }));
      // The last acknowledgement may have been lost with the connection, as in client.js.
      socket.send(JSON.stringify({ type: 'ack', seq: this.#seq }));
    }
    // A message that comes again after a resume is known by its number, as in client.js.
    if (frame.type !== 'message' || frame.seq <= this.#seq) return;
    this.take('pushed', frame.title, true, { delivery: frame.id });
    this.#seq = frame.seq;
    socket.send(JSON.stringify({ type: 'ack', seq: frame.seq }));
  }

  async collect(): Promise<void> {
    for (const line of await this.#newLines('commands.jsonl')) this.#takeJson('script', line);
    for (const line of await this.#newLines('notes.jsonl')) this.#takeJson('notes', line);
    for (const line of await this.#newLines('shown')) this.take('screen', line, true);
    for (const home of [this.#home, ...this.#others]) {
      const { lines } = home;
      for (const line of lines.slice(this.#logged.get(home)))
        if (line.msg.startsWith('mark.')) this.take('console', line.msg, true, { delivery: String(line.delivery) });
      this.#logged.set(home, lines.length);
    }
  }

  #takeJson(channel: string, line: string): void {
    const delivery = /"id":"([^"]+)"/.exec(line)?.[1];
    this.take(channel, line, true, delivery === undefined ? {} : { delivery });
  }

  /** Whole lines that were appended to a file. */
  async #newLines(name: string): Promise<string[]> {
    const bytes = await readFile(this.#home.path(name)).catch(() => Buffer.alloc(0));
    const from = this.#read.get(name) ?? 0;
    const end = bytes.lastIndexOf(0x0a) + 1;
    this.#read.set(name, Math.max(from, end));
    return end <= from ? [] : bytes.toString('utf8', from, end).split('\n');
  }
}

interface Frame {
  readonly type: string;
  readonly epoch: string;
  readonly seq: number;
  readonly id: string;
  readonly title: string;
}

async function openEndpoints(recorder: Recorder): Promise<{ origin: string; close(): Promise<void> }> {
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await text(request);
    const [, first = ''] = new URL(request.url!, 'http://localhost').pathname.split('/');
    const [channel, said] = BOTS[first] ?? [first, undefined];
    const { 'idempotency-key': delivery, 'x-sender': sender } = request.headers;
    const received = {
      channel,
      ...(delivery !== undefined && { delivery: String(delivery) }),
      ...(sender !== undefined && { sender: String(sender) }),
    };
    const decided = await recorder.answering(received);
    const [status] = decided === undefined ? recorder.answer(channel) : [decided];
    recorder.take(channel, body, status === 200, received);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(said ?? {}));
  };
  const server = createServer((request, response) => {
    take(request, response).catch(() => request.socket.destroy());
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function openMailServer(recorder: Recorder): Promise<{ port: number; close(): Promise<void> }> {
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    disableReverseLookup: true,
    logger: false,
    closeTimeout: 100,
    onData(stream, _session, done) {
      text(stream).then((mail) => {
        const delivery = /^Message-ID: <([^@>]+)/im.exec(mail)?.[1];
        recorder.take('mail', mail, true, delivery === undefined ? {} : { delivery });
        done();
      }, done);
    },
  });
  server.on('error', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  return {
    port: (server.server.address() as AddressInfo).port,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
