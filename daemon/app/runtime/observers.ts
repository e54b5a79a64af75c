import type { Decision } from '../../core/flow/decision.ts';
import type { Ruleset } from '../../core/ruleset.ts';
import { originOf } from '../../core/flow/select.ts';
import { summarize } from '../../core/event/summary.ts';
import type { Lanes } from '../../delivery/lanes.ts';
import type { Metrics } from '../../http/metrics.ts';
import type { DeliveryView } from '../../http/daemon-api.ts';
import type { Clock } from '../../lib/time/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Feed } from './feed.ts';
import type { Taken } from './intake.ts';
import type { OwnEvents } from './own-events.ts';
import type { Waiting } from './delivery-waiter.ts';

/** Tells everybody who watches what became of an event. */
export function watchEvents(parts: {
  feed: Feed;
  metrics: Metrics;
  own: OwnEvents;
  live: () => Ruleset;
  clock: Clock;
  log: Log;
}): (taken: Taken) => void {
  const { feed, metrics, own, live, clock, log } = parts;
  return ({ event, decision: { results, deliveries } }) => {
    const outcome = summarize(results);
    metrics.eventAccepted(originOf(event, live()), outcome);
    for (const result of results) {
      if (result.outcome !== 'no_match') metrics.ruleOutcome(result.rule, result.outcome);
      if (result.errors !== undefined) own.ruleError(event, result);
    }
    log.info(
      { event: event.id, type: event.type, source: event.source, outcome, deliveries: deliveries.length },
      'event',
    );
    if (!feed.followed) return;
    const outcomes = Object.fromEntries(results.map((result) => [result.rule, result.outcome]));
    feed.publish({ kind: 'event', at: new Date(clock.now()).toISOString(), event, outcomes });
  };
}

/** Tells everybody who watches what a timer did to events that came earlier. */
export function watchTimers(parts: {
  feed: Feed;
  metrics: Metrics;
  own: OwnEvents;
  log: Log;
}): (decision: Decision) => void {
  const { feed, metrics, own, log } = parts;
  return ({ later = [] }) => {
    for (const { event, result } of later) {
      const { at, rule, key, outcome, reason } = result;
      metrics.ruleOutcome(rule, outcome);
      if (result.errors !== undefined) own.ruleError(event, result);
      log.info({ event: event.id, rule, key, outcome, reason }, 'later');
      if (feed.followed) feed.publish({ kind: 'later', at, event, result });
    }
  };
}

/** Tells everybody who watches what became of a delivery. Returns the unsubscription. */
export function watchDeliveries(parts: {
  feed: Feed;
  metrics: Metrics;
  waiting: Waiting;
  lanes: Lanes;
  clock: Clock;
  view: (id: string) => Promise<DeliveryView | undefined>;
}): () => void {
  const { feed, metrics, waiting, lanes, clock, view } = parts;
  return lanes.observe({
    attempted: (channel, milliseconds) => metrics.attempt(channel, milliseconds / 1000),
    settled: (delivery, settlement) => {
      metrics.settled(delivery.channel, settlement.state, settlement.state === 'dead' ? settlement.class : '');
      waiting.changed(delivery.event.id);
      if (!feed.followed) return;
      const at = new Date(clock.now()).toISOString();
      void view(delivery.id).then(
        (shown) => shown && feed.publish({ kind: 'delivery', at, delivery: shown }),
        () => undefined,
      );
    },
  });
}
