import { parentPort, workerData } from 'node:worker_threads';
import { parseYaml } from './parse.ts';

// A thread of its own for one large file, so that parsing it delays nothing else.
// oxlint-disable-next-line unicorn/require-post-message-target-origin
parentPort?.postMessage(parseYaml(workerData as string));
