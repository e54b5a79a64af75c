import type { Socket } from 'node:net';
import { clientNetwork } from '../../core/values/network.ts';

/** Enough for 10,000 push clients and all other clients. */
export const MAX_CONNECTIONS = 16 * 1024;
/** Connections on the Unix socket, which programs of this machine use. */
export const MAX_SOCKET_CONNECTIONS = 512;
/** Open files that the store, sources, channels and plugins need. */
export const OTHER_FILES = 512;

export interface ConnectionLimits {
  readonly tcp: number;
  readonly socket: number;
}

/** Limits of connections that leave enough open files for everything else. `openFiles` is that of the process; undefined if it is unknown. */
export function connectionLimits(openFiles: number | undefined): ConnectionLimits {
  if (openFiles === undefined) return { tcp: MAX_CONNECTIONS, socket: MAX_SOCKET_CONNECTIONS };
  const left = Math.max(openFiles - OTHER_FILES, Math.floor(openFiles / 2));
  // Operators and commands use the socket: it has a share that other clients cannot use up.
  const socket = Math.min(MAX_SOCKET_CONNECTIONS, Math.floor(left / 4));
  return { tcp: Math.min(MAX_CONNECTIONS, left - socket), socket };
}

/** Open connections of one listening address, by the network of the client. */
export class Connections {
  readonly #mostPerNetwork: () => number;
  readonly #open = new Set<Socket>();
  readonly #perNetwork = new Map<string, number>();
  readonly #counted = new Map<Socket, string>();

  constructor(mostPerNetwork: () => number) {
    this.#mostPerNetwork = mostPerNetwork;
  }

  /** Adds a connection until it closes. False if its client has as many as it may have; then it is not counted. */
  add(connection: Socket): boolean {
    // The server sees a connection again whose offer of another protocol was ignored.
    if (this.#open.has(connection)) return true;
    this.#open.add(connection);
    connection.once('close', () => {
      this.#open.delete(connection);
      this.release(connection);
    });
    const network = clientNetwork(connection.remoteAddress);
    if (network === undefined) return true;
    const count = this.#perNetwork.get(network) ?? 0;
    if (count >= this.#mostPerNetwork()) return false;
    this.#perNetwork.set(network, count + 1);
    this.#counted.set(connection, network);
    return true;
  }

  /** Counts a connection no longer for its client: a stream whose user has proved who it is has a limit of its own. */
  release(connection: Socket): void {
    const network = this.#counted.get(connection);
    if (network === undefined) return;
    this.#counted.delete(connection);
    const left = this.#perNetwork.get(network)! - 1;
    if (left === 0) this.#perNetwork.delete(network);
    else this.#perNetwork.set(network, left);
  }

  destroyAll(): void {
    for (const connection of this.#open) connection.destroy();
  }
}
