import { type Endpoint, type FailureClass, SendFailure } from '../../../core/problems/failure.ts';

interface Row {
  readonly code: string;
  readonly message: string;
  readonly class?: FailureClass;
  /** The settings of the channel are wrong: every delivery would fail. */
  readonly misconfigured?: boolean;
}

const refused = { code: 'net.refused', message: 'connection refused' };
const reset = { code: 'net.reset', message: 'the connection was cut' };
const unreachable = { code: 'net.unreachable', message: 'no route to the host' };
const noName = { code: 'net.dns', message: 'the host name was not found' };
const noNameServer = { code: 'net.dns', message: 'the name servers gave no answer for the host name' };
const connectTimeout = { code: 'net.connect_timeout', message: 'no connection within the time allowed' };
const noAnswer = { code: 'http.no_answer', message: 'no answer within the time allowed' };
const exhausted = { code: 'net.no_resources', message: 'this machine has no sockets or file descriptors left' };
const noSocket: Row = { code: 'net.no_socket', message: 'there is no Unix socket at this path', class: 'transient' };
const noPermission: Row = {
  code: 'net.no_permission',
  message: 'this user may not connect',
  class: 'permanent',
  misconfigured: true,
};
const clientRefused: Row = {
  code: 'tls.client_refused',
  message: 'the server refuses the certificate of this client, or wants one',
  class: 'permanent',
  misconfigured: true,
};
const garbled = { code: 'http.garbled', message: 'the answer is not HTTP' };

/** Row for a fault that a person must mend before a TLS connection can be made. */
const tls = (code: string, message: string): Row => ({ code, message, class: 'permanent', misconfigured: true });
const untrusted = tls('tls.untrusted', 'the certificate is not signed by an authority that this machine trusts');
/** Row for a request that cannot be written. */
const unsendable: Row = {
  code: 'http.bad_request',
  message: 'the request has characters that HTTP does not allow',
  class: 'permanent',
};

/** Rows by the `code` of a Node, c-ares, OpenSSL or undici error. Without a class: transient while nothing was sent, unknown afterwards. */
const ROWS: Readonly<Record<string, Row>> = {
  ECONNREFUSED: refused,
  ECONNRESET: reset,
  ECONNABORTED: reset,
  EPIPE: reset,
  UND_ERR_SOCKET: reset,
  UND_ERR_CLOSED: reset,
  UND_ERR_DESTROYED: reset,
  EHOSTUNREACH: unreachable,
  ENETUNREACH: unreachable,
  EHOSTDOWN: unreachable,
  ENETDOWN: unreachable,
  EADDRNOTAVAIL: unreachable,
  ENOTFOUND: noName,
  ENODATA: noName,
  ENONAME: noName,
  EBADNAME: noName,
  EAI_AGAIN: noNameServer,
  ETIMEOUT: noNameServer,
  ESERVFAIL: noNameServer,
  EREFUSED: noNameServer,
  EFORMERR: noNameServer,
  ENOTIMP: noNameServer,
  EBADRESP: noNameServer,
  ECANCELLED: noNameServer,
  ETIMEDOUT: connectTimeout,
  UND_ERR_CONNECT_TIMEOUT: connectTimeout,
  UND_ERR_HEADERS_TIMEOUT: noAnswer,
  UND_ERR_BODY_TIMEOUT: noAnswer,
  UND_ERR_HEADERS_OVERFLOW: garbled,
  ENOENT: noSocket,
  ENOTSOCK: noSocket,
  EACCES: noPermission,
  EMFILE: exhausted,
  ENFILE: exhausted,
  ENOBUFS: exhausted,
  ENOMEM: exhausted,
  CERT_HAS_EXPIRED: tls('tls.expired', 'the certificate has expired, or the clock of this machine is wrong'),
  CERT_NOT_YET_VALID: tls(
    'tls.not_yet_valid',
    'the certificate is not valid yet, or the clock of this machine is wrong',
  ),
  ERR_TLS_CERT_ALTNAME_INVALID: tls('tls.wrong_name', 'the certificate is for another host name'),
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
  UNABLE_TO_GET_ISSUER_CERT: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  CERT_UNTRUSTED: untrusted,
  CERT_REVOKED: tls('tls.revoked', 'the certificate was revoked'),
  EPROTO: tls('tls.protocol', 'no TLS could be agreed on; the port may speak plain HTTP'),
  ERR_INVALID_URL: {
    code: 'http.bad_url',
    message: 'the URL is not a valid http or https URL',
    class: 'permanent',
    misconfigured: true,
  },
  UND_ERR_INVALID_ARG: unsendable,
  UND_ERR_REQ_CONTENT_LENGTH_MISMATCH: unsendable,
  UND_ERR_NOT_SUPPORTED: unsendable,
  ERR_INVALID_CHAR: unsendable,
};

/** Rows for groups of codes. */
const FAMILIES: readonly (readonly [RegExp, Row])[] = [
  [/^HPE_/, garbled],
  // https://www.rfc-editor.org/rfc/rfc8446#section-6.2
  [
    /^ERR_SSL_.*_ALERT_(?:CERTIFICATE_|BAD_CERTIFICATE|UNKNOWN_CA|UNSUPPORTED_CERTIFICATE|ACCESS_DENIED|NO_CERTIFICATE)/,
    clientRefused,
  ],
  [/^(?:ERR_SSL_|ERR_TLS_)/, ROWS.EPROTO!],
];

/** Failure of a request without an answer. `sent`: it was on a connection, so the server may have it. The message contains no host, which is part of a setting. */
export function networkFailure(error: unknown, sent: boolean): SendFailure {
  if (error instanceof SendFailure) return error;
  const code = codeOf(error);
  const row = ROWS[code] ?? FAMILIES.find(([pattern]) => pattern.test(code))?.[1];
  const { code: name, message } = row ?? { code: 'net.failed', message: 'the connection failed' };
  if (row?.class === 'permanent' && !(sent && row.misconfigured === true && row !== clientRefused)) {
    return new SendFailure('permanent', name, message, row.misconfigured === true ? { misconfigured: true } : {});
  }
  if (sent) return new SendFailure('unknown', name, `${message} after the request went out`);
  return new SendFailure('transient', name, message, row === refused ? { refusedAt: endpointsOf(error) } : {});
}

/** Every address that was tried. */
function endpointsOf(error: unknown): Endpoint[] {
  if (error instanceof AggregateError) return error.errors.flatMap(endpointsOf);
  const { address, port, cause } = (error ?? {}) as { address?: unknown; port?: unknown; cause?: unknown };
  if (typeof address === 'string' && typeof port === 'number') return [{ address, port }];
  return cause === undefined ? [] : endpointsOf(cause);
}

function codeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: unknown };
  if (typeof code === 'string') return code;
  return cause === undefined ? '' : codeOf(cause);
}
