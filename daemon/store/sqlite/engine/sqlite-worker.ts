import { parentPort } from 'node:worker_threads';
import type { Request } from './protocol.ts';
import { SqliteEngine } from './engine.ts';

/**
 * Worker thread for SQLite, whose calls block. One message is one request, and the event loop of the thread turns between two
 * of them: without that the memory of libsql grows without bound. The first message names the file.
 */
const port = parentPort;
if (port === null) throw new Error("this file is the store's worker thread; it is not a program");
port.once('message', ({ file }: { readonly file: string }) => {
  const engine = new SqliteEngine(file);
  port.on('message', (request: Request) => {
    port.postMessage(engine.handle(request));
    const fault = engine.walCheckpointIfDue();
    if (fault !== undefined) port.postMessage({ fault });
    if (request.kind === 'close') port.close();
  });
});
