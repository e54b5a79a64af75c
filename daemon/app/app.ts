import { ownEvents } from '../core/event/own-events.ts';
import { BelfryError, EXIT, withLevel } from '../core/problems/failure.ts';
import type { Lanes } from '../delivery/lanes.ts';
import type { DaemonApi, DeliveryView, ReloadView } from '../http/daemon-api.ts';
import { type Metrics, openMetrics } from '../http/metrics.ts';
import { openServiceNotice } from '../service/sd-notify.ts';
import { openIdentityParts } from './identity/open.ts';
import { daemonApi } from './api/daemon-api.ts';
import { deliveryView } from './api/views.ts';
import { DaemonDoctor } from './doctor/daemon-doctor.ts';
import { stateError } from './state/check-state.ts';
import { Lifecycle } from './lifecycle.ts';
import { startListening } from './runtime/listening.ts';
import { type OpenState, type OpenStateOptions, openState } from './state/open-state.ts';
import { DeliveryWaiter } from './runtime/delivery-waiter.ts';
import { Feed } from './runtime/feed.ts';
import { gaugeValues } from './runtime/gauges.ts';
import { observeDeliveries } from './runtime/observers.ts';
import type { OwnEvents } from './runtime/own-events.ts';
import { openSelfWatch } from './runtime/self-check/open.ts';
import { buildRuntime, reloadStatus } from './runtime/runtime.ts';
import { makeLive } from './reload/rule-parts.ts';
import { rememberState } from './state/remembered-state.ts';

/** Running daemon. */
export interface App {
  /** `host:port` of the TCP listener. */
  readonly listen: string;
  readonly tokenFile: string;
  /** Reloads because a supervisor asked for it by SIGHUP. */
  reload(): Promise<ReloadView>;
  /** Resolves when the store or the dead-letter file has failed: from then on nothing can be stored. */
  readonly failed: Promise<BelfryError>;
  /** Accepts no more events and closes everything. `graceful`: attempts in flight may end first. */
  stop(graceful: boolean): Promise<void>;
}

export interface AppOptions extends OpenStateOptions {
  readonly check: DaemonApi['check'];
}

/** Opens everything in the order of dependencies and starts it. If a part does not start, closes everything again and rejects. */
export async function openApp(options: AppOptions): Promise<App> {
  const state = await openState(options);
  try {
    return await openOn(state, options);
  } catch (error) {
    await state.closers.close();
    throw state.scrubber.scrubError(stateError(error, state.paths));
  }
}

async function openOn(state: OpenState, options: AppOptions): Promise<App> {
  const { closers, store, log, live, paths, scrubber } = state;
  const { terminal, clock, version, check } = options;
  const { pid, env } = terminal;
  const failed = storageFailure(state);

  const feed = new Feed(scrubber);
  const waiter = new DeliveryWaiter(store.deliveries, clock);
  const metrics = openMetrics(version);
  closers.own('metrics', () => metrics.close());
  const service = openServiceNotice({ env, pid, log, clock });
  closers.own('service notice', () => service.close());
  const watch = openSelfWatch(state, options, { metrics, service, running: () => ({ ...runtime, lifecycle }) });

  const runtime = buildRuntime(state, options, { feed, metrics, service, ...watch });
  const { own, pushServer, lanes, reloading, generations, refusals } = runtime;
  const onStarted = (): void => reportStart(state, { own, metrics, version, pid });
  const lifecycle = new Lifecycle({ state, ...runtime, ...watch, service, clock, onStarted });
  const who = await openIdentityParts(state, clock);
  const refusing = (): string | undefined => lifecycle.refusing;
  const identity = { version, pid, startedAt: clock.now() };
  const doctor = new DaemonDoctor({ ...state, env, clock, check, status: () => daemon.status() });
  const daemon = daemonApi({
    ...state,
    ...runtime,
    ...identity,
    ...watch,
    doctor,
    clock,
    check,
    ...who,
    refusing,
    waiter,
    feed,
  });
  const view = viewOf(state, lanes);
  closers.own('delivery observers', observeDeliveries({ feed, metrics, waiter, lanes, clock, view }));
  metrics.gauges(() => gaugeValues({ state, ...runtime, ...watch, now: clock.now(), ready: refusing() === undefined }));
  await makeLive(state, generations);
  metrics.swapped(clock.now());

  const served = { daemon, log, scrubber, clock, metrics, refusals, stream: pushServer };
  const listener = await startListening(state, terminal, served);
  // Closed before the listener, because the listener waits for the connections that the push server ends.
  closers.own('push', () => pushServer.close());

  await lifecycle.start(listener);
  await rememberState(live.root, paths, terminal);
  return {
    listen: listener.address,
    tokenFile: paths.token,
    async reload() {
      service.reloading();
      const result = await reloading.reload('signal');
      service.ready(reloadStatus(result));
      return result;
    },
    failed,
    stop: (graceful) => lifecycle.stop(graceful),
  };
}

/** Returns a function that finds a delivery as the API shows it. */
function viewOf({ store }: OpenState, lanes: Lanes): (id: string) => Promise<DeliveryView | undefined> {
  return async (id) => {
    const stored = await store.deliveries.find(id);
    return stored && deliveryView(stored, lanes);
  };
}

interface StartDeps {
  readonly own: OwnEvents;
  readonly metrics: Metrics;
  readonly version: string;
  readonly pid: number;
}

/** Raises the event about the start, and a second one if rules on disk are not in use. */
function reportStart({ live, rejected, paths }: OpenState, { own, metrics, version, pid }: StartDeps): void {
  const { generation } = live;
  own.raise(ownEvents.started({ version, generation, config: live.root, state: paths.state, pid }));
  if (rejected.length === 0) return;
  metrics.reload('rejected', generation);
  own.raise(ownEvents.reloadRejected({ generation, at_start: true, problems: withLevel('error', rejected) }));
}

/** Resolves when the store or the dead-letter file has failed, because of the disk or because the store is malformed. */
function storageFailure({ store, deadLetters }: OpenState): Promise<BelfryError> {
  return new Promise((resolve) => {
    const onFatal = (error: Error): void =>
      resolve(
        error instanceof BelfryError
          ? error
          : new BelfryError('store.failed', error.message, { exit: EXIT.disk, cause: error }),
      );
    store.onFatal(onFatal);
    deadLetters.onFatal(onFatal);
  });
}
