import { type FailureClass, SendFailure } from '../../../core/problems/failure.ts';
import { networkFailure } from '../../kit/net/network-failures.ts';

interface Row {
  readonly message: string;
  readonly class?: FailureClass;
  readonly misconfigured?: true;
}

const wrong = (message: string): Row => ({ message, misconfigured: true });
const passing = (message: string): Row => ({ message, class: 'transient' });

/** Reply codes. https://www.rabbitmq.com/amqp-0-9-1-reference#constants */
const REPLIES: Readonly<Record<number, Row>> = {
  311: { message: 'the message is larger than the broker accepts' },
  312: passing('no queue gets the message: bind one to the exchange with this routing key'),
  313: passing('no consumer takes the message'),
  320: passing('an operator closed the connection'),
  402: wrong('there is no such virtual host'),
  403: wrong('the login is refused, or the user may not write to the exchange'),
  404: wrong('there is no such exchange'),
  405: passing('another connection has locked the queue'),
  406: { message: 'the broker refuses the message' },
  501: wrong('the answer is not of AMQP 0-9-1'),
  503: { message: 'the broker does not allow this command' },
  506: passing('the broker has not enough resources'),
  530: wrong('there is no such virtual host, or the user may not use it'),
  540: wrong('the broker does not support this'),
  541: passing('the broker failed'),
};

export function replyFailure(code: number, text: string, sent: boolean): SendFailure {
  const row = REPLIES[code] ?? { message: 'the broker refuses the message', class: sent ? 'unknown' : 'permanent' };
  return new SendFailure(row.class ?? 'permanent', `amqp.${code}`, row.message, {
    status: code,
    body: text,
    ...(row.misconfigured !== undefined && { misconfigured: true }),
  });
}

/** Failure of a connection or a channel that was closed. `sent`: publications were on it. */
export function closedFailure(error: unknown, sent: boolean): SendFailure {
  const { code, message = '' } = (error ?? {}) as { code?: unknown; message?: string };
  if (typeof code === 'number') return replyFailure(code, message, sent);
  const reply = /(\d{3}) \([A-Z-]+\)/.exec(message)?.[1];
  if (reply !== undefined) return replyFailure(Number(reply), message, sent);
  return networkFailure(typeof code === 'string' ? error : { code: 'ECONNRESET' }, sent);
}

/** Failure of a handshake, whose causes amqplib puts into the texts of its errors. */
export function openFailure(error: unknown): SendFailure {
  if (error instanceof SendFailure) return error;
  const { message = '' } = (error ?? {}) as { message?: string };
  if (/ConnectionOpenOk; got <ConnectionClose/.test(message)) return replyFailure(530, message, false);
  if (/SASL mechanism/.test(message)) return replyFailure(403, message, false);
  if (/^Expected |Invalid frame|Frame on channel|protocol/i.test(message)) return replyFailure(501, message, false);
  if (/ETIMEDOUT/.test(message)) return networkFailure({ code: 'ETIMEDOUT' }, false);
  return closedFailure(error, false);
}
