import { isIP, type Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { connected } from './dialer.ts';

export interface TlsOptions {
  /** PEM of authorities to trust instead of the system's. */
  readonly ca?: string;
}

const MAX_SESSIONS = 100;

/** Makes TLS connections of one channel, and resumes earlier sessions. */
export class TlsClient {
  readonly #options: TlsOptions;
  /** Latest session for each host. */
  readonly #sessions = new Map<string, Buffer>();

  constructor(options: TlsOptions) {
    this.#options = options;
  }

  /** Makes the handshake over a connection and checks the certificate for `host`. Rejects with a `SendFailure`; the connection is then closed. */
  async secure(socket: Socket, host: string, timeout: number): Promise<TLSSocket> {
    const { ca } = this.#options;
    const session = this.#sessions.get(host);
    const secured = connect({
      socket,
      host,
      ALPNProtocols: ['http/1.1'],
      ...(isIP(host) === 0 && { servername: host }),
      ...(ca !== undefined && { ca }),
      ...(session !== undefined && { session }),
    });
    secured.on('session', (latest) => this.#keep(host, latest));
    return await connected(secured, timeout, 'secureConnect');
  }

  #keep(host: string, session: Buffer): void {
    if (this.#sessions.size >= MAX_SESSIONS) this.#sessions.clear();
    this.#sessions.set(host, session);
  }
}
