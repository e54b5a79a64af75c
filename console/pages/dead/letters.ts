import { computed, signal } from '@preact/signals';
import type { DeadCount, DeadLetter, DeadLineProblem, DeadPageEnd } from '../../../daemon/http/api/dead-letters.ts';
import { lines } from '../../api/client.ts';
import type { Query } from '../../lib/router.ts';
import { status } from '../../api/status.ts';

/** Filters of the list, in the address and in the calls. */
export const NAMES = ['text', 'channel', 'rule', 'class', 'code', 'since', 'until'] as const;

export const CLASSES = ['permanent', 'exhausted', 'expired', 'unknown', 'internal'] as const;

/** Counts of all letters that match, and the lines of the file that are none. */
export interface Summary {
  readonly total: number;
  readonly counts: readonly DeadCount[];
  readonly problems: readonly DeadLineProblem[];
}

/** Summary of the list that was read last. */
export const summary = signal<Summary | undefined>(undefined);

const changes = signal(0);

/** Changes when letters may have come or gone: the number of them, a job that ended, an action on this page. */
export const letterChanges = computed(() => `${status.value?.deliveries.dead ?? 0} ${changes.value}`);

export function lettersChanged(): void {
  changes.value += 1;
}

/** Reads one page of letters, which the daemon sends as lines. */
export async function readLetters(path: string, query: Query, signalOfCall: AbortSignal) {
  const letters: DeadLetter[] = [];
  const problems: DeadLineProblem[] = [];
  let end: DeadPageEnd = { next: null, total: 0, counts: [] };
  for await (const line of lines<DeadLetter | DeadLineProblem | DeadPageEnd>('GET', path, {
    query,
    signal: signalOfCall,
  })) {
    if ('next' in line) end = line;
    else if ('problem' in line) problems.push(line);
    else letters.push(line);
  }
  const { next, total, counts } = end;
  summary.value = { total, counts, problems: query.cursor === undefined ? problems : (summary.value?.problems ?? []) };
  return { letters, next };
}
