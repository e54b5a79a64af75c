import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NatsParser } from '../../../daemon/channels/broker/nats/protocol.ts';
import { ReplyParser } from '../../../daemon/channels/broker/redis/resp.ts';

/** Bytes in pieces, cut at any places. */
const pieces = (bytes: Buffer, cuts: readonly number[]): Buffer[] => {
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b);
  return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
};
const cuts = fc.array(fc.nat(), { maxLength: 20 });

const REDIS = Buffer.from('+OK\r\n-ERR no\r\n:42\r\n$-1\r\n$6\r\na\r\nb\r\n\r\n');
const NATS = Buffer.from(
  'INFO {"headers":true}\r\nPING\r\npong\r\n+OK\r\n-ERR \'Stale Connection\'\r\nMSG a.b 1 5\r\nh\r\nlo\r\nHMSG a 1 16 18\r\nNATS/1.0 503\r\n\r\nhi\r\n',
);

test('replies of Redis are read the same however they are cut', () => {
  const whole = new ReplyParser().read(REDIS);
  expect(whole).toEqual([
    { value: 'OK' },
    { error: 'ERR no' },
    { value: 42 },
    { value: null },
    { value: 'a\r\nb\r\n' },
  ]);
  fc.assert(
    fc.property(cuts, (given) => {
      const parser = new ReplyParser();
      expect(pieces(REDIS, given).flatMap((piece) => parser.read(piece))).toEqual(whole);
    }),
  );
});

test('messages of NATS are read the same however they are cut', () => {
  const whole = new NatsParser().read(NATS);
  expect(whole.map(({ kind }) => kind)).toEqual(['info', 'ping', 'pong', 'ok', 'error', 'message', 'message']);
  expect(whole.slice(5)).toEqual([
    { kind: 'message', subject: 'a.b', status: undefined, payload: 'h\r\nlo' },
    { kind: 'message', subject: 'a', status: '503', payload: 'hi' },
  ]);
  fc.assert(
    fc.property(cuts, (given) => {
      const parser = new NatsParser();
      expect(pieces(NATS, given).flatMap((piece) => parser.read(piece))).toEqual(whole);
    }),
  );
});

test.each([
  [
    'Redis',
    () => new ReplyParser(),
    ['*1\r\n', ':x\r\n', '$\r\n\r\n', '$-2\r\n', '$99999999999\r\n', 'x'.repeat(2_000_000)],
  ],
  [
    'NATS',
    () => new NatsParser(),
    [
      'HELLO\r\n',
      'MSG a 1 -1x\r\n',
      'MSG a 1 -2\r\n',
      'MSG a 1 99999999999\r\n',
      'HMSG a 1 -20 -20\r\n',
      'INFO []\r\n',
      'x'.repeat(2_000_000),
    ],
  ],
] as const)('bytes that are not of %s are refused, and take no memory without end', (_, open, wrong) => {
  for (const text of wrong) expect(() => open().read(Buffer.from(text))).toThrow();
});
