import type { Receipt } from '../../../core/delivery/delivery.ts';
import { type FailureClass, SendFailure } from '../../../core/problems/failure.ts';
import { isJson, isObject } from '../../../core/values/json.ts';
import { type Refusal, refusalOf } from '../../kit/broker/refusals.ts';

/** Errors of the server. https://docs.nats.io/reference/reference-protocols/nats-protocol#+ok-err */
const ERRORS: readonly Refusal[] = [
  {
    when: /Authentication (?:Expired|Revoked)/i,
    code: 'expired',
    message: 'the login has expired or was revoked',
    misconfigured: true,
  },
  {
    when: /^(?:Authorization Violation|User Authentication|Account Authentication)/i,
    code: 'authorization',
    message: 'the login is refused',
    misconfigured: true,
  },
  {
    when: /^Permissions Violation/i,
    code: 'permission',
    message: 'the user may not publish to this subject',
    misconfigured: true,
  },
  { when: /TLS Required/i, code: 'tls_required', message: 'the server wants TLS: write `tls://`', misconfigured: true },
  {
    when: /^Authentication Timeout|^Authorization Timeout/i,
    code: 'timeout',
    message: 'the login took too long',
    class: 'transient',
  },
  { when: /^Maximum Payload/i, code: 'too_large', message: 'the message is larger than the server accepts' },
  { when: /^Invalid Publish Subject|^Invalid Subject/i, code: 'subject', message: 'the server refuses the subject' },
  {
    when: /^Maximum (?:Account Active )?Connections/i,
    code: 'connections',
    message: 'the server has too many connections',
    class: 'transient',
  },
  {
    when: /^(?:Stale Connection|Slow Consumer|Server Shutdown)/i,
    code: 'closed',
    message: 'the server closes the connection',
    class: 'transient',
  },
];

export const natsFailure = (text: string): SendFailure => refusalOf('nats', text, ERRORS);

/** Confirmation of a stream. https://docs.nats.io/reference/jetstream/api/stream/pub-ack */
interface StreamAnswer {
  readonly stream?: string;
  readonly seq?: number;
  readonly duplicate?: boolean;
  readonly error?: { readonly code?: number; readonly err_code?: number; readonly description?: string };
}

interface Row {
  readonly class: FailureClass;
  readonly message: string;
  readonly misconfigured?: true;
}

const wrong = (message: string): Row => ({ class: 'permanent', message, misconfigured: true });
const passing = (message: string): Row => ({ class: 'transient', message });

/** Meanings of `err_code`. https://github.com/nats-io/nats-server/blob/main/server/errors.json */
const STREAM_ERRORS: Readonly<Record<number, Row>> = {
  10002: passing('the account has used up its storage'),
  10008: passing('JetStream is not available for the moment'),
  10009: passing('the stream has no leader for the moment'),
  10023: passing('the server has not enough resources'),
  10028: passing('the server has no memory left'),
  10039: wrong('JetStream is not enabled for the account'),
  10047: passing('the server has no storage left'),
  10054: { class: 'permanent', message: 'the message is larger than the stream accepts' },
  10059: wrong('there is no such stream'),
  10060: wrong('another stream than `stream` stores this subject'),
  10076: wrong('JetStream is not enabled on the server'),
  10077: passing('the stream cannot store the message, for example because it is full'),
  10109: wrong('the stream is sealed'),
  10118: passing('the stream is offline'),
  10158: passing('the same message is being stored'),
  10167: passing('too many requests at once'),
};

/** Receipt of a stored message. Throws the failure if the stream refused it. */
export function streamReceipt(payload: string): Receipt {
  const answer: unknown = isJson(payload) ? JSON.parse(payload) : undefined;
  const { stream, seq, duplicate, error }: StreamAnswer = isObject(answer) ? answer : {};
  if (error !== undefined) {
    const { code = 0, err_code = code, description = '' } = error;
    const row = STREAM_ERRORS[err_code] ?? fallback(code);
    const misconfigured = row.misconfigured === true ? { misconfigured: true } : {};
    throw new SendFailure(row.class, `nats.${err_code}`, row.message, {
      status: code,
      body: description,
      ...misconfigured,
    });
  }
  if (stream === undefined || seq === undefined)
    throw new SendFailure('unknown', 'nats.garbled', 'the answer is not of JetStream');
  return { id: `${stream}:${seq}`, ...(duplicate === true && { answer: 'stored before' }) };
}

/** Class by `code`, which has the meaning of an HTTP status. */
const fallback = (code: number): Row =>
  code >= 500 || code === 429
    ? passing('the stream cannot store the message for the moment')
    : { class: 'permanent', message: 'the stream refuses the message' };
