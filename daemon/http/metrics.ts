import { monitorEventLoopDelay } from 'node:perf_hooks';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** What is looked up when metrics are read. */
export interface GaugeValues {
  readonly queue: readonly { readonly channel: string; readonly depth: number; readonly oldestSeconds: number }[];
  readonly deadLetters: number;
  readonly generation: number;
  readonly ready: boolean;
}

export interface Metrics {
  /** `source`: a configured one, `belfry` or `api`, so that posters cannot make labels. */
  eventAccepted(source: string, outcome: string): void;
  attempt(channel: string, seconds: number): void;
  settled(channel: string, state: string, deadClass: string): void;
  reload(result: 'applied' | 'rejected', generation: number): void;
  gauges(read: () => GaugeValues): void;
  text(): Promise<string>;
  readonly contentType: string;
  close(): void;
}

const NANOSECONDS = 1e9;

/** Prometheus metrics in a registry of their own. */
export function openMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const events = new Counter({
    name: 'belfry_events_total',
    help: 'Events taken in, by what became of them.',
    labelNames: ['source', 'outcome'],
    registers,
  });
  const deliveries = new Counter({
    name: 'belfry_deliveries_total',
    help: 'Settled deliveries, and attempts put off.',
    labelNames: ['channel', 'state', 'class'],
    registers,
  });
  const attempts = new Histogram({
    name: 'belfry_attempt_seconds',
    help: 'How long attempts took.',
    labelNames: ['channel'],
    buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers,
  });
  const reloads = new Counter({
    name: 'belfry_reload_total',
    help: 'Reloads by result.',
    labelNames: ['result'],
    registers,
  });
  const depth = new Gauge({ name: 'belfry_queue_depth', help: 'Deliveries owed.', labelNames: ['channel'], registers });
  const oldest = new Gauge({
    name: 'belfry_queue_oldest_seconds',
    help: 'Age of the oldest delivery owed.',
    labelNames: ['channel'],
    registers,
  });
  const dead = new Gauge({
    name: 'belfry_dead_letters',
    help: 'Deliveries that ended undelivered and were neither resent nor dropped.',
    registers,
  });
  const generation = new Gauge({ name: 'belfry_generation', help: 'Counts the swaps of rules.', registers });
  const ready = new Gauge({ name: 'belfry_ready', help: '1 while events are taken.', registers });
  const lag = new Gauge({
    name: 'belfry_event_loop_lag_seconds',
    help: 'Event loop delay since the last reading.',
    labelNames: ['quantile'],
    registers,
  });
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  collectDefaultMetrics({ register: registry });
  let read: (() => GaugeValues) | undefined;

  const collect = (): void => {
    lag.set({ quantile: '0.5' }, delay.percentile(50) / NANOSECONDS);
    lag.set({ quantile: '0.99' }, delay.percentile(99) / NANOSECONDS);
    lag.set({ quantile: '1' }, delay.max / NANOSECONDS);
    delay.reset();
    const values = read?.();
    if (values === undefined) return;
    depth.reset();
    oldest.reset();
    for (const { channel, depth: owed, oldestSeconds } of values.queue) {
      depth.set({ channel }, owed);
      oldest.set({ channel }, oldestSeconds);
    }
    dead.set(values.deadLetters);
    generation.set(values.generation);
    ready.set(values.ready ? 1 : 0);
  };

  return {
    eventAccepted: (source, outcome) => events.inc({ source, outcome }),
    attempt: (channel, seconds) => attempts.observe({ channel }, seconds),
    settled: (channel, state, deadClass) => deliveries.inc({ channel, state, class: deadClass }),
    reload: (result) => reloads.inc({ result }),
    gauges(values) {
      read = values;
    },
    async text() {
      collect();
      return registry.metrics();
    },
    contentType: registry.contentType,
    close() {
      delay.disable();
      registry.clear();
    },
  };
}
