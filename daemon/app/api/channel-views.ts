import { typeOfChannel } from '../../channels/index.ts';
import type { LanePacing } from '../../delivery/lane/deps.ts';
import type { BreakerView, ChannelDetailView, RateView } from '../../http/daemon-api.ts';
import { formatDuration } from '../../lib/time/duration.ts';
import { rfc3339 } from '../../lib/time/rfc3339.ts';
import type { DaemonApiDeps } from './deps.ts';
import { channelsOf } from './status/status.ts';

/** Every channel with its state, its limits and what happened to its deliveries. */
export async function channelViews({
  lanes,
  store,
  live,
  clock,
}: Pick<DaemonApiDeps, 'lanes' | 'store' | 'live' | 'clock'>): Promise<readonly ChannelDetailView[]> {
  const { delivered } = await store.activity(clock.now());
  const { byChannel } = store.deliveries.counts();
  return channelsOf(lanes).map((view) => {
    const { name } = view;
    const { sending = 0, oldest } = byChannel.get(name) ?? {};
    const pacing = lanes.pacing(name);
    const success = delivered.get(name);
    const config = live.ruleset.channels.get(name);
    const type = config && typeOfChannel(config);
    return {
      ...view,
      sending,
      ...(pacing !== undefined && pacingViews(pacing)),
      ...(oldest !== undefined && { oldest_at: rfc3339(oldest) }),
      ...(success !== undefined && { last_success_at: rfc3339(success) }),
      ...(type !== undefined && { summary: type.summary, documentation: type.documentation }),
    };
  });
}

function pacingViews({ breaker, rate }: LanePacing): { readonly breaker: BreakerView; readonly rate?: RateView } {
  const { isOpen, failures, probeAt } = breaker;
  return {
    breaker: {
      state: isOpen ? 'open' : 'closed',
      failures,
      ...(probeAt !== undefined && { probe_at: rfc3339(probeAt) }),
    },
    ...(rate !== undefined && { rate: rateView(rate) }),
  };
}

function rateView({ count, per, left, nextAt }: NonNullable<LanePacing['rate']>): RateView {
  return { count, per: formatDuration(per), left, ...(nextAt !== undefined && { next_at: rfc3339(nextAt) }) };
}
