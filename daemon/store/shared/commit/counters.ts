/** Totals since the store was created. Written with each commit, so that `audit` can compare them with the rows. */
export interface Counters {
  /** Number of events by their summary outcome. */
  readonly events: Readonly<Record<string, number>>;
  /** Number of deliveries created; `owed` is its stored name. */
  readonly owed: number;
  readonly delivered: number;
  /** Number of dead deliveries that were neither resent nor dropped. */
  readonly dead: number;
  readonly cancelled: number;
}

export type CounterChange = Partial<Counters>;

export const NO_COUNTS: Counters = { events: {}, owed: 0, delivered: 0, dead: 0, cancelled: 0 };

/** Returns the same object when `changes` is empty. */
export function added(counters: Counters, changes: readonly CounterChange[]): Counters {
  if (changes.length === 0) return counters;
  const events: Record<string, number> = { ...counters.events };
  let { owed, delivered, dead, cancelled } = counters;
  for (const change of changes) {
    if (change.events !== undefined) addTo(events, change.events);
    owed += change.owed ?? 0;
    delivered += change.delivered ?? 0;
    dead += change.dead ?? 0;
    cancelled += change.cancelled ?? 0;
  }
  return { events, owed, delivered, dead, cancelled };
}

export function addTo(total: Record<string, number>, more: Readonly<Record<string, number>>): void {
  for (const name in more) total[name] = (total[name] ?? 0) + more[name]!;
}

/** Names in the table `facts`. */
export const FACT = { counters: 'counters', forgotten: 'forgotten', epoch: 'push_epoch' } as const;
