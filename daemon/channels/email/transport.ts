import type { SendMailOptions, SMTPPoolOptions } from 'nodemailer';
import type { MailServer } from './server.ts';
import type { Dialer } from '../kit/net/dialer.ts';
import type { RecipientError } from './smtp-failure.ts';

export interface TransportOptions {
  readonly server: MailServer;
  readonly dialer: Dialer;
  /** Name of this machine for EHLO; used when it has a dot. */
  readonly hostname: string;
  /** PEM of authorities to trust instead of the system's. */
  readonly ca?: string;
  readonly dkim?: { readonly domainName: string; readonly keySelector: string; readonly privateKey: string };
}

export interface MailRequest {
  readonly mail: SendMailOptions;
  readonly from: string;
  readonly recipients: readonly string[];
  readonly signal: AbortSignal;
}

export type MailOutcome =
  /** The server accepted the mail, at least for `accepted`. */
  | {
      readonly kind: 'taken';
      readonly accepted: readonly string[];
      readonly rejected: readonly RecipientError[];
      readonly response: string;
    }
  /** `bodySent`: the whole mail was written to the connection. */
  | { readonly kind: 'failed'; readonly error: unknown; readonly bodySent: boolean };

export interface MailTransport {
  /** Never rejects. */
  send(request: MailRequest): Promise<MailOutcome>;
  close(): void;
}

/** Timeout of a connection after the end of its attempt, whose deadline is shorter. */
const MAX_CONNECTION_MS = 10 * 60 * 1000;
/** Bound of the pool; a lane has fewer attempts at once. */
const MAX_CONNECTIONS = 20;

/** One pool of connections to one mail server. */
export async function openTransport(options: TransportOptions): Promise<MailTransport> {
  // Loaded with the first mail, since most runs of the program send none.
  const { createTransport } = await import('nodemailer');
  const pool = createTransport(poolOptions(options));
  // A broken idle connection is no error; a broken send rejects.
  pool.on('error', () => {});
  /** Callbacks for the last byte of a mail, by the envelope of its attempt. */
  const bodyRead = new WeakMap<object, () => void>();
  pool.use('stream', (mail, done) => {
    const createReadStream = mail.message.createReadStream.bind(mail.message);
    mail.message.createReadStream = (...given) => {
      const stream = createReadStream(...given);
      stream.once('end', () => bodyRead.get(mail.data.envelope as object)?.());
      return stream;
    };
    done();
  });
  return {
    async send({ mail, from, recipients, signal }) {
      let bodySent = false;
      const envelope = { from, to: [...recipients] };
      bodyRead.set(envelope, () => {
        bodySent = true;
      });
      try {
        const info = await pool.sendMail({ ...mail, envelope, signal });
        const rejected = (info.rejectedErrors ?? []) as readonly RecipientError[];
        return { kind: 'taken', accepted: info.accepted.map(String), rejected, response: info.response };
      } catch (error) {
        return { kind: 'failed', error, bodySent };
      }
    },
    close() {
      pool.close({ force: true });
    },
  };
}

function poolOptions({
  server,
  dialer,
  hostname,
  ca,
  dkim,
}: TransportOptions): SMTPPoolOptions & { readonly pool: true } {
  return {
    pool: true,
    maxConnections: MAX_CONNECTIONS,
    maxRequeues: 1,
    host: server.host,
    port: server.port,
    secure: server.tls === 'implicit',
    requireTLS: server.tls === 'required',
    ignoreTLS: server.tls === 'none',
    tls: { rejectUnauthorized: server.verify, ...(ca !== undefined && { ca }) },
    connectionTimeout: MAX_CONNECTION_MS,
    greetingTimeout: MAX_CONNECTION_MS,
    socketTimeout: MAX_CONNECTION_MS,
    // A message must not make the daemon read a file or a URL.
    disableFileAccess: true,
    disableUrlAccess: true,
    ...(hostname.includes('.') && { name: hostname }),
    ...(server.user !== undefined && { auth: { user: server.user, pass: server.password ?? '' } }),
    ...(dkim !== undefined && { dkim: { ...dkim } }),
    getSocket(_, done) {
      dialer.connect(server).then(
        (connection) => done(null, { connection }),
        (error: Error) => done(error, false),
      );
    },
  };
}
