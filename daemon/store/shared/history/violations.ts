import type { Audit } from '../../store.ts';
import type { Counters } from '../commit/counters.ts';
import { FIRST_FINAL, STATE, STATE_NAMES } from '../stored-states.ts';

/** Violations of one kind that are named; the rest is counted. */
export const MAX_NAMED = 20;

/** Lines about violations of one kind. `ids` may be the first of `count`. */
export function named(ids: readonly string[], text: string, count = ids.length): string[] {
  const lines = ids.slice(0, MAX_NAMED).map((id) => `${id} ${text}`);
  return count > MAX_NAMED ? [...lines, `${count - MAX_NAMED} more: ${text}`] : lines;
}

/** Number of deliveries by the name of their state, from pairs of a stored state and a number. */
export function countsByState(rows: readonly (readonly [state: number, count: number])[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const [state, count] of rows) {
    const name = STATE_NAMES[state] ?? `unknown state ${state}`;
    counts[name] = (counts[name] ?? 0) + count;
  }
  return counts;
}

/** Compares the dead deliveries with the dead letters. `stateOf` answers undefined for a delivery that is not stored. */
export function againstLetters(
  letters: Iterable<string>,
  dead: readonly string[],
  stateOf: (id: string) => number | undefined,
): string[] {
  const states = new Map([...letters].map((id) => [id, stateOf(id)]));
  const withState = (wanted: (state: number) => boolean): string[] =>
    [...states].flatMap(([id, state]) => (state !== undefined && wanted(state) ? [id] : []));
  return [
    ...named(
      dead.filter((id) => !states.has(id)),
      'is dead, but not in the dead-letter file',
    ),
    ...named(
      withState((state) => state === STATE.delivered),
      'is delivered, but in the dead-letter file',
    ),
    ...named(
      withState((state) => state < FIRST_FINAL),
      'has not ended, but is in the dead-letter file',
    ),
  ];
}

/** Compares the counters with the rows: each counted event and delivery is stored, or was deleted by `trim` and is in `forgotten`. */
export function againstCounters(
  counted: Counters,
  forgotten: Counters,
  { events, deliveries }: Pick<Audit, 'events' | 'deliveries'>,
): string[] {
  const outcomes = new Set([...Object.keys(events), ...Object.keys(counted.events)]);
  const stored = Object.values(deliveries).reduce((sum, count) => sum + count, 0);
  const sums: [string, number, number][] = [
    ...[...outcomes].map((name): [string, number, number] => [
      `events that were ${name}`,
      counted.events[name] ?? 0,
      (events[name] ?? 0) + (forgotten.events[name] ?? 0),
    ]),
    ['deliveries', counted.owed, stored + forgotten.owed],
    ['delivered deliveries', counted.delivered, (deliveries['delivered'] ?? 0) + forgotten.delivered],
    ['dead deliveries', counted.dead, deliveries['dead'] ?? 0],
    ['cancelled deliveries', counted.cancelled, (deliveries['cancelled'] ?? 0) + forgotten.cancelled],
  ];
  return sums
    .filter(([, expected, found]) => expected !== found)
    .map(([name, expected, found]) => `${expected} ${name} were counted, but ${found} are stored or were forgotten`);
}
