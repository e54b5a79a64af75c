import type { WebSocket } from 'ws';
import type { Clock } from '../../lib/time/clock.ts';

const PING_EVERY_MS = 15_000;

/** Pings a client, and ends its connection when the answer to the last ping is missing. Returns the function that stops it. */
export function pingClient(socket: WebSocket, clock: Pick<Clock, 'after'>): () => void {
  let isAnswered = true;
  let cancel = (): void => {};
  socket.on('pong', () => {
    isAnswered = true;
  });
  const wait = (): void => {
    cancel = clock.after(PING_EVERY_MS, () => {
      if (!isAnswered) return socket.terminate();
      isAnswered = false;
      socket.ping();
      wait();
    });
  };
  wait();
  return () => cancel();
}
