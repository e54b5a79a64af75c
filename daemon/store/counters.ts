/** Totals since the store was made, written with each commit, so that audit can compare them with the rows. */
export interface Counters {
  /** By the outcome of the event as a whole. */
  readonly events: Readonly<Record<string, number>>;
  readonly owed: number;
  readonly delivered: number;
  /** Ended dead, and neither resent with success nor dropped since. */
  readonly dead: number;
  readonly cancelled: number;
}

export type CounterChange = Partial<Counters>;

export const NO_COUNTS: Counters = { events: {}, owed: 0, delivered: 0, dead: 0, cancelled: 0 };

export function added(counters: Counters, change: CounterChange): Counters {
  const events = change.events === undefined ? counters.events : sums(counters.events, change.events);
  return {
    events,
    owed: counters.owed + (change.owed ?? 0),
    delivered: counters.delivered + (change.delivered ?? 0),
    dead: counters.dead + (change.dead ?? 0),
    cancelled: counters.cancelled + (change.cancelled ?? 0),
  };
}

export function sums(
  left: Readonly<Record<string, number>>,
  right: Readonly<Record<string, number>>,
): Record<string, number> {
  const total = { ...left };
  for (const [name, count] of Object.entries(right)) total[name] = (total[name] ?? 0) + count;
  return total;
}

/** The names under which `facts` keeps them. */
export const FACT = { counters: 'counters', forgotten: 'forgotten', epoch: 'push_epoch' } as const;
