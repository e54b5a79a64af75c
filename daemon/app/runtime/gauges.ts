import { alertCounts } from '../../core/alerts/alerts.ts';
import type { Lanes } from '../../delivery/lanes.ts';
import type { GaugeValues } from '../../http/gauges.ts';
import { faultCounts, type FaultyPartDeps } from '../api/readiness.ts';
import { activeSilences } from '../api/alerts/silences.ts';
import type { OpenState } from '../state/open-state.ts';
import type { RunningSources } from './sources.ts';

export interface GaugeDeps extends Pick<FaultyPartDeps, 'selfCheck' | 'heartbeat' | 'canaries'> {
  readonly state: Pick<OpenState, 'store' | 'live' | 'deadLetters' | 'inbox' | 'kept' | 'audit'>;
  readonly lanes: Lanes;
  readonly sources: RunningSources;
  readonly now: number;
  readonly ready: boolean;
}

const NO_DELIVERIES = { pending: 0, sending: 0, oldest: undefined };

/** Values of the gauges at this time. */
export function gaugeValues({ state, lanes, sources, now, ready, ...watch }: GaugeDeps): GaugeValues {
  const { store, live } = state;
  const { byChannel, dead } = store.deliveries.counts();
  const channels = lanes.status();
  const names = new Set([...channels.map(({ name }) => name), ...byChannel.keys()]);
  const queue = [...names].map((channel) => {
    const { pending, sending, oldest } = byChannel.get(channel) ?? NO_DELIVERIES;
    const oldestSeconds = oldest === undefined ? 0 : Math.max(0, (now - oldest) / 1000);
    return { channel, depth: pending + sending, oldestSeconds };
  });
  const memory = store.memory(now);
  const keptFiles = live.files.filter((file) => file.state === 'kept').length;
  return {
    queue,
    channels,
    sources: sources.status(),
    files: { ok: live.files.length - keptFiles, kept: keptFiles },
    faults: faultCounts({ ...state, ...watch }),
    deadLetters: dead,
    alerts: alertCounts(live.ruleset, memory),
    silences: activeSilences(live.ruleset, memory, now),
    timers: store.timers.count(),
    generation: live.generation,
    ready,
    ...(store.cluster !== undefined && {
      cluster: { instances: store.cluster.instances().length, ...store.cluster.health() },
    }),
  };
}
