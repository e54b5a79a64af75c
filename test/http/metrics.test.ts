import { expect, onTestFinished, test } from 'vitest';
import type { GaugeValues } from '../../daemon/http/gauges.ts';
import { type Metrics, openMetrics } from '../../daemon/http/metrics.ts';
import { ask, openTestListener } from '../support/listener.ts';

function metricsOfTest(): Metrics {
  const metrics = openMetrics('1.2.3');
  onTestFinished(() => metrics.close());
  return metrics;
}

const linesOf = async (metrics: Metrics, name: string): Promise<string[]> =>
  (await metrics.text()).split('\n').filter((line) => line.startsWith(name));

test('events, attempts, settled deliveries and reloads are counted by their labels', async () => {
  const metrics = metricsOfTest();
  metrics.eventAccepted('api', 'sent');
  metrics.eventAccepted('api', 'sent');
  metrics.eventAccepted('hooks', 'no_rule');
  metrics.settled('ops', 'dead', 'permanent');
  metrics.attempt('ops', 0.2);
  metrics.ruleOutcome('deploys', 'throttled');
  metrics.reload('rejected', 4);
  metrics.swapped(1_796_000_000_500);
  metrics.missed('backup', 'beat', 0);
  metrics.missed('nightly', 'skipped', 3);
  metrics.selfCheck('store');
  metrics.loopStopped();
  expect(await linesOf(metrics, 'belfry_events_total')).toEqual([
    'belfry_events_total{source="api",outcome="sent"} 2',
    'belfry_events_total{source="hooks",outcome="no_rule"} 1',
  ]);
  expect(await linesOf(metrics, 'belfry_rule_outcomes_total')).toEqual([
    'belfry_rule_outcomes_total{rule="deploys",outcome="throttled"} 1',
  ]);
  expect(await linesOf(metrics, 'belfry_deliveries_total')).toEqual([
    'belfry_deliveries_total{channel="ops",state="dead",class="permanent"} 1',
  ]);
  expect(await linesOf(metrics, 'belfry_attempt_seconds')).toEqual(
    expect.arrayContaining([
      'belfry_attempt_seconds_bucket{le="0.1",channel="ops"} 0',
      'belfry_attempt_seconds_bucket{le="0.25",channel="ops"} 1',
      'belfry_attempt_seconds_count{channel="ops"} 1',
    ]),
  );
  expect(await linesOf(metrics, 'belfry_reload_total')).toEqual([
    'belfry_reload_total{result="applied"} 0',
    'belfry_reload_total{result="partial"} 0',
    'belfry_reload_total{result="rejected"} 1',
  ]);
  expect(await linesOf(metrics, 'belfry_generation')).toEqual([
    'belfry_generation 4',
    'belfry_generation_timestamp_seconds 1796000000.5',
  ]);
  expect(await linesOf(metrics, 'belfry_source_misses_total')).toEqual([
    'belfry_source_misses_total{source="backup",kind="beat"} 0',
    'belfry_source_misses_total{source="nightly",kind="skipped"} 3',
  ]);
  expect(await linesOf(metrics, 'belfry_loop')).toEqual(['belfry_loop_stops_total 1']);
  expect(await linesOf(metrics, 'belfry_watchdog')).toEqual([
    'belfry_watchdog_rounds_total{result="fed"} 0',
    'belfry_watchdog_rounds_total{result="event_loop"} 0',
    'belfry_watchdog_rounds_total{result="store"} 1',
  ]);
  expect(await linesOf(metrics, 'belfry_build_info')).toEqual(['belfry_build_info{version="1.2.3"} 1']);
});

test('gauges are computed when metrics are read, and those of a removed channel disappear', async () => {
  const metrics = metricsOfTest();
  let values: GaugeValues = {
    queue: [{ channel: 'ops', depth: 3, oldestSeconds: 12 }],
    channels: [{ name: 'ops', state: 'paused' }],
    sources: [{ name: 'inbox', state: 'running' }],
    files: { ok: 2, kept: 1 },
    faults: { inbox: 1 },
    deadLetters: 2,
    alerts: { firing: 3, acknowledged: 1 },
    silences: 2,
    timers: 7,
    generation: 5,
    ready: true,
  };
  metrics.gauges(() => values);
  expect(await linesOf(metrics, 'belfry_queue')).toEqual([
    'belfry_queue_depth{channel="ops"} 3',
    'belfry_queue_oldest_seconds{channel="ops"} 12',
  ]);
  expect(await linesOf(metrics, 'belfry_dead_letters')).toEqual(['belfry_dead_letters 2']);
  expect(await linesOf(metrics, 'belfry_alerts')).toEqual([
    'belfry_alerts{state="firing"} 2',
    'belfry_alerts{state="acknowledged"} 1',
  ]);
  expect(await linesOf(metrics, 'belfry_silences_active')).toEqual(['belfry_silences_active 2']);
  expect(await linesOf(metrics, 'belfry_timers_pending')).toEqual(['belfry_timers_pending 7']);
  expect(await linesOf(metrics, 'belfry_channel_state')).toEqual(
    ['ok', 'failing', 'misconfigured', 'paused', 'removed'].map(
      (state) => `belfry_channel_state{channel="ops",state="${state}"} ${state === 'paused' ? 1 : 0}`,
    ),
  );
  expect(await linesOf(metrics, 'belfry_source_state')).toEqual([
    'belfry_source_state{source="inbox",state="running"} 1',
    'belfry_source_state{source="inbox",state="failing"} 0',
  ]);
  expect(await linesOf(metrics, 'belfry_rules_files')).toEqual([
    'belfry_rules_files{state="ok"} 2',
    'belfry_rules_files{state="kept"} 1',
  ]);
  expect(await linesOf(metrics, 'belfry_faults')).toEqual(['belfry_faults{part="inbox"} 1']);
  values = { ...values, queue: [], channels: [], deadLetters: 0, generation: 6, ready: false };
  expect(await linesOf(metrics, 'belfry_queue')).toEqual([]);
  expect(await linesOf(metrics, 'belfry_channel_state')).toEqual([]);
  expect(await linesOf(metrics, 'belfry_generation ')).toEqual(['belfry_generation 6']);
  expect(await linesOf(metrics, 'belfry_ready')).toEqual(['belfry_ready 0']);
});

