import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import type { SettingProblem } from '../../../core/compile/registry.ts';
import { strict } from '../../../core/schema/fields.ts';
import { type Static, Type } from '../../../core/schema/type.ts';
import { type ChannelTools, defineChannel, supports } from '../../channel.ts';
import { type Connection, type Opening, openBroker } from '../../kit/broker/connection.ts';
import { checkServer, type ServerForm, serverOf, serverSettings, usesServer } from '../../kit/broker/server.ts';
import { Wire } from '../../kit/broker/wire.ts';
import { networkFailure } from '../../kit/net/network-failures.ts';
import { FACILITIES, type Facility, headerField, syslogMessage } from './format.ts';

const FORM: ServerForm = {
  schemes: {
    udp: { port: 514, tls: false },
    tcp: { port: 514, tls: false },
    tls: { port: 6514, tls: true },
  },
  login: 'none',
  path: 'none',
  query: {},
  example: 'tls://logs.example.com:6514',
};

const settingsSchema = strict({
  ...serverSettings(
    'The server: `tls://` (RFC 5425), `tcp://` (RFC 6587) or `udp://` (RFC 5426).',
    'tls://logs.example.com:6514',
  ),
  facility: Type.Optional(
    Type.Unsafe<Facility>({
      type: 'string',
      enum: Object.keys(FACILITIES),
      description: 'Facility of the messages.',
      examples: ['local0'],
      default: 'user',
    }),
  ),
  app_name: Type.Optional(
    Type.String({
      description: 'Name of the program in the messages.',
      examples: ['alerts'],
      default: 'belfry',
      pattern: '^[!-~]{1,48}$',
    }),
  ),
  framing: Type.Optional(
    Type.Unsafe<'octets' | 'lines'>({
      type: 'string',
      enum: ['octets', 'lines'],
      description:
        'Separation of the messages on a connection: their length before each, or a line feed after each, for receivers that want lines.',
      examples: ['lines'],
      default: 'octets',
    }),
  ),
});

type Settings = Static<typeof settingsSchema>;

/** Longest datagram that IPv6 never fragments. https://www.rfc-editor.org/rfc/rfc5426#section-3.2 */
const MAX_DATAGRAM_BYTES = 1280 - 40 - 8;
/** Length that receivers should accept. https://www.rfc-editor.org/rfc/rfc5425#section-4.3.1 */
const MAX_STREAM_BYTES = 8192;

/** Syslog. https://www.rfc-editor.org/rfc/rfc5424 */
export const syslog = defineChannel({
  type: 'syslog',
  summary: 'A syslog server, over UDP, TCP or TLS',
  documentation: 'https://www.rfc-editor.org/rfc/rfc5424',
  setup: [
    'Let the server listen: in rsyslog `module(load="imtcp")` and `input(type="imtcp" port="514")`.',
    'Use `tls://` outside your own network, and `udp://` only where nothing else is possible: no loss is noticed.',
  ],
  example: { url: 'tls://logs.example.com:6514', facility: 'local0' },
  receipt: 'that the message was written to the connection: syslog confirms nothing, and over UDP nothing shows a loss',
  settings: settingsSchema,
  limits: { text: '8,192 bytes for the whole message, 1,232 over UDP' },
  supports: supports({ kept: 'priority tags', text: 'markdown html link actions fields image' }),
  idempotent: false,
  check,
  uses: (settings) => usesServer(settings, FORM, isDatagram(settings) ? { datagrams: true } : {}),
  open: (settings, tools) =>
    openBroker('syslog', tools, (opening) =>
      isDatagram(settings) ? openDatagrams(settings, opening, tools) : openStream(settings, opening, tools),
    ),
});

const isDatagram = ({ url }: Settings): boolean => /^udp:/i.test(url.reveal());

function check(settings: Settings): SettingProblem[] {
  const problems = checkServer(settings, FORM);
  if (problems.length > 0 || !isDatagram(settings) || settings.framing !== 'lines') return problems;
  return [{ pointer: '/framing', message: '`framing` has no meaning for datagrams', mend: 'remove it' }];
}

const contextOf = (settings: Settings, { hostname }: ChannelTools, limit: number) => ({
  facility: settings.facility ?? 'user',
  appName: settings.app_name ?? 'belfry',
  hostname: headerField(hostname, 255),
  limit,
});

async function openStream(settings: Settings, opening: Opening, tools: ChannelTools): Promise<Connection> {
  const socket = await opening.dial(serverOf(settings, FORM));
  const wire = new Wire<void>('syslog', socket, () => undefined);
  wire.isReady = true;
  const context = contextOf(settings, tools, MAX_STREAM_BYTES);
  return {
    get isLost() {
      return wire.isLost;
    },
    async send(message, { delivery }) {
      const content = syslogMessage(message, delivery, context);
      const id = wire.next();
      const written = wire.answer(id);
      if (!wire.isLost) socket.write(frame(content, settings), (error) => error ?? wire.resolve(id, undefined));
      await written;
      return { answer: 'written to the connection; syslog confirms nothing' };
    },
    close: () => wire.close(),
  };
}

/** Message with its length before it, or a line feed after it. https://www.rfc-editor.org/rfc/rfc6587#section-3.4 */
const frame = (content: Buffer, { framing }: Settings): Buffer =>
  framing === 'lines'
    ? Buffer.concat([content, Buffer.from('\n')])
    : Buffer.concat([Buffer.from(`${content.length} `), content]);

async function openDatagrams(settings: Settings, opening: Opening, tools: ChannelTools): Promise<Connection> {
  const { host, port } = serverOf(settings, FORM);
  const { address, family } = await addressOf(host, opening);
  const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
  let isLost = false;
  socket.on('error', () => (isLost = true));
  await connected(socket, port, address);
  const context = contextOf(settings, tools, MAX_DATAGRAM_BYTES);
  return {
    get isLost() {
      return isLost;
    },
    async send(message, { delivery }) {
      await sent(socket, syslogMessage(message, delivery, context)).catch((error: unknown) => {
        isLost = true;
        throw networkFailure(error, false);
      });
      return { answer: 'sent as a datagram; nothing shows whether it arrived' };
    },
    close() {
      socket.close();
    },
  };
}

function addressOf(host: string, { net }: Opening): Promise<{ readonly address: string; readonly family: number }> {
  return new Promise((resolve, reject) =>
    net.lookup(host, {}, (error, address, found) =>
      error === null ? resolve({ address: address as string, family: found ?? 4 }) : reject(error),
    ),
  );
}

/** Connects a socket to one address, so that the kernel reports a closed port. */
function connected(socket: DatagramSocket, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.connect(port, address, () => {
      socket.off('error', reject);
      resolve();
    });
  });
}

function sent(socket: DatagramSocket, content: Buffer): Promise<void> {
  return new Promise((resolve, reject) =>
    socket.send(content, (error) => (error === null ? resolve() : reject(error))),
  );
}
