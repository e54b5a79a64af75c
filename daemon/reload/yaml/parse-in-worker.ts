import { Worker } from 'node:worker_threads';
import type { Parsed } from './parse.ts';
import { readYaml } from './read-yaml.ts';

/** Characters that take some 20 ms to parse; starting a thread takes longer than that. */
const LARGE = 32 * 1024;
const SLOWEST = 30_000;

/** Parses in place what is small, in a thread what is large. The thread needs the built program: Node 20 runs no TypeScript. */
export async function parseAside(text: string): Promise<Parsed> {
  if (text.length < LARGE || !import.meta.url.endsWith('.js')) return readYaml(text);
  return await parseInWorker(text, new URL('./parse-worker.js', import.meta.url));
}

/** A thread that dies or takes half a minute makes the file unreadable, nothing more. */
export function parseInWorker(text: string, script: URL): Promise<Parsed> {
  return new Promise((resolve) => {
    const worker = new Worker(script, { workerData: text, resourceLimits: { maxOldGenerationSizeMb: 1024 } });
    const end = (parsed: Parsed): void => {
      clearTimeout(deadline);
      resolve(parsed);
      void worker.terminate();
    };
    const deadline = setTimeout(end, SLOWEST, UNPARSABLE);
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
