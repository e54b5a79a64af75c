import { type FailureClass, type FailureDetail, SendFailure } from '../../core/problems/failure.ts';
import { networkFailure } from '../kit/net/network-failures.ts';

/** Fields of nodemailer's errors. https://nodemailer.com/smtp/ */
export interface SmtpError {
  readonly code?: string;
  /** The system's or OpenSSL's code, where `code` is nodemailer's. */
  readonly originalCode?: string;
  readonly command?: string;
  readonly responseCode?: number;
  readonly response?: string;
  readonly rejectedErrors?: readonly RecipientError[];
}

export interface RecipientError extends SmtpError {
  readonly recipient?: string;
}

/** Reply of a mail server, as the table below reads it. */
interface Reply {
  readonly reply: number;
  /** `5.1.1`; RFC 3463. */
  readonly enhanced: string;
  /** The command before the reply; `CONN` for the greeting. */
  readonly command: string;
  readonly error: string;
}

interface Row {
  readonly when: (reply: Reply) => boolean;
  readonly class: FailureClass;
  readonly message: string;
  readonly misconfigured?: boolean;
}

const isRefusal = ({ reply }: Reply): boolean => reply >= 500 && reply < 600;
const onCommand =
  (pattern: RegExp) =>
  (reply: Reply): boolean =>
    isRefusal(reply) && pattern.test(reply.command);
const oneOf =
  (...replies: readonly number[]) =>
  ({ reply }: Reply): boolean =>
    replies.includes(reply);

const passing = (message: string, when: Row['when']): Row => ({ when, class: 'transient', message });
const refused = (message: string, when: Row['when']): Row => ({ when, class: 'permanent', message });
const blocked = (message: string, when: Row['when']): Row => ({
  when,
  class: 'permanent',
  message,
  misconfigured: true,
});

/** Classes of replies; the first row that fits counts. RFC 5321, 4.2; RFC 4954, 6; RFC 3463. */
const REPLIES: readonly Row[] = [
  blocked('the mail server refuses the user or the password', oneOf(534, 535)),
  blocked('the mail server wants a stronger login or an encrypted connection', oneOf(538)),
  blocked('the mail server wants a login or TLS first: set user and password, or `tls: required`', oneOf(530)),
  blocked('the mail server does not accept the login', onCommand(/^AUTH/)),
  passing('the mail server cannot start TLS just now', ({ error, reply }) => error === 'ETLS' && reply < 500),
  blocked('the mail server offers no TLS; `tls: none` sends without', ({ error }) => error === 'ETLS'),
  // RFC 5321, 4.5.3.1.10: some servers say 552 where they mean 452. A full account may have space later.
  passing(
    'the recipient has no room for more mail',
    ({ reply, enhanced }) => (reply === 552 || reply === 550) && enhanced === '5.2.2',
  ),
  passing(
    'the mail server accepts fewer recipients at once',
    ({ reply, command }) => reply === 552 && command === 'RCPT TO',
  ),
  refused(
    'the message is too large for the mail server',
    ({ reply, enhanced }) => [523, 552].includes(reply) || enhanced === '5.3.4',
  ),
  passing('the mail server lost its place in the conversation', oneOf(503)),
  blocked('the mail server accepts no mail from this machine', onCommand(/^CONN/)),
  blocked('the mail server refuses the sender: look at `from`', onCommand(/^MAIL FROM/)),
  refused('the mail server refuses every recipient', onCommand(/^RCPT TO/)),
  refused('the mail server refuses the message', isRefusal),
  passing('the mail server closes the connection and asks for another try', oneOf(421)),
  passing('the mail server puts the message off', () => true),
];

/** Failures without a reply, by nodemailer's code. */
const CODES: Readonly<Record<string, Omit<Row, 'when'> & { readonly code: string }>> = {
  EAUTH: {
    code: 'smtp.no_login',
    class: 'permanent',
    message: 'the login cannot be made: set both user and password',
    misconfigured: true,
  },
  ENOAUTH: {
    code: 'smtp.no_login',
    class: 'permanent',
    message: 'the mail server wants a login: set user and password',
    misconfigured: true,
  },
  ECONFIG: { code: 'smtp.settings', class: 'permanent', message: 'the settings cannot work', misconfigured: true },
  EENVELOPE: { code: 'smtp.envelope', class: 'permanent', message: 'an address cannot be written in SMTP' },
  EMESSAGE: {
    code: 'smtp.too_large',
    class: 'permanent',
    message: 'the message is larger than the mail server accepts',
  },
  EMAXRECIPIENTS: { code: 'smtp.too_many', class: 'permanent', message: 'too many recipients' },
  EPROTOCOL: {
    code: 'smtp.garbled',
    class: 'transient',
    message: 'the answer is not SMTP; the port may belong to something else',
  },
};

/** System codes for the codes of nodemailer. */
const NETWORK: Readonly<Record<string, string>> = {
  ECONNECTION: 'ECONNRESET',
  ESOCKET: 'ECONNRESET',
  ETLS: 'ECONNRESET',
};
const NO_TLS = /^(?:EPROTO|ERR_SSL_)/;

/** The first line of a reply has the reason. */
const MAX_REPLY_LENGTH = 4096;

/** Failure of a mail that was not accepted. `bodySent`: all of it was sent when the connection broke, so the server may have it. */
export function smtpFailure(thrown: unknown, bodySent: boolean): SendFailure {
  if (thrown instanceof SendFailure) return thrown;
  const error = (thrown ?? {}) as SmtpError;
  if (error.responseCode !== undefined) return replyFailure(error);
  if (error.code === 'EABORT') return abortFailure(bodySent);
  const cause = error.originalCode ?? '';
  if (NO_TLS.test(cause)) {
    const message =
      'no TLS could be agreed on; the port may want smtp:// where smtps:// is set, or the other way round';
    return new SendFailure('permanent', 'tls.protocol', message, { misconfigured: true });
  }
  const row = cause === '' ? CODES[error.code ?? ''] : undefined;
  if (row !== undefined) return failureOf(row, row.code, {});
  const code = cause === '' ? (NETWORK[error.code ?? ''] ?? error.code) : cause;
  return networkFailure({ code }, bodySent);
}

/** Whether the refusal of a recipient is permanent. */
export const isPermanent = (error: RecipientError): boolean => replyRow(error).class === 'permanent';

function replyRow(error: SmtpError): Row {
  const reply: Reply = {
    reply: error.responseCode ?? 0,
    enhanced: /^\d{3}[ -](\d\.\d{1,3}\.\d{1,3})\b/.exec(error.response ?? '')?.[1] ?? '',
    command: error.command ?? '',
    error: error.code ?? '',
  };
  return REPLIES.find(({ when }) => when(reply))!;
}

function replyFailure(error: SmtpError): SendFailure {
  const { responseCode: status = 0, response = '' } = error;
  return failureOf(replyRow(error), `smtp.${status}`, { status, body: response.slice(0, MAX_REPLY_LENGTH) });
}

function abortFailure(bodySent: boolean): SendFailure {
  return bodySent
    ? new SendFailure('unknown', 'smtp.no_answer', 'the mail server had the whole message and gave no answer in time')
    : new SendFailure('transient', 'smtp.timeout', 'the mail server did not accept the message in time');
}

function failureOf(row: Omit<Row, 'when'>, code: string, detail: FailureDetail): SendFailure {
  const misconfigured = row.misconfigured === true ? { misconfigured: true } : {};
  return new SendFailure(row.class, code, row.message, { ...detail, ...misconfigured });
}
