import { BelfryError, EXIT } from '../core/failure.ts';
import { ownEvents } from '../core/own-events.ts';
import { Lanes } from '../delivery/lanes.ts';
import { Resending } from '../delivery/resend.ts';
import { openMetrics } from '../http/metrics.ts';
import type { DaemonPort, ReloadView } from '../http/port.ts';
import { openListener } from '../http/server.ts';
import { openHub } from '../http/stream/hub.ts';
import { systemClock } from '../lib/clock.ts';
import { newId } from '../lib/id.ts';
import { openServiceNotice } from '../service/notify.ts';
import { sourceTypes } from '../sources/index.ts';
import { Feed } from './feed.ts';
import { channelOpener, type Foundation, type FoundationOptions, openFoundation } from './foundation.ts';
import { Intake } from './intake.ts';
import { Lifecycle } from './lifecycle.ts';
import { watchDeliveries, watchEvents } from './observers.ts';
import { OwnEvents } from './own-events.ts';
import { daemonPort } from './port.ts';
import { Reloading } from './reloading.ts';
import { RunningSources } from './running-sources.ts';
import { firstToken } from './secrets-at-rest.ts';
import { Waiting } from './waiting.ts';

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
  readonly check: DaemonPort['check'];
}

/** Builds everything in dependency order and starts it. Rejects, with everything closed again, when a part does not start. */
export async function openApp(given: AppOptions): Promise<App> {
  const options = { ...given, clock: systemClock };
  const foundation = await openFoundation(options);
  try {
    return await build(foundation, options);
  } catch (error) {
    await foundation.closers.close();
    throw error;
  }
}

async function build(foundation: Foundation, options: FoundationOptions & AppOptions): Promise<App> {
  const { closers, store, deadLetters, log, live, prepared, paths, scrubber } = foundation;
  const { terminal, clock, version } = options;
  const ids = (): string => newId(clock.now());
  const failed = new Promise<BelfryError>((resolve) => {
    const fatal = (error: Error): void =>
      resolve(
        error instanceof BelfryError
          ? error
          : new BelfryError('store.failed', error.message, { exit: EXIT.disk, cause: error }),
      );
    store.onFatal(fatal);
    deadLetters.onFatal(fatal);
  });

  const feed = new Feed();
  const waiting = new Waiting(store.deliveries, clock);
  const metrics = openMetrics();
  closers.own('metrics', () => metrics.close());
  const own = new OwnEvents({ accept: (events) => intake.accept(events, { source: 'belfry' }), log, clock });
  const taken = watchEvents({ feed, metrics, own, live: () => live.ruleset, clock, log });
  const intake: Intake = new Intake({ live: () => live.ruleset, store, clock, newId: ids, taken });
  const hub = openHub({
    store,
    clock,
    log,
    acknowledged: (deliveries, receipt) => lanes.received(deliveries, receipt),
    feed: (listener) => feed.follow(listener),
  });
  closers.own('push', () => hub.close());
  const open = channelOpener(foundation, options, hub);
  const lanes: Lanes = new Lanes({
    store,
    deadLetters,
    clock,
    random: Math.random,
    newId: ids,
    log,
    scrubber,
    notices: (event) => own.raise(event),
    open,
  });
  const sources = new RunningSources({
    types: sourceTypes,
    intake,
    store,
    clock,
    log,
    troubled: (...trouble) => own.sourceTrouble(...trouble),
  });
  const ended = (result: ReloadView): void => {
    metrics.reload(result.ok ? 'applied' : 'rejected', result.generation);
    own.reloaded(result);
  };
  const reloading = new Reloading({ live, sources, lanes, log, ended });
  const resending = new Resending({
    deadLetters,
    store,
    clock,
    log,
    direct: (channel, delivery, signal) => lanes.direct(channel, delivery, signal),
    channelType: (channel) => live.ruleset.channels.get(channel)?.type,
    requeue: (event, letter) => intake.requeue(event, letter),
  });
  const service = openServiceNotice(terminal.env, terminal.pid, log);
  closers.own('service notice', () => service.close());
  const first = await firstToken(paths);
  const tokens = () => (live.ruleset.daemon.tokens.length > 0 ? live.ruleset.daemon.tokens : [first]);
  const lifecycle: Lifecycle = new Lifecycle({
    foundation,
    intake,
    lanes,
    sources,
    reloading,
    resending,
    service,
    clock,
    started: () => own.raise(ownEvents.started({ version, generation: live.generation })),
  });
  const port = daemonPort({
    check: options.check,
    version,
    pid: terminal.pid,
    startedAt: clock.now(),
    store,
    deadLetters,
    live,
    intake,
    lanes,
    resending,
    sources,
    reloading,
    waiting,
    feed,
    tokens,
    lifecycle: () => lifecycle.refusing,
  });
  closers.own(
    'delivery watch',
    watchDeliveries({ feed, metrics, waiting, lanes, clock, view: (id) => port.delivery(id) }),
  );
  metrics.gauges(() => gaugesOf(foundation, lifecycle));
  live.swap(prepared);
  const { listen, publicUrl } = prepared.ruleset.daemon;
  const listener = await openListener({
    port,
    listen,
    socket: paths.socket,
    ...(publicUrl !== undefined && { publicUrl }),
    log,
    scrubber,
    clock,
    metrics,
    stream: hub,
  });
  closers.own('listener', () => listener.close(1000));
  await lifecycle.start(listener);
  return {
    listen: listener.address,
    tokenFile: paths.token,
    reload: () => reloading.reload(),
    failed,
    stop: (graceful) => lifecycle.stop(graceful),
  };
}

function gaugesOf({ store, live }: Foundation, lifecycle: Lifecycle) {
  const { byChannel, dead } = store.deliveries.counts();
  const now = systemClock.now();
  const queue = [...byChannel].map(([channel, { pending, sending, oldest }]) => ({
    channel,
    depth: pending + sending,
    oldestSeconds: oldest === undefined ? 0 : Math.max(0, (now - oldest) / 1000),
  }));
  return { queue, deadLetters: dead, generation: live.generation, ready: lifecycle.refusing === undefined };
}
