import { connect, type NetConnectOpts, type Socket } from 'node:net';

/** Connection that sends exactly the given bytes, unlike an HTTP client. */
export interface RawConnection {
  readonly socket: Socket;
  /** All bytes that came, as Latin-1. */
  readonly received: string;
  /** Resolves when the received text matches, or when the connection has ended; returns the text. */
  until(pattern: RegExp): Promise<string>;
  /** Resolves to the received text when the connection has ended. */
  ended(): Promise<string>;
}

export async function openRaw(to: NetConnectOpts): Promise<RawConnection> {
  const socket = connect(to);
  let received = '';
  let isEnded = false;
  let changed = (): void => {};
  socket.setNoDelay(true);
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1');
    changed();
  });
  // A reset by the daemon is an answer too.
  socket.on('error', () => socket.destroy());
  socket.on('close', () => {
    isEnded = true;
    changed();
  });
  await new Promise<void>((resolve) => {
    socket.once('connect', resolve);
    socket.once('close', () => resolve());
  });
  const until = async (isOver: () => boolean): Promise<string> => {
    while (!isEnded && !isOver()) await new Promise<void>((resolve) => (changed = resolve));
    return received;
  };
  return {
    socket,
    get received() {
      return received;
    },
    until: (pattern) => until(() => pattern.test(received)),
    ended: () => until(() => false),
  };
}

/** Sends bytes and resolves to everything that the daemon answers until it closes the connection. */
export async function exchange(to: NetConnectOpts, bytes: string | Buffer): Promise<string> {
  const connection = await openRaw(to);
  connection.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  return connection.ended();
}

/** Status codes of the answers on one connection, in order. */
export function statusesOf(received: string): number[] {
  return [...received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
}
