import { loopReason } from '../../core/event/hops.ts';
import { summarize } from '../../core/event/summary.ts';
import type { Decision, StateChange } from '../../core/flow/decision.ts';
import type { Alert } from '../../core/flow/steps/alert.ts';
import { SILENCES } from '../../core/flow/steps/silence.ts';
import { originOf } from '../../core/flow/select.ts';
import type { Ruleset } from '../../core/ruleset.ts';
import type { Lanes } from '../../delivery/lanes.ts';
import type { DeliveryView, FeedItem } from '../../http/daemon-api.ts';
import type { Metrics } from '../../http/metrics.ts';
import type { Log } from '../../lib/log.ts';
import { rfc3339 } from '../../lib/time/rfc3339.ts';
import type { Clock } from '../../lib/time/clock.ts';
import type { DeliveryWaiter } from './delivery-waiter.ts';
import type { Feed } from './feed.ts';
import type { DecidedEvent } from './intake.ts';
import type { OwnEvents } from './own-events.ts';

/** Reports accepted events to the metrics, the log and the feed. */
export function eventObserver(deps: {
  feed: Feed;
  metrics: Metrics;
  own: OwnEvents;
  live: () => Ruleset;
  clock: Clock;
  log: Log;
}): (event: DecidedEvent) => void {
  const { feed, metrics, own, live, clock, log } = deps;
  return ({ event, decision: { results, deliveries } }) => {
    const outcome = summarize(results);
    metrics.eventAccepted(originOf(event, live()), outcome);
    if (outcome === 'error' && loopReason(event) !== undefined) metrics.loopStopped();
    for (const result of results) {
      if (result.outcome !== 'no_match') metrics.ruleOutcome(result.rule, result.outcome);
      if (result.errors !== undefined) own.ruleError(event, result);
    }
    log.info(
      { event: event.id, type: event.type, source: event.source, outcome, deliveries: deliveries.length },
      'event',
    );
    if (!feed.hasListeners) return;
    const outcomes = Object.fromEntries(results.map((result) => [result.rule, result.outcome]));
    feed.publish({ kind: 'event', at: new Date(clock.now()).toISOString(), event, outcomes, results });
  };
}

/** Reports results that a timer or a person gave to earlier events to the metrics, the log and the feed, and changes of alerts and silences to the feed. Several events of one message are reported once. */
export function laterObserver(deps: {
  feed: Feed;
  metrics: Pick<Metrics, 'ruleOutcome'>;
  own: Pick<OwnEvents, 'ruleError'>;
  clock: Clock;
  log: Log;
}): (decision: Decision) => void {
  const { feed, metrics, own, clock, log } = deps;
  return ({ later = [], states }) => {
    for (const { event, result } of later) {
      const { at, rule, key, outcome, reason } = result;
      if (result.with_event !== undefined) continue;
      metrics.ruleOutcome(rule, outcome);
      if (result.errors !== undefined) own.ruleError(event, result);
      log.info({ event: event.id, rule, key, outcome, reason }, 'later');
      if (feed.hasListeners) feed.publish({ kind: 'later', at, event, result });
    }
    if (!feed.hasListeners) return;
    for (const change of states) {
      const item = feedItemOf(change, clock.now());
      if (item !== undefined) feed.publish(item);
    }
  };
}

/** Item of the feed for a stored change of an alert or a silence. */
function feedItemOf({ rule, key, step, value }: StateChange, now: number): FeedItem | undefined {
  const at = rfc3339(now);
  if (step === 'alert') {
    const { acknowledged, unacknowledged } = (value ?? {}) as Partial<Alert>;
    const by = (acknowledged ?? unacknowledged)?.by;
    const state = value === null ? 'ended' : acknowledged === undefined ? 'firing' : 'acknowledged';
    return { kind: 'alert', at, rule, key, state, ...(by !== undefined && { by }) };
  }
  if (step !== SILENCES.step || rule !== SILENCES.rule) return undefined;
  const { until } = value as { readonly until?: string };
  const isOver = until !== undefined && Date.parse(until) <= now;
  return { kind: 'silence', at, silence: key, state: isOver ? 'ended' : 'made' };
}

/** Reports attempts and settled deliveries to the metrics, the waits and the feed. Returns the unsubscription. */
export function observeDeliveries(deps: {
  feed: Feed;
  metrics: Metrics;
  waiter: DeliveryWaiter;
  lanes: Lanes;
  clock: Clock;
  view: (id: string) => Promise<DeliveryView | undefined>;
}): () => void {
  const { feed, metrics, waiter, lanes, clock, view } = deps;
  return lanes.observe({
    attempted: (channel, milliseconds) => metrics.attempt(channel, milliseconds / 1000),
    settled: (delivery, settlement) => {
      metrics.settled(delivery.channel, settlement.state, settlement.state === 'dead' ? settlement.class : '');
      waiter.deliveryChanged(delivery.event.id);
      if (!feed.hasListeners) return;
      const at = new Date(clock.now()).toISOString();
      const { id, source, type, subject } = delivery.event;
      const event = { id, source, type, ...(subject !== undefined && { subject }) };
      void view(delivery.id).then(
        (shown) => shown && feed.publish({ kind: 'delivery', at, delivery: shown, event }),
        () => undefined,
      );
    },
  });
}
