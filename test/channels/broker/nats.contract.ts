import type { Socket } from 'node:net';
import { nats } from '../../../daemon/channels/broker/nats/nats.ts';
import { JSON_CASES } from '../../support/broker-channel.ts';
import { type BrokerOptions, type BrokerScript, openBrokerDestination } from '../../support/broker-destination.ts';
import type { ChannelContract, DocumentedRefusal } from '../contract.ts';

export const PASSWORD = 'kx83jd02-nats';

/** Error of the server (`-ERR`) to a login or a message, or of a stream. */
export type NatsRefusal =
  | { readonly to: 'CONNECT' | 'PUB'; readonly error: string }
  | {
      readonly to: 'stream';
      readonly error: { readonly code: number; readonly err_code: number; readonly description: string };
    }
  | { readonly to: 'nobody' };

export interface Publication {
  readonly subject: string;
  readonly reply: string | undefined;
  readonly headers: string;
  readonly payload: string;
}

export interface NatsFake {
  readonly info?: object;
  /** JSON of CONNECT. */
  readonly onConnect?: (options: Record<string, unknown>) => void;
  readonly onPublication?: (publication: Publication) => void;
}

/** NATS server with one stream. */
export const serverOf =
  ({ info = {}, onConnect, onPublication }: NatsFake = {}) =>
  (socket: Socket, script: BrokerScript<NatsRefusal>): void => {
    let data = '';
    const refusal = (): NatsRefusal | undefined =>
      script.answer.kind === 'refusal' ? script.answer.refusal : undefined;
    const error = (text: string): void => void socket.write(`-ERR '${text}'\r\n`);
    const reply = (subject: string | undefined, payload: string, status = ''): void => {
      if (subject === undefined) return;
      const head = status === '' ? '' : `NATS/1.0 ${status}\r\n\r\n`;
      const size = Buffer.byteLength(head + payload);
      const verb = head === '' ? `MSG ${subject} 1 ${size}` : `HMSG ${subject} 1 ${head.length} ${size}`;
      socket.write(`${verb}\r\n${head}${payload}\r\n`);
    };
    const publish = (publication: Publication): void => {
      script.took(publication.payload);
      onPublication?.(publication);
      const refused = refusal();
      if (refused?.to === 'PUB') error(refused.error);
      else if (refused?.to === 'nobody') reply(publication.reply, '', '503');
      else if (refused?.to === 'stream') reply(publication.reply, JSON.stringify({ type: 'x', error: refused.error }));
      else if (script.answer.kind === 'success' && publication.headers.includes('Nats-Expected-Stream'))
        reply(publication.reply, '{"stream":"ALERTS","seq":42}');
    };
    const steps: Readonly<Record<string, (words: readonly string[], line: string) => void>> = {
      CONNECT(_, line) {
        onConnect?.(JSON.parse(line.slice('CONNECT '.length)) as Record<string, unknown>);
        const refused = refusal();
        if (refused?.to === 'CONNECT') error(refused.error);
      },
      // Without a stream the PONG confirms a message.
      PING: () =>
        void (script.answer.kind === 'hang' && socket.bytesRead > 1000 ? undefined : socket.write('PONG\r\n')),
    };
    socket.write(`INFO ${JSON.stringify({ max_payload: 1_048_576, headers: true, ...info })}\r\n`);
    socket.on('data', (chunk: Buffer) => {
      data += chunk.toString('latin1');
      for (let end = data.indexOf('\r\n'); end !== -1; end = data.indexOf('\r\n')) {
        const line = data.slice(0, end);
        const words = line.split(' ');
        const isHeaded = words[0] === 'HPUB';
        const size = isHeaded || words[0] === 'PUB' ? Number(words.at(-1)) : -2;
        if (data.length < end + 4 + size) return;
        const body = data.slice(end + 2, end + 2 + size);
        data = data.slice(end + 4 + size);
        if (size < 0) {
          steps[words[0]!]?.(words, line);
          continue;
        }
        const headerSize = isHeaded ? Number(words.at(-2)) : 0;
        const payload = Buffer.from(body.slice(headerSize), 'latin1').toString();
        const hasReply = words.length === (isHeaded ? 5 : 4);
        publish({
          subject: words[1]!,
          reply: hasReply ? words[2] : undefined,
          headers: body.slice(0, headerSize),
          payload,
        });
      }
    });
  };

