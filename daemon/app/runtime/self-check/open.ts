import type { Metrics } from '../../../http/metrics.ts';
import type { ServiceNotice } from '../../../service/sd-notify.ts';
import { openOwnClient } from '../../channels/opener.ts';
import type { OpenState, OpenStateOptions } from '../../state/open-state.ts';
import type { Canaries } from './canaries.ts';
import { Heartbeat } from './heartbeat.ts';
import { SelfCheck } from './self-check.ts';
import { WorkLog } from './work-log.ts';

/** Parts by which the daemon watches itself. */
export interface SelfWatch {
  readonly work: WorkLog;
  readonly selfCheck: SelfCheck;
  readonly heartbeat: Heartbeat;
}

export interface SelfWatchDeps {
  readonly metrics: Pick<Metrics, 'selfCheck' | 'beat'>;
  readonly service: Pick<ServiceNotice, 'working' | 'watchdogMs'>;
  /** Parts that are built later. */
  readonly running: () => {
    readonly lifecycle: { readonly refusing: string | undefined };
    readonly canaries: Pick<Canaries, 'working'>;
  };
}

/** Begins the self-check. Each round in which the daemon works feeds the watchdog of systemd, and lets a ready daemon beat and send canaries. */
export function openSelfWatch(
  { closers, store, log, live }: Pick<OpenState, 'closers' | 'store' | 'log' | 'live'>,
  { clock, terminal: { env } }: Pick<OpenStateOptions, 'clock' | 'terminal'>,
  { metrics, service, running }: SelfWatchDeps,
): SelfWatch {
  const work = new WorkLog(clock);
  const heartbeat = new Heartbeat({
    settings: () => live.ruleset.daemon,
    clock,
    log,
    open: (network) => openOwnClient(network, env),
    onBeat: (result) => metrics.beat(result),
  });
  closers.own('heartbeat', () => heartbeat.close());
  const selfCheck = new SelfCheck({
    clock,
    log,
    storeAnswers: () => store.check(),
    watchdogMs: service.watchdogMs,
    workDone: () => work.take(),
    onRound(result) {
      metrics.selfCheck(result);
      if (result !== 'fed') return;
      service.working();
      const { lifecycle, canaries } = running();
      if (lifecycle.refusing !== undefined) return;
      heartbeat.working();
      canaries.working();
    },
  });
  closers.own('self-check', () => selfCheck.close());
  return { work, selfCheck, heartbeat };
}
