import type { BelfryError } from '../core/failure.ts';
import { openLanes } from '../delivery/lanes.ts';
import { openMetrics } from '../http/metrics.ts';
import type { ReloadView } from '../http/port.ts';
import { openListener } from '../http/server.ts';
import { openHub } from '../http/stream/hub.ts';
import { type Clock, systemClock } from '../lib/clock.ts';
import { newId } from '../lib/id.ts';
import { watchRules } from '../reload/watch.ts';
import { openServiceNotice } from '../service/notify.ts';
import { sourceTypes } from '../sources/index.ts';
import { Feed } from './feed.ts';
import { channelOpener, type Foundation, type FoundationOptions, openFoundation } from './foundation.ts';
import { takeInbox } from './inbox.ts';
import { Intake } from './intake.ts';
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

/** What attempts that are on their way get to end, in milliseconds. */
const GRACE = 20_000;
const TRIM_EVERY = 10 * 60_000;

/** Builds everything in dependency order and starts it. Rejects, with everything closed again, when a part does not start. */
export async function openApp(options: Omit<FoundationOptions, 'clock'>): Promise<App> {
  const foundation = await openFoundation({ ...options, clock: systemClock });
  try {
    const parts = await build(foundation, { ...options, clock: systemClock });
    return await start(foundation, parts);
  } catch (error) {
    await foundation.closers.close();
    throw error;
  }
}

type Parts = Awaited<ReturnType<typeof build>>;

/** Constructs; starts nothing that acts by itself. */
async function build(foundation: Foundation, options: FoundationOptions) {
  const { closers, store, log, live, paths, scrubber, deadLetters } = foundation;
  const { terminal, clock, version } = options;
  const failed = new Promise<BelfryError>((resolve) => store.onFatal((error) => resolve(error as BelfryError)));
  const ids = (): string => newId(clock.now());
  const feed = new Feed();
  const waiting = new Waiting(store.deliveries, clock);
  const metrics = openMetrics();
  closers.own('metrics', () => metrics.close());
  const own = new OwnEvents({ accept: (events) => intake.accept(events, { source: 'belfry' }), log, clock });
  const intake: Intake = new Intake({ live: () => live.ruleset, store, clock, newId: ids, taken: watchEvents({ feed, metrics, own, live: () => live.ruleset, clock, log }) });
  const hub = openHub({ store, clock, log, acknowledged: (deliveries, receipt) => lanes.received(deliveries, receipt) });
  closers.own('push', () => hub.close());
  const lanes = openLanes({
    store,
    deadLetters,
    clock,
    random: Math.random,
    newId: ids,
    log,
    scrubber,
    notices: (event) => own.raise(event),
    open: channelOpener(foundation, options, hub),
  });
  const sources = new RunningSources({ types: sourceTypes, intake, store, clock, log, troubled: (...trouble) => own.sourceTrouble(...trouble) });
  const service = openServiceNotice(terminal.env, terminal.pid, log);
  closers.own('service notice', () => service.close());
  const reloading = new Reloading({
    live,
    sources,
    lanes,
    log,
    ended: (result) => {
      metrics.reload(result.ok ? 'applied' : 'rejected', result.generation);
      own.reloaded(result);
    },
  });
  const first = await firstToken(paths);
  const tokens = () => (live.ruleset.daemon.tokens.length > 0 ? live.ruleset.daemon.tokens : [first]);
  const state = { ready: false, startedAt: clock.now() };
  const port = daemonPort({ ...foundation, options, state, intake, lanes, sources, reloading, waiting, feed, tokens, newId: ids });
  closers.own('delivery watch', watchDeliveries({ feed, metrics, waiting, lanes, store, deadLetters, clock, view: (id) => port.delivery(id) }));
  return { failed, intake, lanes, sources, service, reloading, port, hub, metrics, own, state, clock, version };
}

async function start(foundation: Foundation, parts: Parts): Promise<App> {
  const { closers, live, prepared, log, paths, store, scrubber } = foundation;
  const { intake, lanes, sources, service, reloading, port, hub, metrics, own, state, clock } = parts;
  const daemon = prepared.ruleset.daemon;
  live.swap(prepared);
  const listener = await openListener({ port, hub, metrics, log, scrubber, clock, listen: daemon.listen, socket: paths.socket, ...(daemon.publicUrl !== undefined && { publicUrl: daemon.publicUrl }) });
  closers.own('listener', () => listener.close(1000));
  await lanes.apply(prepared.ruleset.channels);
  const change = await sources.prepare(prepared.ruleset.sources);
  await change.commit();
  await takeInbox(paths.inbox, (events) => intake.accept(events), log);
  const watching = new AbortController();
  const watched = daemon.reload.watch ? watchForChanges(foundation, reloading, clock, watching.signal) : Promise.resolve();
  const cancelTrim = repeatedly(clock, TRIM_EVERY, () => trim(foundation, clock));
  state.ready = true;
  log.info({ generation: live.generation, listen: listener.address, socket: paths.socket, state: paths.state, rules: prepared.ruleset.rules.length }, 'ready');
  service.ready(`generation ${live.generation}`);
  own.started(live.generation);

  const stop = async (graceful: boolean): Promise<void> => {
    state.ready = false;
    log.info('stopping');
    service.stopping();
    watching.abort();
    cancelTrim();
    listener.stopAccepting();
    await Promise.all([watched, reloading.idle()]);
    await sources.stop();
    await intake.stop();
    await lanes.stop(graceful ? GRACE : 0);
    await closers.close();
    log.info('stopped');
  };
  return { listen: listener.address, tokenFile: paths.token, reload: () => reloading.reload(), failed: parts.failed, stop: once(stop) };

  function once(work: (graceful: boolean) => Promise<void>): (graceful: boolean) => Promise<void> {
    let running: Promise<void> | undefined;
    return (graceful) => (running ??= work(graceful));
  }
  async function trim({ live: { ruleset } }: Foundation, at: Clock): Promise<void> {
    const { events, size } = ruleset.daemon.retention;
    await store.trim({ before: at.now() - events, bytes: size });
    await store.pushes.trim(at.now());
  }
}