export const options: BrokerOptions<NatsRefusal> = {
  settings: (address) => ({ url: `nats://belfry:${PASSWORD}@${address}`, subject: 'alerts.disk', stream: 'ALERTS' }),
  converse: serverOf(),
  serverError: {
    to: 'stream',
    error: { code: 503, err_code: 10_008, description: 'JetStream system temporarily unavailable' },
  },
};

const stream = (
  err_code: number,
  [when, mend]: readonly [string, string],
  { code = 503, wrong = false, passing = false } = {},
): DocumentedRefusal<NatsRefusal> => ({
  when,
  answer: { to: 'stream', error: { code, err_code, description: when } },
  class: passing ? 'transient' : 'permanent',
  code: `nats.${err_code}`,
  ...(wrong && { misconfigured: true }),
  mend,
});
const WRONG = { wrong: true };
const PASSING = { passing: true };

export const contract: ChannelContract<NatsRefusal> = {
  type: nats,
  secrets: [PASSWORD],
  openDestination: () => openBrokerDestination(options),
  refusals: [
    {
      when: 'the login is refused',
      answer: { to: 'CONNECT', error: 'Authorization Violation' },
      class: 'permanent',
      code: 'nats.authorization',
      misconfigured: true,
      mend: 'correct the login in `url`, or `credentials`',
    },
    {
      when: 'the login has expired',
      answer: { to: 'CONNECT', error: 'User Authentication Expired' },
      class: 'permanent',
      code: 'nats.expired',
      misconfigured: true,
      mend: 'make a new `.creds` file',
    },
    {
      when: 'the user may not publish to the subject',
      answer: { to: 'PUB', error: 'Permissions Violation for Publish to "alerts.disk"' },
      class: 'permanent',
      code: 'nats.permission',
      misconfigured: true,
      mend: 'allow the subject in the permissions of the user',
    },
    {
      when: 'the message is larger than the server accepts',
      answer: { to: 'PUB', error: 'Maximum Payload Violation' },
      class: 'permanent',
      code: 'nats.too_large',
      mend: 'raise `max_payload` of the server, or shorten the message',
    },
    {
      when: 'the server has too many connections',
      answer: { to: 'CONNECT', error: 'maximum connections exceeded' },
      class: 'transient',
      code: 'nats.connections',
      mend: 'raise `max_connections` of the server if this lasts',
    },
    {
      when: 'the server shuts down',
      answer: { to: 'PUB', error: 'Server Shutdown' },
      class: 'transient',
      code: 'nats.closed',
      mend: 'nothing: Belfry connects again',
    },
    {
      when: 'no stream stores the subject',
      answer: { to: 'nobody' },
      class: 'permanent',
      code: 'nats.no_stream',
      misconfigured: true,
      mend: 'add the subject to the stream, or correct `subject`',
    },
    stream(10_039, ['JetStream is not enabled for the account', 'enable it for the account'], WRONG),
    stream(10_076, ['JetStream is not enabled', 'enable it on the server'], WRONG),
    stream(10_059, ['there is no such stream', 'correct `stream`'], { code: 404, ...WRONG }),
    stream(10_060, ['another stream stores the subject', 'correct `stream` or `subject`'], { code: 400, ...WRONG }),
    stream(10_109, ['the stream is sealed', 'name another stream'], { code: 400, ...WRONG }),
    stream(10_054, ['the message is larger than the stream accepts', 'raise `max_msg_size` of the stream'], {
      code: 400,
    }),
    stream(10_077, ['the stream is full', 'raise its limits, or let it discard old messages'], PASSING),
    stream(10_047, ['the server has no storage left', 'make room'], { code: 500, ...PASSING }),
    stream(10_023, ['the server has not enough resources', 'raise the limits of JetStream'], PASSING),
    stream(10_002, ['the account has used up its storage', 'raise the limits of the account'], {
      code: 400,
      ...PASSING,
    }),
    stream(10_167, ['too many requests at once', 'nothing: Belfry tries again'], { code: 429, ...PASSING }),
  ],
  cases: {
    rateLimited: { notApplicable: 'NATS does not say how long to wait' },
    serverError: { code: 'nats.10008' },
    hang: { code: 'nats.no_answer' },
    ...JSON_CASES,
  },
};
