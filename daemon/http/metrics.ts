import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Values that are computed when metrics are read. */
export interface GaugeValues {
  readonly queue: readonly { readonly channel: string; readonly depth: number; readonly oldestSeconds: number }[];
  readonly deadLetters: number;
  /** `firing` counts the acknowledged ones too. */
  readonly alerts: { readonly firing: number; readonly acknowledged: number };
  readonly silences: number;
  readonly timers: number;
  readonly generation: number;
  readonly ready: boolean;
}

export interface Metrics {
  /** `source` is a configured one, `belfry` or `api`, so that senders cannot create labels. */
  eventAccepted(source: string, outcome: string): void;
  /** Counts the outcome of a rule for an event, decided at once or later. */
  ruleOutcome(rule: string, outcome: string): void;
  attempt(channel: string, seconds: number): void;
  settled(channel: string, state: string, deadClass: string): void;
  reload(result: 'applied' | 'rejected', generation: number): void;
  gauges(read: () => GaugeValues): void;
  text(): Promise<string>;
  readonly contentType: string;
  close(): void;
}

const NANOSECONDS = 1e9;

/** Prometheus metrics. Each call creates a registry. */
export function openMetrics(): Metrics {
  const registry = new Registry();
  const { events, outcomes, deliveries, attempts, reloads } = countersOf(registry);
  const gauges = gaugesOf(registry);
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  collectDefaultMetrics({ register: registry });
  let read: (() => GaugeValues) | undefined;
  return {
    eventAccepted: (source, outcome) => events.inc({ source, outcome }),
    ruleOutcome: (rule, outcome) => outcomes.inc({ rule, outcome }),
    attempt: (channel, seconds) => attempts.observe({ channel }, seconds),
    settled: (channel, state, deadClass) => deliveries.inc({ channel, state, class: deadClass }),
    reload(result, generation) {
      reloads.inc({ result });
      gauges.generation.set(generation);
    },
    gauges(values) {
      read = values;
    },
    async text() {
      for (const [quantile, value] of lagOf(delay)) gauges.lag.set({ quantile }, value);
      delay.reset();
      if (read !== undefined) setGauges(gauges, read());
      return registry.metrics();
    },
    contentType: registry.contentType,
    close() {
      delay.disable();
      registry.clear();
    },
  };
}

function countersOf(registry: Registry) {
  const registers = [registry];
  return {
    events: new Counter({
      name: 'belfry_events_total',
      help: 'Accepted events by outcome.',
      labelNames: ['source', 'outcome'],
      registers,
    }),
    outcomes: new Counter({
      name: 'belfry_rule_outcomes_total',
      help: 'Outcomes of rules for events, decided at once or later, without no_match.',
      labelNames: ['rule', 'outcome'],
      registers,
    }),
    deliveries: new Counter({
      name: 'belfry_deliveries_total',
      help: 'Settled deliveries, and postponed attempts.',
      labelNames: ['channel', 'state', 'class'],
      registers,
    }),
    attempts: new Histogram({
      name: 'belfry_attempt_seconds',
      help: 'Duration of attempts.',
      labelNames: ['channel'],
      buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      registers,
    }),
    reloads: new Counter({
      name: 'belfry_reload_total',
      help: 'Reloads by result.',
      labelNames: ['result'],
      registers,
    }),
  };
}

function gaugesOf(registry: Registry) {
  const gauge = <L extends string = never>(name: string, help: string, ...labelNames: L[]): Gauge<L> =>
    new Gauge({ name, help, labelNames, registers: [registry] });
  return {
    depth: gauge('belfry_queue_depth', 'Deliveries that are not settled yet.', 'channel'),
    oldest: gauge('belfry_queue_oldest_seconds', 'Age of the oldest delivery that is not settled yet.', 'channel'),
    dead: gauge('belfry_dead_letters', 'Deliveries that ended undelivered and were neither resent nor dropped.'),
    alerts: gauge('belfry_alerts', 'Firing alerts, acknowledged or not.', 'state'),
    silences: gauge('belfry_silences_active', 'Silences that are active.'),
    timers: gauge('belfry_timers_pending', 'Pending timers, approximately.'),
    generation: gauge('belfry_generation', 'Number of times that the rules were swapped.'),
    ready: gauge('belfry_ready', '1 while events are accepted.'),
    lag: gauge('belfry_event_loop_lag_seconds', 'Event loop delay since the last reading.', 'quantile'),
  };
}

function setGauges(gauges: ReturnType<typeof gaugesOf>, values: GaugeValues): void {
  // Removes the values of channels that no longer exist.
  gauges.depth.reset();
  gauges.oldest.reset();
  for (const { channel, depth, oldestSeconds } of values.queue) {
    gauges.depth.set({ channel }, depth);
    gauges.oldest.set({ channel }, oldestSeconds);
  }
  gauges.dead.set(values.deadLetters);
  gauges.alerts.set({ state: 'firing' }, values.alerts.firing - values.alerts.acknowledged);
  gauges.alerts.set({ state: 'acknowledged' }, values.alerts.acknowledged);
  gauges.silences.set(values.silences);
  gauges.timers.set(values.timers);
  gauges.generation.set(values.generation);
  gauges.ready.set(values.ready ? 1 : 0);
}

/** Event loop delay in seconds by quantile; quantile 1 is the maximum. */
function lagOf(delay: IntervalHistogram): readonly (readonly [string, number])[] {
  return [
    ['0.5', delay.percentile(50) / NANOSECONDS],
    ['0.99', delay.percentile(99) / NANOSECONDS],
    ['1', delay.max / NANOSECONDS],
  ];
}
