import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { parseEntries } from './parse-entries.ts';
import type { Work } from './parse-worker.ts';
import { type Parsed, parseYaml } from './parse.ts';

/** Characters that take some 20 ms to parse; starting a thread takes longer than that. */
export const LARGE = 32 * 1024;
/** Characters of entries that are parsed in one go. */
const GROUP = 4 * 1024;
const SLOWEST = 30_000;
const MOST_THREADS = 2;

const THREAD = new URL('./parse-worker.js', import.meta.url);
/** The thread needs the built program: Node 20 runs no TypeScript. */
const hasThreads = import.meta.url.endsWith('.js');

/** Parses in place what is small, in a thread what is large. */
export async function parseAside(text: string): Promise<Parsed> {
  return text.length < LARGE || !hasThreads ? parseYaml(text) : await parseInWorker(text, THREAD);
}

/** A thread that dies or takes half a minute makes the file unreadable, nothing more. */
export async function parseInWorker(text: string, script: URL): Promise<Parsed> {
  const [parsed] = (await runThread(script, { text }, 1, (message) => message as Parsed)) ?? [];
  return parsed ?? UNPARSABLE;
}

/** The data of entries that were cut out of a file, in their order; undefined when one is not good by itself. */
export async function parseEntriesAside(texts: readonly string[]): Promise<readonly unknown[] | undefined> {
  const groups = groupsOf(texts);
  const inPlace = groups.length * GROUP < LARGE || !hasThreads;
  return inPlace ? await parseGroups(groups) : await parseInThreads(groups, THREAD);
}

async function parseGroups(groups: readonly (readonly string[])[]): Promise<readonly unknown[] | undefined> {
  const entries: unknown[][] = [];
  for (const group of groups) {
    const parsed = parseEntries(group);
    if (parsed === undefined) return undefined;
    entries.push(entriesOf(parsed));
    await new Promise((resolve) => setImmediate(resolve));
  }
  return entries.flat();
}

export async function parseInThreads(
  groups: readonly (readonly string[])[],
  script: URL,
): Promise<readonly unknown[] | undefined> {
  const share = Math.ceil(groups.length / Math.min(MOST_THREADS, availableParallelism()));
  const shares = Array.from({ length: Math.ceil(groups.length / share) }, (_, n) =>
    groups.slice(n * share, (n + 1) * share),
  );
  const parsed = await Promise.all(
    shares.map((part) => runThread(script, { groups: part }, part.length, (message) => entriesOf(message as string))),
  );
  return parsed.includes(undefined) ? undefined : parsed.flat(2);
}

const entriesOf = (json: string): unknown[] => JSON.parse(json) as unknown[];

function groupsOf(texts: readonly string[]): readonly (readonly string[])[] {
  const groups: string[][] = [];
  let room = 0;
  for (const text of texts) {
    if (room <= 0) {
      groups.push([]);
      room = GROUP;
    }
    groups.at(-1)!.push(text);
    room -= text.length;
  }
  return groups;
}

/** What a thread answers, `count` times; undefined when it dies before or takes too long. */
function runThread<T>(script: URL, work: Work, count: number, read: (message: unknown) => T): Promise<T[] | undefined> {
  return new Promise((resolve) => {
    const answers: T[] = [];
    const worker = new Worker(script, { workerData: work, resourceLimits: { maxOldGenerationSizeMb: 1024 } });
    const end = (): void => {
      clearTimeout(deadline);
      resolve(answers.length === count ? answers : undefined);
      void worker.terminate();
    };
    const deadline = setTimeout(end, SLOWEST);
    worker.on('message', (message) => {
      if (answers.push(read(message)) === count) end();
    });
    worker.once('error', end);
    worker.once('exit', end);
  });
}

const UNPARSABLE: Parsed = {
  ok: false,
  issues: [
    {
      offset: 0,
      code: 'yaml.too_large',
      message: 'the file cannot be parsed within reasonable time and memory',
      mend: 'split it into several files',
    },
  ],
};
