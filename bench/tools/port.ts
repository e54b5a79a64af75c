import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below the range that clients are given, so that no client's socket sits on it while what was killed starts again. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const server = createServer();
    try {
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
      server.close();
      await once(server, 'close');
      return port;
    } catch {
      // Somebody has it: another one.
    }
  }
}
