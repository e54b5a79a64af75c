import type { DeadLetter } from '../../core/delivery/delivery.ts';
import type { DeadLineProblem, ResendPlan, ResendRequest } from '../../core/delivery/resend.ts';
import { DEAD_FILTERS, type DeadFilter, deadLetterTest, isFiltered } from '../../core/values/dead-filters.ts';
import { rfc3339 } from '../../lib/time/rfc3339.ts';
import { deadAt, DeadCounts } from '../dead-letters/page.ts';
import type { DeadLetters } from '../dead-letters/dead-letters.ts';

/** Members of a record that a plan needs. */
type Planned = Pick<DeadLetter, 'id' | 'channel' | 'class' | 'dead_at'>;

/** The part of a record that is kept for a plan alone, in which no message or event stays in memory. */
export function plannedOf({ id, channel, class: deadClass, dead_at }: DeadLetter): Planned {
  return { id, channel, class: deadClass, dead_at };
}

/** Records that a request selects, in the order of the file, and the lines of it that are no records. */
export interface Selected<T> {
  readonly records: readonly T[];
  readonly problems: readonly DeadLineProblem[];
}

/** `now`: milliseconds since the epoch. `keep`: what is kept of each record. */
export async function select<T>(
  request: ResendRequest,
  deadLetters: DeadLetters,
  now: number,
  keep: (record: DeadLetter) => T,
): Promise<Selected<T>> {
  const isSelected = selectionOf(request, now);
  const records: T[] = [];
  const problems: DeadLineProblem[] = [];
  for await (const line of deadLetters.read()) {
    if ('problem' in line) problems.push(line);
    else if (isSelected(line.record)) records.push(keep(line.record));
  }
  return { records, problems };
}

/** Records to send, oldest first, and the plan that is shown before. `isTaken`: whether a running resend has the record. */
export function planOf<T extends Planned>(
  request: ResendRequest,
  { records: selected, problems }: Selected<T>,
  { now, isTaken }: { readonly now: number; readonly isTaken: (id: string) => boolean },
): { readonly records: readonly T[]; readonly plan: ResendPlan['plan'] } {
  const records = selected.filter(({ id }) => !isTaken(id)).sort((a, b) => deadAt(a) - deadAt(b));
  const channels = Object.fromEntries(
    [...groupBy(records, ({ channel }) => request.to ?? channel)].map(([channel, group]) => [channel, group.length]),
  );
  const counts = new DeadCounts();
  for (const record of records) counts.add(record);
  const found = new Set(selected.map(({ id }) => id));
  const plan = {
    total: records.length,
    channels: request.requeue ? {} : channels,
    counts: counts.list(),
    in_other_jobs: selected.length - records.length,
    until: rfc3339(now + 1),
    problems,
    missing: (request.ids ?? []).filter((id) => !found.has(id)),
  };
  return { records, plan };
}

function selectionOf(request: ResendRequest, now: number): (record: DeadLetter) => boolean {
  const ids = request.ids === undefined ? undefined : new Set(request.ids);
  if (ids === undefined && !request.all && !isFiltered(request)) return () => false;
  const isFitting = deadLetterTest(filterOf(request), now);
  return (record) => (ids === undefined || ids.has(record.id)) && isFitting(record);
}

/** Filters of a request, whose values are texts. */
function filterOf(request: ResendRequest): DeadFilter {
  const given = Object.entries(DEAD_FILTERS).flatMap(([name, { kind }]) => {
    const text = request[name as keyof DeadFilter];
    return text === undefined ? [] : [[name, kind.read(text)]];
  });
  return Object.fromEntries(given) as DeadFilter;
}

export function groupBy<T>(records: readonly T[], key: (record: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const record of records) {
    const group = groups.get(key(record));
    if (group === undefined) groups.set(key(record), [record]);
    else group.push(record);
  }
  return groups;
}
