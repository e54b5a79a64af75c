import { alertCounts } from '../../../core/alerts/alerts.ts';
import type { AlertActions, ChannelView, StatusView } from '../../../http/daemon-api.ts';
import { rfc3339 } from '../../../lib/time/rfc3339.ts';
import type { Lanes } from '../../../delivery/lanes.ts';
import type { DaemonApiDeps } from '../deps.ts';
import { instancesOf } from './instances.ts';
import { readinessOf } from '../readiness.ts';
import { waitingOf } from './waiting.ts';

/** Number of active silences, and of waiting groups in each step, that the status names. */
const MAX_NAMED = 20;

/** Status of the daemon, read from its parts. */
export async function statusOf(deps: DaemonApiDeps, { silences }: Pick<AlertActions, 'silences'>): Promise<StatusView> {
  const { version, pid, startedAt, clock, live, paths, store, sources, lanes } = deps;
  const counts = store.deliveries.counts();
  const channels = lanes.status();
  const sum = (name: 'pending' | 'sending' | 'held'): number =>
    channels.reduce((total, channel) => total + channel[name], 0);
  const { ready, reasons } = readinessOf(deps);
  const active = silences().filter(({ state }) => state === 'active');
  return {
    version,
    pid,
    config: live.root,
    state: paths.state,
    started_at: rfc3339(startedAt),
    generation: live.generation,
    ready,
    reasons,
    files: deps.scrubber.scrubJson(live.files),
    sources: sources.status(),
    channels: channelsOf(lanes),
    deliveries: {
      pending: sum('pending'),
      sending: sum('sending'),
      held: sum('held'),
      delivered: counts.delivered,
      dead: counts.dead,
    },
    alerts: alertCounts(live.ruleset, store.memory(clock.now())),
    silences: { active: active.length, list: active.slice(0, MAX_NAMED) },
    waiting: waitingOf(deps, MAX_NAMED),
    ...instancesOf(store.cluster),
  };
}

export function channelsOf(lanes: Lanes): readonly ChannelView[] {
  return lanes.status().map(({ name, type, state, pending, held, reason, code, since, until, cooldownUntil }) => {
    const next = pending > 0 ? lanes.notSendingUntil(name) : undefined;
    return {
      name,
      type,
      state,
      pending,
      held,
      ...(reason !== undefined && { reason }),
      ...(code !== undefined && { code }),
      ...(since !== undefined && { since }),
      ...(until !== undefined && { until }),
      ...(cooldownUntil !== undefined && { resting_until: rfc3339(cooldownUntil) }),
      ...(next !== undefined && { next_at: rfc3339(next) }),
    };
  });
}
