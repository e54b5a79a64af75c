import { parentPort } from 'node:worker_threads';
import type { Request } from './protocol.ts';
import { SqliteEngine } from './engine.ts';

/**
 * The thread that SQLite blocks instead of the event loop. It is driven by messages alone: between two of them the thread's own
 * loop turns, without which libsql's memory grows without end. The first message names the file.
 */
const port = parentPort;
if (port === null) throw new Error("this file is the store's worker thread; it does not run by itself");
port.once('message', ({ file }: { readonly file: string }) => {
  const engine = new SqliteEngine(file);
  port.on('message', (request: Request) => {
    port.postMessage(engine.handle(request));
    const fault = engine.checkpointIfDue();
    if (fault !== undefined) port.postMessage({ unasked: fault });
    if (request.kind === 'close') port.close();
  });
});
