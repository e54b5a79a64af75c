import type { LaterResult, RuleResult } from '../../../core/flow/decision.ts';
import type { Activity, HistoryQuery, Page, RuleActivity, Store } from '../../store.ts';

const HOUR_MS = 3_600_000;
/** Items of one page. */
const PAGE = 1000;

/** Last uses of rules, channels and silences, from the stored events and deliveries. */
export async function activity(store: Pick<Store, 'events' | 'deliveries'>, since: number): Promise<Activity> {
  const counted = new ActivityCounter(since);
  const delivered = new Map<string, number>();
  for await (const { receivedAt, results, later } of all((query) => store.events(query))) {
    for (const result of results) counted.add(result, receivedAt);
    for (const result of later) counted.add(result, Date.parse(result.at));
  }
  for await (const { delivery } of all((query) => store.deliveries.page({ ...query, states: ['delivered'] }))) {
    const last = delivery.attempts.at(-1);
    const at = last === undefined ? delivery.createdAt : Date.parse(last.at) + last.ms;
    delivered.set(delivery.channel, Math.max(delivered.get(delivery.channel) ?? 0, at));
  }
  return { rules: counted.rules(), delivered, silenced: counted.silenced };
}

async function* all<T>(page: (query: HistoryQuery) => Promise<Page<T>>): AsyncIterable<T> {
  for (let cursor: string | undefined; ; ) {
    const { items, next } = await page({ limit: PAGE, order: 'asc', ...(cursor !== undefined && { cursor }) });
    yield* items;
    if (next === undefined) return;
    cursor = next;
  }
}

class ActivityCounter {
  readonly #since: number;
  readonly #rules = new Map<
    string,
    { lastMatch?: number; lastNotified?: number; hours: Map<number, Map<string, number>> }
  >();
  readonly silenced = new Map<string, number>();

  constructor(since: number) {
    this.#since = since;
  }

  add({ rule, outcome, silence, ...result }: RuleResult | LaterResult, at: number): void {
    const isLater = 'at' in result;
    const known = this.#rules.get(rule) ?? { hours: new Map<number, Map<string, number>>() };
    this.#rules.set(rule, known);
    if (!isLater) known.lastMatch = Math.max(known.lastMatch ?? 0, at);
    if (outcome === 'notified') known.lastNotified = Math.max(known.lastNotified ?? 0, at);
    if (silence !== undefined) this.silenced.set(silence, Math.max(this.silenced.get(silence) ?? 0, at));
    const hour = Math.floor(at / HOUR_MS) * HOUR_MS;
    if (hour + HOUR_MS <= this.#since) return;
    const outcomes = known.hours.get(hour) ?? new Map<string, number>();
    known.hours.set(hour, outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1));
  }

  rules(): ReadonlyMap<string, RuleActivity> {
    return new Map(
      [...this.#rules].map(([rule, { hours, ...last }]) => [
        rule,
        {
          ...last,
          hours: [...hours]
            .toSorted(([a], [b]) => a - b)
            .map(([at, outcomes]) => ({ at, outcomes: Object.fromEntries(outcomes) })),
        },
      ]),
    );
  }
}
