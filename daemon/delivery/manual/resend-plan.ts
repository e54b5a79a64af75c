import type { DeadLetter } from '../../core/delivery/delivery.ts';
import type { DeadLineProblem, ResendPlan, ResendRequest } from '../../core/delivery/resend.ts';
import { TIME_OR_AGO, resolveTime } from '../../core/values/value-kind.ts';
import type { DeadLetters } from '../dead-letters/dead-letters.ts';

/** Dead records that a request selects, oldest first, and the plan that is shown before they are sent. `now`: milliseconds since the epoch. */
export async function planOf(
  request: ResendRequest,
  deadLetters: DeadLetters,
  now: number,
): Promise<ResendPlan & { records: readonly DeadLetter[] }> {
  const isSelected = filterOf(request, now);
  const records: DeadLetter[] = [];
  const problems: DeadLineProblem[] = [];
  for await (const line of deadLetters.read()) {
    if ('problem' in line) problems.push(line);
    else if (isSelected(line.record)) records.push(line.record);
  }
  records.sort((a, b) => deadAt(a) - deadAt(b));
  const channels = Object.fromEntries(
    [...groupBy(records, ({ channel }) => request.to ?? channel)].map(([channel, group]) => [channel, group.length]),
  );
  const found = new Set(records.map(({ id }) => id));
  const missing = (request.ids ?? []).filter((id) => !found.has(id));
  return { records, plan: { total: records.length, channels: request.requeue ? {} : channels, problems, missing } };
}

/** Sorts a record without a readable time first. */
function deadAt(record: DeadLetter): number {
  return Date.parse(record.dead_at) || 0;
}

function filterOf(request: ResendRequest, now: number): (record: DeadLetter) => boolean {
  const ids = request.ids === undefined ? undefined : new Set(request.ids);
  const time = request.since === undefined ? undefined : TIME_OR_AGO.read(request.since);
  const since = time === undefined ? undefined : resolveTime(time, now);
  const selectsNothing =
    ids === undefined &&
    !request.all &&
    [request.channel, request.rule, request.class, since].every((filter) => filter === undefined);
  return (record) =>
    !selectsNothing &&
    (ids === undefined || ids.has(record.id)) &&
    (request.channel === undefined || record.channel === request.channel) &&
    (request.rule === undefined || record.rule === request.rule) &&
    (request.class === undefined || record.class === request.class) &&
    (since === undefined || Date.parse(record.dead_at) >= since);
}

export function groupBy(
  records: readonly DeadLetter[],
  key: (record: DeadLetter) => string,
): Map<string, DeadLetter[]> {
  const groups = new Map<string, DeadLetter[]>();
  for (const record of records) {
    const group = groups.get(key(record));
    if (group === undefined) groups.set(key(record), [record]);
    else group.push(record);
  }
  return groups;
}
