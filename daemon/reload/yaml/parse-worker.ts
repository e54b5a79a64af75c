import { parentPort, workerData } from 'node:worker_threads';
import { readYaml } from './read-yaml.ts';

// A thread of its own for one large file, so that parsing it delays nothing else.
// oxlint-disable-next-line unicorn/require-post-message-target-origin
parentPort?.postMessage(readYaml(workerData as string));
