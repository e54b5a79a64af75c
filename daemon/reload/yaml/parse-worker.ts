import { parentPort, workerData } from 'node:worker_threads';
import { readYaml } from './read-yaml.ts';

// Parses one large file in its own thread, so that the event loop of the daemon does not wait.
// oxlint-disable-next-line unicorn/require-post-message-target-origin
parentPort?.postMessage(readYaml(workerData as string));
