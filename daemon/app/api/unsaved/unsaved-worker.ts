import { parentPort } from 'node:worker_threads';
import { UnsavedHandler } from './handler.ts';
import type { Request } from './protocol.ts';

// Compiles and runs unsaved rules in a thread of their own, so that neither a slow text nor a long history holds up the daemon.
const handler = new UnsavedHandler();
const port = parentPort;
port?.on('message', (request: Request) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin
  void handler.handle(request).then((reply) => port.postMessage(reply));
});
