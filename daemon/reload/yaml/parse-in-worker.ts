import { Worker } from 'node:worker_threads';
import type { Parsed } from './parse.ts';
import { readYaml } from './read-yaml.ts';

/** Size from which a text is parsed in a worker. It takes about 20 ms to parse; starting a worker takes longer. */
const MIN_WORKER_CHARACTERS = 32 * 1024;
const PARSE_TIMEOUT_MS = 30_000;

/** Parses a small text in this thread and a large one in a worker. Only the built program has the worker: Node 20 does not run TypeScript. */
export async function parseText(text: string): Promise<Parsed> {
  if (text.length < MIN_WORKER_CHARACTERS || !import.meta.url.endsWith('.js')) return readYaml(text);
  return await parseInWorker(text, new URL('./parse-worker.js', import.meta.url));
}

/** Parses in a worker. A worker that fails or times out makes the file unparsable and has no other effect. */
export function parseInWorker(text: string, script: URL): Promise<Parsed> {
  return new Promise((resolve) => {
    const worker = new Worker(script, { workerData: text, resourceLimits: { maxOldGenerationSizeMb: 1024 } });
    const end = (parsed: Parsed): void => {
      clearTimeout(deadline);
      resolve(parsed);
      void worker.terminate();
    };
    const deadline = setTimeout(end, PARSE_TIMEOUT_MS, UNPARSABLE);
    worker.once('message', end);
    worker.once('error', () => end(UNPARSABLE));
    worker.once('exit', () => end(UNPARSABLE));
  });
}

const UNPARSABLE: Parsed = {
  ok: false,
  stage: 'syntax',
  issues: [
    {
      offset: 0,
      code: 'yaml.too_large',
      message: 'the file cannot be parsed within reasonable time and memory',
      mend: 'split it into several files',
    },
  ],
};
