import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import * as fc from 'fast-check';
import { amqp } from '../../../../daemon/channels/broker/amqp/amqp.ts';
import { mqtt } from '../../../../daemon/channels/broker/mqtt/mqtt.ts';
import { nats } from '../../../../daemon/channels/broker/nats/nats.ts';
import { redis } from '../../../../daemon/channels/broker/redis/redis.ts';
import type { ChannelType } from '../../../../daemon/channels/channel.ts';
import { email } from '../../../../daemon/channels/email/email.ts';
import { channelTools, sampleIo, sampleMessage } from '../../../../daemon/channels/plugins/testing/samples.ts';
import { decodeSettings } from '../../../../daemon/channels/plugins/testing/settings.ts';
import { SendFailure } from '../../../../daemon/core/problems/failure.ts';
import { openBrokerDestination } from '../../../support/broker-destination.ts';
import { bytesNear } from '../hostile.ts';
import { fuzzed } from '../parser.ts';

/** Deadline of an attempt, for a client that waits for more than the server sends. */
const DEADLINE_MS = 100;

interface HostileServer {
  readonly type: ChannelType;
  readonly settings: (address: string) => object;
  /** Bytes of a well-behaved server, in Latin-1. */
  readonly replies: readonly string[];
  readonly words: readonly string[];
  /** Whether the server speaks first. */
  readonly greets: boolean;
}

const method = (channel: number, classId: number, id: number, more: string): string => {
  const body = Buffer.concat([Buffer.from([0, classId, 0, id]), Buffer.from(more, 'latin1')]);
  const head = Buffer.from([1, 0, channel, 0, 0, 0, body.length]);
  return `${Buffer.concat([head, body]).toString('latin1')}\xCE`;
};

const SERVERS: Readonly<Record<string, HostileServer>> = {
  smtp: {
    type: email,
    settings: (address) => ({
      from: 'belfry@example.com',
      to: ['ops@example.com'],
      url: `smtp://${address}`,
      tls: 'none',
    }),
    replies: [
      '220 a ESMTP\r\n',
      '250-a\r\n250-SIZE 1000\r\n250 AUTH PLAIN\r\n',
      '250 2.1.0 ok\r\n',
      '354 go\r\n',
      '550 5.1.1 no\r\n',
    ],
    words: [
      '220',
      '250',
      '250-',
      ' ',
      '\r\n',
      '\n',
      '354',
      '421',
      '599',
      '000',
      'SIZE',
      'STARTTLS',
      '-',
      'SMTPUTF8',
      '5.1.1',
      'x'.repeat(2000),
    ],
    greets: true,
  },
  redis: {
    type: redis,
    settings: (address) => ({ url: `redis://${address}`, stream: 'alerts' }),
    replies: ['+OK\r\n', '$15\r\n1526919030474-0\r\n', '-NOAUTH x\r\n', ':1\r\n', '$-1\r\n'],
    words: ['+', '-', ':', '$', '*', '\r\n', '0', '5', '-1', 'OK', 'x'],
    greets: false,
  },
  nats: {
    type: nats,
    settings: (address) => ({ url: `nats://${address}`, subject: 'alerts' }),
    replies: ['INFO {"headers":true,"max_payload":1000000}\r\n', 'PONG\r\n', "-ERR 'x'\r\n", 'MSG a 1 2\r\n{}\r\n'],
    words: ['INFO {', '}', '"max_payload":-1', 'PONG', 'PING', 'MSG a 1 ', 'HMSG a 1 ', '-5', '5', '\r\n', '-ERR'],
    greets: true,
  },
  mqtt: {
    type: mqtt,
    settings: (address) => ({ url: `mqtt://${address}`, topic: 'alerts' }),
    replies: [
      '\x20\x03\0\0\0',
      '\x20\x02\0\0',
      '\x40\x02\0\x01',
      '\x40\x04\0\x01\x10\0',
      '\xE0\x02\x8B\0',
      '\xD0\0',
      '\x30\x05\0\x01ahi',
    ],
    words: ['\x20', '\x40', '\x50', '\x62', '\xE0', '\xF0', '\0', '\x01', '\x02', '\x7F', '\xFF\xFF\xFF\x7F', '\x87'],
    greets: false,
  },
  amqp: {
    type: amqp,
    settings: (address) => ({ url: `amqp://${address}`, routing_key: 'alerts' }),
    replies: [
      method(0, 10, 10, '\0\x09\0\0\0\0\0\0\0\x05PLAIN\0\0\0\x05en_US'),
      method(0, 10, 30, '\0\x10\0\x02\0\0\0\x3C'),
      method(0, 10, 41, '\0'),
      method(1, 20, 11, '\0\0\0\0'),
      method(0, 10, 50, '\x01\x40\x03bye\0\0\0\0'),
    ],
    words: [
      '\x01',
      '\x02',
      '\x03',
      '\x08',
      '\0\0',
      '\0\0\0\x08',
      '\xCE',
      '\0\x0A',
      '\0\x14',
      '\0\x3C',
      'AMQP\0\0\x09\x01',
      '\xFF\xFF\xFF\xFF',
    ],
    greets: true,
  },
};

/** Gives one of these replies after each chunk of the client, then ends the connection. */
function answering(replies: readonly string[], greets: boolean) {
  return (socket: Socket): void => {
    const left = [...replies];
    const reply = (): void => {
      const next = left.shift();
      if (next === undefined) socket.end();
      else socket.write(Buffer.from(next, 'latin1'));
    };
    socket.on('data', reply);
    if (greets) reply();
  };
}

/** Sends a message to such a server; resolves to the failure, if there is one. */
async function sendTo({ type, settings, greets }: HostileServer, replies: readonly string[]): Promise<unknown> {
  const destination = await openBrokerDestination({ settings, converse: answering(replies, greets) });
  const notifier = type.open(decodeSettings(type, destination.settings), channelTools({}));
  try {
    const signal = AbortSignal.timeout(DEADLINE_MS);
    await notifier.send(sampleMessage(), sampleIo({ signal, ending: signal }));
    return undefined;
  } catch (error) {
    return error;
  } finally {
    await notifier.close?.();
    await destination.close();
  }
}

/** Whole replies of a well-behaved server in its order, of which some are edited. */
const repliesOf = ({ replies, words }: HostileServer): fc.Arbitrary<readonly string[]> =>
  fc
    .array(
      fc.oneof({ weight: 2, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: bytesNear(words, replies) }),
      { minLength: 1, maxLength: 7 },
    )
    .map((given) => given.map((edited, index) => edited ?? replies[index % replies.length]!));

export const servers = Object.entries(SERVERS).map(([name, server]) =>
  fuzzed({
    name: `server-${name}`,
    share: 0.03,
    generate: repliesOf(server),
    run: (replies) => sendTo(server, replies),
    check(failed) {
      if (failed === undefined) return;
      assert.ok(failed instanceof SendFailure, `not a SendFailure: ${String((failed as Error).stack)}`);
      assert.ok(['transient', 'permanent', 'unknown'].includes(failed.class));
      assert.match(failed.code, /^[a-z_]+\.[\w.-]+$/);
    },
  }),
);
