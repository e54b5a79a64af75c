import { alertCounts } from '../core/alerts/alerts.ts';
import { BelfryError, EXIT } from '../core/problems/failure.ts';
import { ownEvents } from '../core/event/own-events.ts';
import type { Token } from '../core/ruleset.ts';
import { openMetrics } from '../http/metrics.ts';
import type { DaemonApi, ReloadView } from '../http/daemon-api.ts';
import { openListener } from '../http/server.ts';
import { systemClock } from '../lib/time/clock.ts';
import { openServiceNotice } from '../service/sd-notify.ts';
import { publishRecord } from './daemon-record.ts';
import { Feed } from './runtime/feed.ts';
import { type Foundation, type FoundationOptions, openFoundation } from './open-state.ts';
import { Lifecycle } from './lifecycle.ts';
import { watchDeliveries } from './runtime/observers.ts';
import { daemonApi } from './api/daemon-api.ts';
import { activeSilences } from './api/alert-actions.ts';
import { firstToken } from './secrets-at-rest.ts';
import { buildTraffic } from './runtime/runtime.ts';
import { asUnusable } from './check-state.ts';
import { Waiting } from './runtime/delivery-waiter.ts';

/** A running daemon. */
export interface App {
  /** `host:port` of the TCP listener. */
  readonly listen: string;
  readonly tokenFile: string;
  reload(): Promise<ReloadView>;
  /** Resolves when the machine fails so that nothing can be promised any more. */
  readonly failed: Promise<BelfryError>;
  /** Takes no new work, lets attempts end unless the machine failed, closes everything. */
  stop(graceful: boolean): Promise<void>;
}

export interface AppOptions extends Omit<FoundationOptions, 'clock'> {
  readonly check: DaemonApi['check'];
}

/** Builds everything in dependency order and starts it. Rejects, with everything closed again, when a part does not start. */
export async function openApp(given: AppOptions): Promise<App> {
  const options = { ...given, clock: systemClock };
  const foundation = await openFoundation(options);
  try {
    return await build(foundation, options);
  } catch (error) {
    await foundation.closers.close();
    throw foundation.scrubber.scrubError(asUnusable(error, foundation.paths));
  }
}

async function build(foundation: Foundation, options: FoundationOptions & AppOptions): Promise<App> {
  const { closers, store, log, live, prepared, paths, scrubber } = foundation;
  const { terminal, clock, version, check } = options;
  const failed = failureOf(foundation);
  const feed = new Feed(scrubber);
  const waiting = new Waiting(store.deliveries, clock);
  const metrics = openMetrics();
  closers.own('metrics', () => metrics.close());
  const traffic = buildTraffic(foundation, options, { feed, metrics });
  const { own, pushServer, lanes, reloading } = traffic;
  const service = openServiceNotice(terminal.env, terminal.pid, log);
  closers.own('service notice', () => service.close());
  const started = (): void => own.raise(ownEvents.started({ version, generation: live.generation }));
  const lifecycle = new Lifecycle({ foundation, ...traffic, service, clock, started });
  const tokens = tokensOf(foundation, await firstToken(paths));
  const asked = {
    check,
    version,
    pid: terminal.pid,
    startedAt: clock.now(),
    tokens,
    lifecycle: () => lifecycle.refusing,
  };
  const daemon = daemonApi({ ...foundation, ...traffic, ...asked, waiting, feed });
  const view = (id: string) => daemon.delivery(id);
  closers.own('delivery watch', watchDeliveries({ feed, metrics, waiting, lanes, clock, view }));
  metrics.gauges(() => gaugesOf(foundation, clock.now(), lifecycle.refusing === undefined));
  live.swap(prepared);
  const doors = { listen: prepared.ruleset.daemon.listen, socket: paths.socket };
  const listener = await openListener({ daemon, ...doors, log, scrubber, clock, metrics, stream: pushServer });
  closers.own('listener', () => listener.close(1000));
  // Closed before it: the listener waits for connections that only this can end.
  closers.own('push', () => pushServer.close());
  const where = { pid: terminal.pid, config: live.root, state: paths.state, socket: paths.socket };
  const record = { ...where, listen: listener.address };
  closers.own('belfry.json', await publishRecord({ record, paths, env: terminal.env, log }));
  await lifecycle.start(listener);
  const reload = (): Promise<ReloadView> => reloading.reload();
  return {
    listen: listener.address,
    tokenFile: paths.token,
    reload,
    failed,
    stop: (graceful) => lifecycle.stop(graceful),
  };
}

/** The disk failed, under the store or under the dead-letter file. */
function failureOf({ store, deadLetters }: Foundation): Promise<BelfryError> {
  return new Promise((resolve) => {
    const fatal = (error: Error): void =>
      resolve(
        error instanceof BelfryError
          ? error
          : new BelfryError('store.failed', error.message, { exit: EXIT.disk, cause: error }),
      );
    store.onFatal(fatal);
    deadLetters.onFatal(fatal);
  });
}

/** Those of the live rules; while there are none, the one that the first start made. */
function tokensOf({ live }: Foundation, first: Token): () => readonly Token[] {
  return () => (live.ruleset.daemon.tokens.length > 0 ? live.ruleset.daemon.tokens : [first]);
}

function gaugesOf({ store, live }: Foundation, now: number, ready: boolean) {
  const { byChannel, dead } = store.deliveries.counts();
  const queue = [...byChannel].map(([channel, { pending, sending, oldest }]) => ({
    channel,
    depth: pending + sending,
    oldestSeconds: oldest === undefined ? 0 : Math.max(0, (now - oldest) / 1000),
  }));
  const memory = store.memory(now);
  const alerts = alertCounts(live.ruleset, memory);
  const silences = activeSilences(live.ruleset, memory, now);
  const timers = store.timers.count();
  return { queue, deadLetters: dead, alerts, silences, timers, generation: live.generation, ready };
}
