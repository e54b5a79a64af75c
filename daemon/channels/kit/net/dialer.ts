import type { LookupAddress } from 'node:dns';
import { connect, isIP, type LookupFunction, type Socket } from 'node:net';
import { SendFailure } from '../../../core/problems/failure.ts';
import type { Egress } from '../../../core/values/egress.ts';
import { networkFailure } from './network-failures.ts';
import { openResolver, type ResolverOptions } from './resolver.ts';

/** Server to connect to. */
export interface DialTarget {
  /** Name or address; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

/**
 * Opens the outgoing connections of one channel, and refuses those that `daemon.egress` denies. Every channel that connects uses it,
 * whatever its protocol: the address that is checked is the one that is dialled.
 */
export interface Dialer {
  /** Connects within `timeout` milliseconds. Rejects with a `SendFailure`: nothing was sent. The caller owns the socket. */
  connect(target: DialTarget, timeout?: number): Promise<Socket>;
  /** The same to a Unix socket, which is a file and no address: `daemon.egress` does not limit it. */
  connectUnix(path: string, timeout?: number): Promise<Socket>;
  /**
   * Looks up names for libraries that connect or send datagrams by themselves, as the option `lookup`. It returns allowed addresses
   * only. `net.connect` does not call it for a literal address: check that by `refusalOf` first.
   */
  readonly lookup: LookupFunction;
  /** Failure of a connection to a host that is a denied address, or whose name is denied; undefined if a connection may be tried. */
  refusalOf(host: string): SendFailure | undefined;
  /** Ends connections that are being opened. */
  close(): void;
}

export interface DialerOptions {
  /** Undefined: every address is allowed. */
  readonly egress?: Egress;
  readonly resolver?: ResolverOptions;
}

const DEFAULT_TIMEOUT_MS = 30_000;
const KEEP_ALIVE_MS = 60_000;

export function openDialer({ egress, resolver: resolverOptions }: DialerOptions = {}): Dialer {
  const resolver = openResolver(resolverOptions);
  const opening = new Set<Socket>();

  const lookup: LookupFunction = (hostname, wanted, callback) => {
    const done = (found: readonly LookupAddress[]): void => {
      const denials = found.map(({ address }) => egress?.denialOf(address, hostname));
      const allowed = found.filter((_, index) => denials[index] === undefined);
      const [first] = allowed;
      if (first === undefined) callback(egressRefusal(denials[0]!), '');
      else if (wanted.all === true) callback(null, [...allowed]);
      else callback(null, first.address, first.family);
    };
    const family = isIP(hostname);
    if (family !== 0) return done([{ address: hostname, family }]);
    resolver.lookup(hostname, { ...wanted, all: true }, (error, found) => {
      if (error === null) done(found as LookupAddress[]);
      else callback(error, '');
    });
  };

  const refusalOf = (host: string): SendFailure | undefined => {
    const denial = egress?.denialOfHost(host);
    return denial === undefined ? undefined : egressRefusal(denial);
  };

  const open = (socket: Socket, timeout: number): Promise<Socket> => {
    opening.add(socket);
    return connected(socket, timeout).finally(() => opening.delete(socket));
  };

  return {
    lookup,
    refusalOf,
    connect({ host, port }, timeout = DEFAULT_TIMEOUT_MS) {
      const refusal = isIP(host) === 0 ? undefined : refusalOf(host);
      if (refusal !== undefined) return Promise.reject(refusal);
      const socket = connect({
        host,
        port,
        lookup,
        autoSelectFamily: true,
        noDelay: true,
        keepAlive: true,
        keepAliveInitialDelay: KEEP_ALIVE_MS,
      });
      return open(socket, timeout);
    },
    connectUnix: (path, timeout = DEFAULT_TIMEOUT_MS) => open(connect({ path }), timeout),
    close() {
      resolver.close();
      for (const socket of opening) socket.destroy(closed());
    },
  };
}

/** Resolves when the socket emits `event`, and rejects with the failure of the connection otherwise. */
export function connected<S extends Socket>(socket: S, timeout: number, event = 'connect'): Promise<S> {
  return new Promise((resolve, reject) => {
    const onTimeout = (): void => void socket.destroy(timedOut());
    const end = (): void => {
      socket.setTimeout(0);
      socket.off('timeout', onTimeout).off('error', onError).off('close', onClose).off(event, onEvent);
    };
    const onError = (error: Error): void => {
      end();
      // A second error of a destroyed socket has no listener any more.
      socket.on('error', () => undefined);
      reject(networkFailure(error, false));
    };
    const onClose = (): void => onError(closed());
    const onEvent = (): void => {
      end();
      resolve(socket);
    };
    socket.setTimeout(timeout);
    socket.on('timeout', onTimeout).on('error', onError).on('close', onClose).on(event, onEvent);
  });
}

const timedOut = (): Error => Object.assign(new Error('connect timeout'), { code: 'ETIMEDOUT' });
const closed = (): Error => Object.assign(new Error('the channel was closed'), { code: 'ECONNABORTED' });

/** Failure of a connection that a setting denies; `setting` is its name. */
const egressRefusal = (setting: string): SendFailure =>
  new SendFailure(
    'permanent',
    'net.egress_denied',
    `\`${setting}\` denies connections to this address; add it to \`daemon.egress.allow\` if they are wanted`,
    { misconfigured: true },
  );
