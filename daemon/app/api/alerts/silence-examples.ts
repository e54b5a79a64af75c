import type { MatchedEvent } from '../../../core/alerts/silence-preview.ts';
import type { RuleResult } from '../../../core/flow/decision.ts';
import type { SilenceExample } from '../../../http/daemon-api.ts';
import { rfc3339 } from '../../../lib/time/rfc3339.ts';
import type { Store, StoredDelivery } from '../../../store/store.ts';

/** Events whose deliveries are looked up. Each costs a query. */
const MAX_LOOKED_UP = 1000;

/** Deliveries about these events by the rules and keys of their results. */
export async function notificationsOf(
  store: Store,
  events: readonly MatchedEvent[],
): Promise<{ readonly deliveries: readonly StoredDelivery[]; readonly isComplete: boolean }> {
  const notified = events.filter(({ results }) => results.some(({ outcome }) => outcome === 'notified'));
  const found = await Promise.all(
    notified.slice(0, MAX_LOOKED_UP).map(async ({ event, results }) => {
      const stored = await store.deliveries.ofEvent(event.id);
      return stored.filter(({ delivery }) => results.some((result) => isOf(result, delivery)));
    }),
  );
  return { deliveries: found.flat(), isComplete: notified.length <= MAX_LOOKED_UP };
}

/** At most `max` past events that a silence would have dropped, once for each rule and key. */
export function examplesOf(
  events: readonly MatchedEvent[],
  deliveries: readonly StoredDelivery[],
  max: number,
): readonly SilenceExample[] {
  const found: SilenceExample[] = [];
  for (const one of events) {
    for (const result of latestOf(one.results)) {
      if (found.length === max) return found;
      found.push(exampleOf(one, result, deliveries));
    }
  }
  return found;
}

/** One result of each rule and key: that somebody was notified, else the latest one, such as that of a repeat. */
function latestOf(results: readonly RuleResult[]): Iterable<RuleResult> {
  const isNotified = ({ outcome }: RuleResult): number => Number(outcome === 'notified');
  const ordered = [...results].sort((a, b) => isNotified(a) - isNotified(b));
  return new Map(ordered.map((result) => [JSON.stringify([result.rule, result.key]), result])).values();
}

function exampleOf(
  { event: { id, source, type, subject }, receivedAt }: MatchedEvent,
  { rule, key = '', outcome }: RuleResult,
  deliveries: readonly StoredDelivery[],
): SilenceExample {
  const own = deliveries.filter(({ delivery }) => delivery.event.id === id && isOf({ rule, key }, delivery));
  return {
    event: id,
    time: rfc3339(receivedAt),
    source,
    type,
    ...(subject !== undefined && { subject }),
    rule,
    key,
    outcome,
    notified: [...new Set(own.map(({ delivery }) => delivery.channel))],
  };
}

function isOf(result: Pick<RuleResult, 'rule' | 'key'>, delivery: StoredDelivery['delivery']): boolean {
  return result.rule === delivery.rule && result.key === delivery.key;
}
