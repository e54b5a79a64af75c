import { isIP, type Socket } from 'node:net';
import tls, { connect, rootCertificates, type SecureContextOptions, type TLSSocket } from 'node:tls';
import type { Secret } from '../../../lib/secrets/secret.ts';
import { connected } from './dialer.ts';
import { type Pem, PemReader } from './pem.ts';

/** Certificate and key of this client. */
export interface ClientCertificate {
  readonly cert: Pem;
  readonly key: Pem;
  readonly passphrase?: Secret;
}

export interface TlsOptions {
  /** Authorities to trust instead of the system's. */
  readonly ca?: Pem;
  readonly client?: ClientCertificate;
}

const MAX_SESSIONS = 100;

/** Makes TLS connections of one channel, and resumes earlier sessions. */
export class TlsClient {
  readonly #options: TlsOptions;
  readonly #trustsSystem: boolean;
  readonly #pem = new PemReader();
  /** Latest session for each host. */
  readonly #sessions = new Map<string, Buffer>();
  #cert: string | undefined;

  /** `system`: the authorities of the system are trusted besides `ca`. */
  constructor(options: TlsOptions, { system = options.ca === undefined }: { readonly system?: boolean } = {}) {
    this.#options = options;
    this.#trustsSystem = system;
  }

  /** Makes the handshake over a connection and checks the certificate for `host`. Rejects with a `SendFailure`; the connection is then closed. */
  async secure(socket: Socket, host: string, timeout: number): Promise<TLSSocket> {
    try {
      const material = await this.#material();
      const session = this.#sessions.get(host);
      const secured = connect({
        socket,
        host,
        ALPNProtocols: ['http/1.1'],
        ...(isIP(host) === 0 && { servername: host }),
        ...material,
        ...(session !== undefined && { session }),
      });
      secured.on('session', (latest) => this.#keep(host, latest));
      return await connected(secured, timeout, 'secureConnect');
    } catch (error) {
      socket.on('error', () => undefined);
      socket.destroy();
      throw error;
    }
  }

  async #material(): Promise<SecureContextOptions> {
    const { ca, client } = this.#options;
    const [authority, cert, key] = await Promise.all(
      [ca, client?.cert, client?.key].map(async (pem) => (pem === undefined ? undefined : await this.#pem.read(pem))),
    );
    const passphrase = client?.passphrase?.reveal();
    // A resumed session would have the identity of the earlier certificate.
    if (cert !== this.#cert) this.#sessions.clear();
    this.#cert = cert;
    return {
      ...(authority !== undefined && { ca: this.#trustsSystem ? [...systemAuthorities(), authority] : authority }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
      ...(passphrase !== undefined && { passphrase }),
    };
  }

  #keep(host: string, session: Buffer): void {
    if (this.#sessions.size >= MAX_SESSIONS) this.#sessions.clear();
    this.#sessions.set(host, session);
  }
}

/** Authorities that a connection without `ca` trusts. Older versions of Node leave out those of NODE_EXTRA_CA_CERTS. */
const systemAuthorities = (): readonly string[] =>
  (tls as { getCACertificates?: (kind: 'default') => readonly string[] }).getCACertificates?.('default') ??
  rootCertificates;
