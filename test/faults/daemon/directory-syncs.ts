import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Scenario } from '../support/scenario.ts';
import { countCalls } from './system-calls.ts';

/**
 * Ways in which a strict file system would lose the dead-letter file in a power cut: the file is new, and written again before its
 * folder was synced. ext4 happens to keep the name, so no power cut on it can show this.
 */
export async function unsyncedNames(scenario: Scenario, work: () => Promise<unknown>): Promise<string[]> {
  const { home } = scenario;
  countCalls(home);
  await scenario.start();
  await work();
  await home.stop();
  const text = await readFile(home.path('calls'), 'utf8');
  home.tracer = [];
  await scenario.start();
  return unsynced(text.split('\n'), home.path('state'));
}

const FILE = 'dead-letters.jsonl';

/** Reads a trace of strace with `-f -y`, in the order in which the calls ended. */
function unsynced(lines: readonly string[], state: string): string[] {
  let isNew = false;
  let writes = 0;
  for (const line of lines) {
    if (appeared(line, state).includes(FILE) && writes === 0) isNew = true;
    if (/ fsync\(\d+<([^>]*)>/.exec(line)?.[1] === state) isNew = false;
    if (!/ (?:write|pwrite64)\(/.test(line) || !line.includes(`<${state}/${FILE}>`)) continue;
    writes += 1;
    if (isNew && writes > 1) return [`${FILE} is new and was written again, and its folder is not synced`];
  }
  return writes > 1 ? [] : [`${FILE} was written ${writes} times, too few to show anything`];
}

/** Names that a call may have created in the folder. */
function appeared(line: string, state: string): string[] {
  const created = line.includes('O_CREAT') ? [/ openat\([^"]*"([^"]+)"/.exec(line)?.[1]] : [];
  const renamed = / rename(?:at2?)?\(.*"([^"]+)"[^"]*$/.exec(line)?.[1];
  return [...created, renamed]
    .filter((name): name is string => name !== undefined && path.dirname(name) === state)
    .map((name) => path.basename(name));
}
