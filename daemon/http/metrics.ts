import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { collectDefaultMetrics, Counter, Histogram, Registry } from 'prom-client';
import { LOGIN_WAYS, type LoginFault, type LoginWay } from './api/audit.ts';
import { type GaugeValues, openGauges } from './gauges.ts';
import { REFUSED_LIMITS, type RefusedLimit } from './request/refusals.ts';

export interface Metrics {
  /** `source` is a configured one, `belfry` or `api`, so that senders cannot create labels. */
  eventAccepted(source: string, outcome: string): void;
  /** Counts the outcome of a rule for an event, decided at once or later. */
  ruleOutcome(rule: string, outcome: string): void;
  /** Counts an event that the loop guard has stopped. */
  loopStopped(): void;
  attempt(channel: string, seconds: number): void;
  settled(channel: string, state: string, deadClass: string): void;
  /** `partial`: some files were applied, and others keep their last good version. */
  reload(result: ReloadResult, generation: number): void;
  /** Sets the time at which the rules were swapped, milliseconds since the epoch. */
  swapped(at: number): void;
  /** Counts due times of a source at which something was missing, late or skipped. */
  missed(source: string, kind: string, count: number): void;
  /** Counts a round in which the daemon checked itself by its result. */
  selfCheck(result: SelfCheckResult): void;
  /** Counts a beat of `daemon.heartbeat`. */
  beat(result: BeatResult): void;
  /** Counts a request or a connection that a limit refused. */
  refused(limit: RefusedLimit): void;
  /** Counts a credential that was refused, by the way in and the reason. */
  loginRefused(way: LoginWay, reason: LoginFault): void;
  /** Counts a canary of a channel that was sent, confirmed or missed. */
  canary(channel: string, result: CanaryResult): void;
  gauges(read: () => GaugeValues): void;
  text(): Promise<string>;
  readonly contentType: string;
  close(): void;
}

export type ReloadResult = (typeof RELOAD_RESULTS)[number];
const RELOAD_RESULTS = ['applied', 'partial', 'rejected'] as const;

/** `fed`: the daemon works, and the watchdog of systemd may be fed. `event_loop`: it was blocked. `store`: it did not answer in time. */
export type SelfCheckResult = (typeof SELF_CHECK_RESULTS)[number];
const SELF_CHECK_RESULTS = ['fed', 'event_loop', 'store'] as const;

export type CanaryResult = 'sent' | 'confirmed' | 'missed';

export type BeatResult = (typeof BEAT_RESULTS)[number];
const BEAT_RESULTS = ['ok', 'failed'] as const;

const NANOSECONDS = 1e9;

/** Metrics of prom-client that are no counters although their names end in `_total`; the metrics without it show the same. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

/** Prometheus metrics of a version of Belfry. Each call creates a registry. */
export function openMetrics(version: string): Metrics {
  const registry = new Registry();
  const {
    events,
    outcomes,
    loops,
    deliveries,
    attempts,
    reloads,
    misses,
    watchdog,
    beats,
    canaries,
    refusals,
    logins,
  } = countersOf(registry);
  const gauges = openGauges(registry, version);
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
  // A counter begins at 0, so that its first increase is seen.
  for (const result of RELOAD_RESULTS) reloads.inc({ result }, 0);
  for (const result of SELF_CHECK_RESULTS) watchdog.inc({ result }, 0);
  for (const result of BEAT_RESULTS) beats.inc({ result }, 0);
  for (const limit of REFUSED_LIMITS) refusals.inc({ limit }, 0);
  for (const way of LOGIN_WAYS) logins.inc({ way, reason: 'unknown' }, 0);
  let read: (() => GaugeValues) | undefined;
  return {
    eventAccepted: (source, outcome) => events.inc({ source, outcome }),
    ruleOutcome: (rule, outcome) => outcomes.inc({ rule, outcome }),
    loopStopped: () => loops.inc(),
    attempt: (channel, seconds) => attempts.observe({ channel }, seconds),
    settled: (channel, state, deadClass) => deliveries.inc({ channel, state, class: deadClass }),
    reload(result, generation) {
      reloads.inc({ result });
      gauges.setGeneration(generation);
    },
    swapped: (at) => gauges.setSwapped(at),
    missed: (source, kind, count) => misses.inc({ source, kind }, count),
    selfCheck: (result) => watchdog.inc({ result }),
    beat: (result) => beats.inc({ result }),
    refused: (limit) => refusals.inc({ limit }),
    loginRefused: (way, reason) => logins.inc({ way, reason }),
    canary: (channel, result) => canaries.inc({ channel, result }),
    gauges(values) {
      read = values;
    },
    async text() {
      for (const [percentile, value] of lagOf(delay)) gauges.setLag(percentile, value);
      delay.reset();
      if (read !== undefined) gauges.set(read());
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
  const counter = <L extends string = never>(name: string, help: string, labelNames: readonly L[] = []): Counter<L> =>
    new Counter({ name, help, labelNames, registers });
  return {
    events: counter('belfry_events_total', 'Accepted events by outcome.', ['source', 'outcome']),
    outcomes: counter(
      'belfry_rule_outcomes_total',
      'Outcomes of rules for events, decided at once or later, without no_match.',
      ['rule', 'outcome'],
    ),
    deliveries: counter('belfry_deliveries_total', 'Settled deliveries, and postponed attempts.', [
      'channel',
      'state',
      'class',
    ]),
    attempts: new Histogram({
      name: 'belfry_attempt_seconds',
      help: 'Duration of attempts.',
      labelNames: ['channel'],
      buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      registers,
    }),
    reloads: counter('belfry_reload_total', 'Reloads by result, and starts on kept rules as rejected ones.', [
      'result',
    ]),
    misses: counter(
      'belfry_source_misses_total',
      'Beats that did not come, and due times that were handled late or skipped.',
      ['source', 'kind'],
    ),
    canaries: counter('belfry_canaries_total', 'Canaries that were sent, confirmed or missed.', ['channel', 'result']),
    beats: counter('belfry_heartbeat_beats_total', 'Beats of daemon.heartbeat that the watcher got, or did not get.', [
      'result',
    ]),
    loops: counter(
      'belfry_loop_stops_total',
      'Events for which no rule ran, because their cause had come through more than ten channels.',
    ),
    watchdog: counter(
      'belfry_watchdog_rounds_total',
      'Rounds in which the daemon checked itself: fed, or not and why.',
      ['result'],
    ),
    refusals: counter('belfry_refused_total', 'Requests and connections that a limit refused.', ['limit']),
    logins: counter('belfry_logins_refused_total', 'Tokens, tickets and passwords of senders that were refused.', [
      'way',
      'reason',
    ]),
  };
}

/** Event loop delay in seconds by percentile; percentile 100 is the maximum. */
function lagOf(delay: IntervalHistogram): readonly (readonly [string, number])[] {
  return [
    ['50', delay.percentile(50) / NANOSECONDS],
    ['99', delay.percentile(99) / NANOSECONDS],
    ['100', delay.max / NANOSECONDS],
  ];
}
