import type { DeadLetter } from '../../core/delivery/delivery.ts';
import type { DeadLineProblem, ResendPlan, ResendRequest } from '../../core/delivery/resend.ts';
import { MOMENT, momentAt } from '../../core/values/value-kind.ts';
import type { DeadLetters } from '../dead-letters/dead-letters.ts';

/** Which letters a request means, oldest first, and what to tell before they are sent. `now` in milliseconds since the epoch. */
export async function planOf(
  request: ResendRequest,
  deadLetters: DeadLetters,
  now: number,
): Promise<ResendPlan & { letters: readonly DeadLetter[] }> {
  const wanted = filterOf(request, now);
  const letters: DeadLetter[] = [];
  const problems: DeadLineProblem[] = [];
  for await (const line of deadLetters.read()) {
    if ('problem' in line) problems.push(line);
    else if (wanted(line.record)) letters.push(line.record);
  }
  letters.sort((a, b) => deadAt(a) - deadAt(b));
  const channels = Object.fromEntries(
    [...groupBy(letters, ({ channel }) => request.to ?? channel)].map(([channel, group]) => [channel, group.length]),
  );
  const found = new Set(letters.map(({ id }) => id));
  const missing = (request.ids ?? []).filter((id) => !found.has(id));
  return { letters, plan: { total: letters.length, channels: request.requeue ? {} : channels, problems, missing } };
}

/** A record without a readable time goes first. */
function deadAt(letter: DeadLetter): number {
  return Date.parse(letter.dead_at) || 0;
}

function filterOf(request: ResendRequest, now: number): (letter: DeadLetter) => boolean {
  const ids = request.ids === undefined ? undefined : new Set(request.ids);
  const moment = request.since === undefined ? undefined : MOMENT.read(request.since);
  const since = moment === undefined ? undefined : momentAt(moment, now);
  const none =
    ids === undefined &&
    !request.all &&
    [request.channel, request.rule, request.class, since].every((part) => part === undefined);
  return (letter) =>
    !none &&
    (ids === undefined || ids.has(letter.id)) &&
    (request.channel === undefined || letter.channel === request.channel) &&
    (request.rule === undefined || letter.rule === request.rule) &&
    (request.class === undefined || letter.class === request.class) &&
    (since === undefined || Date.parse(letter.dead_at) >= since);
}

export function groupBy(
  letters: readonly DeadLetter[],
  key: (letter: DeadLetter) => string,
): Map<string, DeadLetter[]> {
  const groups = new Map<string, DeadLetter[]>();
  for (const letter of letters) {
    const group = groups.get(key(letter));
    if (group === undefined) groups.set(key(letter), [letter]);
    else group.push(letter);
  }
  return groups;
}
