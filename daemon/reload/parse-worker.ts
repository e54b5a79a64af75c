import { parentPort, workerData } from 'node:worker_threads';
import { parseYaml } from './parse.ts';
import { parseEntries } from './parse-entries.ts';

/** What a thread is for: one text as it is, or the entries of `rules:`, group by group. */
export type Work = { readonly text: string } | { readonly groups: readonly (readonly string[])[] };

// A thread of its own for much text, so that parsing it delays nothing else.
const work = workerData as Work;
// oxlint-disable-next-line unicorn/require-post-message-target-origin
const answer = (message: unknown): void => parentPort?.postMessage(message);
if ('text' in work) answer(parseYaml(work.text));
else
  work.groups.every((group) => {
    const entries = parseEntries(group);
    if (entries !== undefined) answer(entries);
    return entries !== undefined;
  });
