import { Gauge, type Registry } from 'prom-client';
import { lazy } from '../lib/memoize.ts';
import { type ClusterValues, openClusterGauges } from './cluster-gauges.ts';

/** Values that are computed when metrics are read. */
export interface GaugeValues {
  readonly queue: readonly { readonly channel: string; readonly depth: number; readonly oldestSeconds: number }[];
  readonly channels: readonly Stated[];
  readonly sources: readonly Stated[];
  /** Number of rules files by state. */
  readonly files: Readonly<Record<string, number>>;
  /** Number of faults by part of the daemon. */
  readonly faults: Readonly<Record<string, number>>;
  readonly deadLetters: number;
  /** `firing` counts the acknowledged ones too. */
  readonly alerts: { readonly firing: number; readonly acknowledged: number };
  readonly silences: number;
  readonly timers: number;
  readonly generation: number;
  readonly ready: boolean;
  /** Only of a store that several instances share. */
  readonly cluster?: ClusterValues;
}

/** A channel or a source in its state. */
export interface Stated {
  readonly name: string;
  readonly state: string;
}

/** States that have a value for each channel and each source, so that a state that ends has the value 0 and does not vanish. */
const CHANNEL_STATES = ['ok', 'failing', 'misconfigured', 'paused', 'removed'] as const;
const SOURCE_STATES = ['running', 'failing'] as const;

export interface Gauges {
  set(values: GaugeValues): void;
  /** Sets the delay of the event loop in seconds by percentile. */
  setLag(percentile: string, seconds: number): void;
  setGeneration(generation: number): void;
  /** Sets the time of the last swap of the rules, milliseconds since the epoch. */
  setSwapped(at: number): void;
}

export function openGauges(registry: Registry, version: string): Gauges {
  const gauges = gaugesOf(registry);
  gauges.build.set({ version }, 1);
  const cluster = lazy(() => openClusterGauges(registry));
  return {
    set(values) {
      setGauges(gauges, values);
      if (values.cluster !== undefined) cluster().set(values.cluster);
    },
    setLag: (percentile, seconds) => gauges.lag.set({ percentile }, seconds),
    setGeneration: (generation) => gauges.generation.set(generation),
    setSwapped: (at) => gauges.swapped.set(at / 1000),
  };
}

function gaugesOf(registry: Registry) {
  const gauge = <L extends string = never>(name: string, help: string, ...labelNames: L[]): Gauge<L> =>
    new Gauge({ name, help, labelNames, registers: [registry] });
  return {
    build: gauge('belfry_build_info', 'Version of Belfry; the value is always 1.', 'version'),
    depth: gauge('belfry_queue_depth', 'Deliveries that are not settled yet.', 'channel'),
    oldest: gauge('belfry_queue_oldest_seconds', 'Age of the oldest delivery that is not settled yet.', 'channel'),
    channels: gauge(
      'belfry_channel_state',
      '1 for the state in which the channel is, 0 for others.',
      'channel',
      'state',
    ),
    sources: gauge('belfry_source_state', '1 for the state in which the source is, 0 for others.', 'source', 'state'),
    files: gauge('belfry_rules_files', 'Rules files by state; kept: the file on disk is not in use.', 'state'),
    faults: gauge('belfry_faults', 'Faults of the daemon by part.', 'part'),
    dead: gauge('belfry_dead_letters', 'Deliveries that ended undelivered and were neither resent nor dropped.'),
    alerts: gauge('belfry_alerts', 'Firing alerts, acknowledged or not.', 'state'),
    silences: gauge('belfry_silences_active', 'Silences that are active.'),
    timers: gauge('belfry_timers_pending', 'Pending timers, approximately.'),
    generation: gauge('belfry_generation', 'Number of times that the rules were swapped.'),
    swapped: gauge('belfry_generation_timestamp_seconds', 'Time of the last swap of the rules.'),
    ready: gauge('belfry_ready', '1 while events are accepted.'),
    lag: gauge('belfry_event_loop_lag_seconds', 'Event loop delay since the last reading.', 'percentile'),
  };
}

function setGauges(gauges: ReturnType<typeof gaugesOf>, values: GaugeValues): void {
  setByChannel(gauges, values);
  setStates(gauges.channels, 'channel', values.channels, CHANNEL_STATES);
  setStates(gauges.sources, 'source', values.sources, SOURCE_STATES);
  for (const [state, count] of Object.entries(values.files)) gauges.files.set({ state }, count);
  for (const [part, count] of Object.entries(values.faults)) gauges.faults.set({ part }, count);
  gauges.dead.set(values.deadLetters);
  gauges.alerts.set({ state: 'firing' }, values.alerts.firing - values.alerts.acknowledged);
  gauges.alerts.set({ state: 'acknowledged' }, values.alerts.acknowledged);
  gauges.silences.set(values.silences);
  gauges.timers.set(values.timers);
  gauges.generation.set(values.generation);
  gauges.ready.set(values.ready ? 1 : 0);
}

function setByChannel(
  { depth, oldest }: Pick<ReturnType<typeof gaugesOf>, 'depth' | 'oldest'>,
  { queue }: GaugeValues,
): void {
  // Removes the values of channels that no longer exist.
  depth.reset();
  oldest.reset();
  for (const { channel, depth: count, oldestSeconds } of queue) {
    depth.set({ channel }, count);
    oldest.set({ channel }, oldestSeconds);
  }
}

function setStates<L extends 'channel' | 'source'>(
  gauge: Gauge<L | 'state'>,
  label: L,
  stated: readonly Stated[],
  states: readonly string[],
): void {
  gauge.reset();
  for (const { name, state: current } of stated)
    for (const state of states)
      gauge.set({ [label]: name, state } as Record<L | 'state', string>, state === current ? 1 : 0);
}