test('the lag of the event loop and the process have metrics', async () => {
  const metrics = metricsOfTest();
  const lag = await linesOf(metrics, 'belfry_event_loop_lag_seconds');
  expect(lag.map((line) => line.replace(/ .*/, ''))).toEqual([
    'belfry_event_loop_lag_seconds{percentile="50"}',
    'belfry_event_loop_lag_seconds{percentile="99"}',
    'belfry_event_loop_lag_seconds{percentile="100"}',
  ]);
  for (const line of lag) expect(Number(line.split(' ')[1])).toBeGreaterThanOrEqual(0);
  expect(await linesOf(metrics, 'process_resident_memory_bytes')).toHaveLength(1);
});

test('two registries are independent', async () => {
  const [one, other] = [metricsOfTest(), metricsOfTest()];
  one.eventAccepted('api', 'sent');
  expect(await linesOf(other, 'belfry_events_total')).toEqual([]);
});

test('health, readiness and metrics need no token on the loopback and on the socket', async () => {
  const to = await openTestListener();
  to.metrics.eventAccepted('api', 'sent');
  for (const socket of [false, true]) {
    expect((await ask(to, '/healthz', { socket })).json).toEqual({ status: 'ok' });
    const metrics = await ask(to, '/metrics', { socket });
    expect([metrics.status, metrics.headers['content-type']]).toEqual([200, to.metrics.contentType]);
    expect(metrics.text).toContain('belfry_events_total{source="api",outcome="sent"} 1');
  }
});

test('readiness has reasons, also for parts that fail while it is ready', async () => {
  const to = await openTestListener();
  to.daemon.ready = { ready: true, reasons: ['channel ops is misconfigured'] };
  const partly = await ask(to, '/readyz');
  expect([partly.status, partly.json]).toEqual([200, { ready: true, reasons: ['channel ops is misconfigured'] }]);
  to.daemon.ready = { ready: false, reasons: ['the disk is full'] };
  const not = await ask(to, '/readyz');
  expect([not.status, not.json.reasons]).toEqual([503, ['the disk is full']]);
});

const NO_VALUES: GaugeValues = {
  queue: [],
  channels: [],
  sources: [],
  files: {},
  faults: {},
  deadLetters: 0,
  alerts: { firing: 0, acknowledged: 0 },
  silences: 0,
  timers: 0,
  generation: 1,
  ready: true,
};

test('a store that instances share has metrics; a store of one daemon has none of them', async () => {
  const metrics = metricsOfTest();
  let values = NO_VALUES;
  metrics.gauges(() => values);
  expect(await linesOf(metrics, 'belfry_instances')).toEqual([]);
  expect(await linesOf(metrics, 'belfry_postgres')).toEqual([]);
  const health = {
    leaseSeconds: 7.5,
    isOutage: false,
    oldestXminSeconds: 301,
    deadTuples: { leases: 40 },
    inactiveSlots: 1,
  };
  values = { ...NO_VALUES, cluster: { instances: 3, ...health } };
  expect(await linesOf(metrics, 'belfry_instances')).toEqual(['belfry_instances 3']);
  expect(await linesOf(metrics, 'belfry_lease_seconds')).toEqual(['belfry_lease_seconds 7.5']);
  expect(await linesOf(metrics, 'belfry_postgres')).toEqual([
    'belfry_postgres_outage 0',
    'belfry_postgres_oldest_xmin_seconds 301',
    'belfry_postgres_dead_tuples{table="leases"} 40',
    'belfry_postgres_inactive_slots 1',
  ]);
  values = { ...NO_VALUES, cluster: { instances: 3, leaseSeconds: 0, isOutage: true } };
  expect(await linesOf(metrics, 'belfry_postgres')).toEqual(['belfry_postgres_outage 1']);
});
