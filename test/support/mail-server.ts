import { createServer as createPlainServer, type AddressInfo, type Socket } from 'node:net';
import { createServer as createTlsServer, TLSSocket, createSecureContext } from 'node:tls';
import { parseMail, type ParsedMail } from './mail-parser.ts';

/** Answer of the server to each command; commands that are not set succeed. `hang`: no answer. `drop`: closes the connection. */
export interface MailScript {
  readonly greeting?: string;
  /** Answer to `AUTH`. */
  readonly auth?: string;
  readonly mail?: string;
  /** Answers to `RCPT`, by recipient. */
  readonly rcpt?: (address: string) => string;
  readonly data?: string;
  /** Answer after the final dot. */
  readonly end?: string;
}

export interface ReceivedMail {
  readonly from: string;
  readonly recipients: readonly string[];
  readonly mail: ParsedMail;
  /** Whether the connection used TLS. */
  readonly secure: boolean;
  /** `user:password` of `AUTH PLAIN`. */
  readonly login: string | undefined;
}

export interface MailServer {
  readonly port: number;
  /** Mails that arrived up to the final dot, also those that were refused after it. */
  readonly mails: readonly ReceivedMail[];
  /** All command lines. */
  readonly commands: readonly string[];
  readonly connections: number;
  script(script: MailScript): void;
  /** Resolves when `count` mails have arrived. */
  arrived(count: number): Promise<void>;
  close(): Promise<void>;
}

export interface MailServerOptions {
  readonly tls?: { readonly key: string; readonly cert: string };
  /** TLS from the first byte; otherwise STARTTLS if `tls` is set. */
  readonly implicit?: boolean;
  readonly login?: boolean;
  readonly pipelining?: boolean;
}

/** Mail server on the loopback with scripted answers. */
export async function openMailServer(options: MailServerOptions = {}): Promise<MailServer> {
  const mails: ReceivedMail[] = [];
  const commands: string[] = [];
  const sockets = new Set<Socket>();
  let script: MailScript = {};
  let connections = 0;
  let waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  const took = (mail: ReceivedMail): void => {
    mails.push(mail);
    for (const { count, resolve } of waiting) if (mails.length >= count) resolve();
    waiting = waiting.filter(({ count }) => mails.length < count);
  };
  const welcome = (socket: Socket): void => {
    connections += 1;
    converse(socket, { options, commands, took, script: () => script, secure: options.implicit === true });
  };
  const server = options.implicit === true ? createTlsServer({ ...options.tls }, welcome) : createPlainServer(welcome);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    mails,
    commands,
    get connections() {
      return connections;
    },
    script(next) {
      script = next;
    },
    arrived: (count) =>
      mails.length >= count ? Promise.resolve() : new Promise((resolve) => waiting.push({ count, resolve })),
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Conversation {
  readonly options: MailServerOptions;
  readonly commands: string[];
  readonly took: (mail: ReceivedMail) => void;
  readonly script: () => MailScript;
  readonly secure: boolean;
}

function converse(socket: Socket, talk: Conversation, isResumed = false): void {
  let buffered = '';
  let inData = false;
  let from = '';
  let login: string | undefined;
  let recipients: string[] = [];
  const say = (answer: string): void => {
    if (answer === 'drop') socket.destroy();
    else if (answer !== 'hang') socket.write(`${answer}\r\n`);
  };
  const steps: Readonly<Record<string, (line: string) => void>> = {
    EHLO: () => say(greetingOf(talk).join('\r\n')),
    STARTTLS() {
      if (talk.options.tls === undefined) return say('502 5.5.1 not here');
      say('220 go ahead');
      socket.removeAllListeners('data');
      const secured = new TLSSocket(socket, {
        isServer: true,
        secureContext: createSecureContext({ ...talk.options.tls }),
      });
      secured.on('error', () => secured.destroy());
      converse(secured, { ...talk, secure: true }, true);
    },
    AUTH(line) {
      login = Buffer.from(line.split(' ')[2] ?? '', 'base64')
        .toString('utf8')
        .split('\0')
        .slice(1)
        .join(':');
      say(talk.script().auth ?? '235 2.7.0 welcome');
    },
    MAIL(line) {
      from = /<(.*)>/.exec(line)?.[1] ?? '';
      recipients = [];
      say(talk.script().mail ?? '250 2.1.0 ok');
    },
    RCPT(line) {
      const address = /<(.*)>/.exec(line)?.[1] ?? '';
      const answer = talk.script().rcpt?.(address) ?? '250 2.1.5 ok';
      if (answer.startsWith('2')) recipients.push(address);
      say(answer);
    },
    DATA() {
      const answer = recipients.length === 0 ? '554 5.5.1 no recipients' : (talk.script().data ?? '354 go on');
      inData = answer.startsWith('3');
      say(answer);
    },
    RSET: () => say('250 2.0.0 ok'),
    QUIT() {
      say('221 2.0.0 bye');
      socket.end();
    },
  };
  const read = (): void => {
    if (inData) {
      const end = buffered.indexOf('\r\n.\r\n');
      if (end === -1) return;
      const source = Buffer.from(buffered.slice(0, end + 2), 'latin1')
        .toString('utf8')
        .replace(/^\.\./gm, '.');
      buffered = buffered.slice(end + 5);
      inData = false;
      talk.took({ from, recipients, login, mail: parseMail(source), secure: talk.secure });
      say(talk.script().end ?? '250 2.0.0 queued as 4711');
      return read();
    }
    const end = buffered.indexOf('\r\n');
    if (end === -1) return;
    const line = buffered.slice(0, end);
    buffered = buffered.slice(end + 2);
    talk.commands.push(line);
    (steps[line.split(' ')[0]!.toUpperCase()] ?? (() => say('502 5.5.1 what?')))(line);
    read();
  };
  socket.on('data', (chunk: Buffer) => {
    buffered += chunk.toString('latin1');
    read();
  });
  if (!isResumed) say(talk.script().greeting ?? '220 mail.test ESMTP');
}

function greetingOf({ options, secure }: Conversation): string[] {
  const extensions = [
    ...(options.tls !== undefined && !secure ? ['STARTTLS'] : []),
    ...(options.login === true ? ['AUTH PLAIN'] : []),
    ...(options.pipelining === true ? ['PIPELINING'] : []),
  ];
  const lines = ['mail.test', ...extensions, '8BITMIME'];
  return lines.map((line, index) => `250${index === lines.length - 1 ? ' ' : '-'}${line}`);
}
