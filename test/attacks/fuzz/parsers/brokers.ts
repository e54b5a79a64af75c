import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { readCredentials } from '../../../../daemon/channels/broker/nats/credentials.ts';
import { NatsParser } from '../../../../daemon/channels/broker/nats/protocol.ts';
import { ReplyParser } from '../../../../daemon/channels/broker/redis/resp.ts';
import { bytesNear, near } from '../hostile.ts';
import { fuzzed } from '../parser.ts';

const REDIS = ['+OK\r\n-ERR no\r\n:42\r\n$-1\r\n$6\r\na\r\nb\r\n\r\n', '$0\r\n\r\n:-7\r\n'];
const NATS = [
  'INFO {"headers":true,"max_payload":1000}\r\nPING\r\npong\r\n+OK\r\n-ERR \'Stale Connection\'\r\n',
  'MSG a.b 1 5\r\nh\r\nlo\r\nHMSG a 1 16 18\r\nNATS/1.0 503\r\n\r\nhi\r\n',
];
const REDIS_WORDS = [
  '+',
  '-',
  ':',
  '$',
  '*',
  '\r\n',
  '0',
  '3',
  '-1',
  '-20',
  'OK',
  'abc',
  '1.5',
  '1e3',
  '0x3',
  '',
  '\n',
  '\r',
];
const NATS_WORDS = [
  'INFO ',
  '{',
  '}',
  'MSG ',
  'HMSG ',
  'a ',
  '1 ',
  '-1 ',
  '-16 ',
  '5',
  '-5',
  '-20',
  '\r\n',
  'PING',
  '+OK',
  '-ERR',
  ' ',
  '1e1',
  '0x5',
  'NATS/1.0 503',
  '\t',
];

/** Bytes of a server, cut into chunks at any places. */
const chunks = (words: readonly string[], examples: readonly string[]) =>
  fc.tuple(bytesNear(words, examples), fc.array(fc.nat(), { maxLength: 4 })).map(([bytes, cuts]) => {
    const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b);
    return ends.map((end, index) => bytes.slice(ends[index - 1] ?? 0, end));
  });

const isError = (error: unknown): boolean =>
  error instanceof Error && !(error instanceof RangeError) && error.message.length > 0;

/** Reads chunks to the end or to an error. */
function readAll<T>(parser: { read(chunk: Buffer): T[] }, given: readonly string[]): T[] {
  return given.flatMap((chunk) => parser.read(Buffer.from(chunk, 'latin1')));
}

/** The replies of a Redis server. */
export const redis = (Parser: typeof ReplyParser) =>
  fuzzed({
    name: 'redis-replies',
    generate: chunks(REDIS_WORDS, REDIS),
    run: (given) => readAll(new Parser(), given),
    refuses: isError,
    check(replies) {
      for (const reply of replies)
        if ('value' in reply && typeof reply.value === 'number')
          assert.ok(Number.isInteger(reply.value), `${reply.value} is not an integer`);
    },
  });

export const brokers = [
  redis(ReplyParser),
  fuzzed({
    name: 'nats-messages',
    generate: chunks(NATS_WORDS, NATS),
    run: (given) => readAll(new NatsParser(), given),
    refuses: isError,
    check(messages, given) {
      // Each message is a line at least, and no bytes are read twice.
      assert.ok(messages.length * 2 <= given.join('').length, 'bytes are read twice');
    },
  }),
  fuzzed({
    name: 'nats-credentials',
    generate: near(
      [
        '-----BEGIN NATS USER JWT-----',
        '-----END NATS USER JWT-----',
        '------BEGIN USER NKEY SEED------',
        '\n',
        'eyJ',
        'SUA',
        '-',
      ],
      [
        '-----BEGIN NATS USER JWT-----\neyJ0\n------END NATS USER JWT------\n-----BEGIN USER NKEY SEED-----\nSUAIBDPBAUTWCWBKIO6XHQNINK5FWJW4OHLXC3HQ2KFE4PEJUA44CNHTC4\n------END USER NKEY SEED------\n',
      ],
    ),
    run: readCredentials,
  }),
];
