import { Lanes } from '../../delivery/lanes.ts';
import { Resending, type ResendingDeps } from '../../delivery/manual/resend.ts';
import type { Metrics } from '../../http/metrics.ts';
import type { ReloadView } from '../../http/daemon-api.ts';
import { type PushServer, openPushServer } from '../../http/stream/push-server.ts';
import { newId } from '../../lib/id.ts';
import type { Live } from '../../reload/live.ts';
import { sourceTypes } from '../../sources/index.ts';
import type { Feed } from './feed.ts';
import { channelOpener, type Foundation, type FoundationOptions, testsOf } from '../open-state.ts';
import { Intake, type IntakeParts } from './intake.ts';
import { watchEvents, watchTimers } from './observers.ts';
import { OwnEvents } from './own-events.ts';
import { Reloading } from '../reload.ts';
import { RunningSources } from './sources.ts';
import { Timers } from './timers.ts';

/** Everything that events and deliveries pass through, built but not begun. */
export interface Traffic {
  readonly own: OwnEvents;
  readonly intake: Intake;
  readonly pushServer: PushServer;
  readonly lanes: Lanes;
  readonly sources: RunningSources;
  readonly timers: Timers;
  readonly reloading: Reloading;
  readonly resending: Resending;
}

/** Some of these know each other: an event of our own passes the intake, an acknowledged push ends a delivery. They meet only after all are built. */
export function buildTraffic(
  foundation: Foundation,
  options: FoundationOptions,
  { feed, metrics }: { feed: Feed; metrics: Metrics },
): Traffic {
  const { store, deadLetters, log, live, scrubber } = foundation;
  const { clock } = options;
  const ids = (): string => newId(clock.now());
  const own = new OwnEvents({ accept: (events) => intake.accept(events, { source: 'belfry' }), log, clock, scrubber });
  const taken = watchEvents({ feed, metrics, own, live: () => live.ruleset, clock, log });
  const observe: IntakeParts['observe'] = (event, at) => sources.observe(event, at);
  const intake: Intake = new Intake({ live: () => live.ruleset, store, clock, newId: ids, taken, observe });
  const pushServer = openPushServer({
    store,
    clock,
    log,
    onAcknowledged: (deliveries, receipt) => lanes.received(deliveries, receipt),
    feed: (listener) => feed.follow(listener),
  });
  const open = channelOpener(foundation, options, pushServer);
  const raise: OwnEvents['raise'] = (event) => own.raise(event);
  const lanes: Lanes = new Lanes({
    store,
    deadLetters,
    clock,
    random: Math.random,
    newId: ids,
    log,
    scrubber,
    raise,
    open,
  });
  const troubled: OwnEvents['sourceTrouble'] = (...trouble) => own.sourceTrouble(...trouble);
  const sources: RunningSources = new RunningSources({ types: sourceTypes, intake, store, clock, log, troubled });
  const ended = (result: ReloadView): void => {
    metrics.reload(result.ok ? 'applied' : 'rejected', result.generation);
    own.reloaded(result);
  };
  const woken = watchTimers({ feed, metrics, own, log });
  const timers = new Timers({ store, live: () => live.ruleset, clock, newId: ids, log, woken });
  const test = testsOf(foundation);
  const reloading = new Reloading({ live, sources, lanes, timers, test, log, ended });
  const resending = new Resending({
    deadLetters,
    store,
    clock,
    log,
    scrubber,
    ...resendingDeps({ lanes, intake, live }),
  });
  return { own, intake, pushServer, lanes, sources, timers, reloading, resending };
}

/** Dependencies of resending on the runtime. A command while no daemon runs uses the same. */
export function resendingDeps({ lanes, intake, live }: { lanes: Lanes; intake: Intake; live: Live }) {
  const channelOf = (name: string) => live.ruleset.channels.get(name);
  return {
    attempt: (channel, delivery, signal) => lanes.attemptManually(channel, delivery, signal),
    requeue: (event, deadLetterId) => intake.requeue(event, deadLetterId),
    channelType: (name) => channelOf(name)?.type,
    concurrency: (name) => channelOf(name)?.policy.concurrency ?? 1,
  } satisfies Partial<ResendingDeps>;
}
