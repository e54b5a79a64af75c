import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { Packet } from 'mqtt-packet';
import { SendFailure } from '../../../core/problems/failure.ts';
import type { Secret } from '../../../lib/secrets/secret.ts';
import type { Clock } from '../../../lib/time/clock.ts';
import { ended, type Opening } from '../../kit/broker/connection.ts';
import type { Server } from '../../kit/broker/server.ts';
import { Wire } from '../../kit/broker/wire.ts';
import { mqttFailure } from './codes.ts';
import { overWebSocket } from './web-socket.ts';

/** Login beside the URL. */
interface Login {
  readonly user?: string;
  readonly password?: Secret;
}

type Version = 4 | 5;

/** Connection after the login. */
export interface Session {
  readonly wire: Wire<Packet>;
  readonly version: Version;
  readonly write: (packet: Packet) => void;
  /** Largest packet that the broker accepts, bytes. */
  readonly maxBytes: number;
  /** Seconds of silence after which the broker closes the connection. */
  readonly keepAlive: number;
}

/** Seconds without a packet after which a ping is sent. */
const KEEP_ALIVE_S = 60;

/** Connects and logs in with one version of the protocol. */
export async function connect(login: Login, server: Server, opening: Opening, version: Version): Promise<Session> {
  const { generate, parser: makeParser } = await import('mqtt-packet');
  const socket = await opening.dial(server);
  const stream: Duplex = server.scheme.startsWith('ws')
    ? await opening.within(socket, overWebSocket(server, socket, 'mqtt'))
    : socket;
  const parser = makeParser({ protocolVersion: version });
  const wire = new Wire<Packet>('mqtt', stream, (chunk) => void parser.parse(chunk));
  parser.on('error', () => wire.garbled());
  parser.on('packet', (packet) => receive(wire, packet));
  const write = (packet: Packet): void => void stream.write(generate(packet, { protocolVersion: version }));
  const connected = wire.answer(CONNACK);
  const user = server.user ?? login.user;
  const password = server.password ?? login.password?.reveal();
  write({
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: version,
    clean: true,
    clientId: `belfry-${randomBytes(8).toString('hex')}`,
    keepalive: KEEP_ALIVE_S,
    ...(user !== undefined && { username: user }),
    ...(password !== undefined && { password: Buffer.from(password) }),
  });
  const answer = await opening.within(stream, connected.then(accepted));
  wire.isReady = true;
  const { maximumPacketSize = Number.POSITIVE_INFINITY, serverKeepAlive = KEEP_ALIVE_S } = answer.properties ?? {};
  return { wire, version, write, maxBytes: maximumPacketSize, keepAlive: serverKeepAlive };
}

/** Number under which the answer to CONNECT is awaited; packet ids begin with 1. */
const CONNACK = 0;

function accepted(packet: Packet): Extract<Packet, { cmd: 'connack' }> {
  if (packet.cmd !== 'connack') throw new SendFailure('permanent', 'mqtt.garbled', 'the answer is not MQTT');
  const { reasonCode = 0, returnCode = 0, properties } = packet;
  const code = Math.max(reasonCode, returnCode);
  if (code !== 0) throw mqttFailure(code, properties?.reasonString);
  return packet;
}

/** Failure of a connection that the broker ends. A code below 128, or none, is not a refusal: messages without a confirmation may have arrived. */
function reasonOf({ reasonCode = 0, properties }: Extract<Packet, { cmd: 'disconnect' }>): Error {
  return reasonCode < 128 ? ended() : mqttFailure(reasonCode, properties?.reasonString);
}

function receive(wire: Wire<Packet>, packet: Packet): void {
  if (packet.cmd === 'connack') wire.resolve(CONNACK, packet);
  else if (packet.cmd === 'disconnect') wire.fail(reasonOf(packet));
  else if (packet.cmd === 'puback' || packet.cmd === 'pubrec' || packet.cmd === 'pubcomp')
    wire.resolve(packet.messageId, packet);
}

/** Pings the broker, which closes a connection without packets. Returns the end of it. */
export function keepAlive({ wire, write, keepAlive: seconds }: Session, clock: Clock): () => void {
  if (seconds === 0) return () => undefined;
  let cancel = (): void => undefined;
  const ping = (): void => {
    if (wire.isLost) return;
    write({ cmd: 'pingreq' });
    arm();
  };
  const arm = (): void => {
    cancel = clock.after((seconds * 1000) / 2, ping);
  };
  arm();
  wire.stream.once('close', () => cancel());
  return () => cancel();
}
