import type { Command } from 'commander';
import { DEAD_FILTERS } from '../../../core/values/dead-filters.ts';
import { daemonOptions, filterOptions } from '../../options.ts';
import { readAll, type Terminal } from '../../render/terminal.ts';

/** Options of the verbs that select dead letters by filters. */
export function selectOptions(command: Command): Command {
  return filterOptions(daemonOptions(command), DEAD_FILTERS);
}

/** Ids as given; `-` means the ids on standard input, one a line. */
export async function idsOf(terminal: Terminal, given: readonly string[]): Promise<readonly string[]> {
  const listed = given.filter((id) => id !== '-');
  if (listed.length === given.length) return listed;
  // Accepts ids and lines of `dead list --json`.
  const read = (await readAll(terminal.stdin))
    .split('\n')
    .map((text) => text.trim())
    .filter((text) => text !== '');
  return [
    ...listed,
    ...read.map((text) => (text.startsWith('{') ? String((JSON.parse(text) as { id?: unknown }).id) : text)),
  ];
}
