import { type Counters, NO_COUNTS } from '../../shared/commit/counters.ts';

/** Counters of the totals that are stored. */
export function countersOf(totals: Readonly<Record<string, number>>): Counters {
  return withCounts(NO_COUNTS, totals);
}

const EVENT = 'event:';

/** Counters with changes: `owed`, `delivered`, `dead`, `cancelled`, and `event:OUTCOME`. */
export function withCounts(counters: Counters, counts: Readonly<Record<string, number>>): Counters {
  const events: Record<string, number> = { ...counters.events };
  const others = {
    owed: counters.owed,
    delivered: counters.delivered,
    dead: counters.dead,
    cancelled: counters.cancelled,
  };
  for (const [name, count] of Object.entries(counts)) {
    if (name.startsWith(EVENT)) events[name.slice(EVENT.length)] = (events[name.slice(EVENT.length)] ?? 0) + count;
    else if (name in others) others[name as keyof typeof others] += count;
  }
  return { events, ...others };
}
