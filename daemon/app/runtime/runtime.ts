import { OWN_SOURCE } from '../../core/event/event.ts';
import type { Decision } from '../../core/flow/decision.ts';
import type { Ruleset } from '../../core/ruleset.ts';
import { CrashMarks } from '../../delivery/crash-marks.ts';
import { Lanes } from '../../delivery/lanes.ts';
import { Resending } from '../../delivery/manual/resend.ts';
import type { ResendingDeps } from '../../delivery/manual/resend-deps.ts';
import type { ButtonApi, ReloadView } from '../../http/daemon-api.ts';
import type { Metrics } from '../../http/metrics.ts';
import { Refusals } from '../../http/request/refusals.ts';
import { type PushServer, openPushServer, type PushServerDeps } from '../../http/stream/push-server.ts';
import type { Clock } from '../../lib/time/clock.ts';
import { newId } from '../../lib/id.ts';
import type { ServiceNotice } from '../../service/sd-notify.ts';
import { sourceTypes } from '../../sources/index.ts';
import { channelOpener, clientOpener } from '../channels/opener.ts';
import { WebPush } from '../channels/web-push.ts';
import { WrittenFiles } from '../channels/written-files.ts';
import { type OpenState, type OpenStateOptions, ruleTests } from '../state/open-state.ts';
import { instanceName } from '../state/paths.ts';
import { builtIn } from '../../channels/index.ts';
import { openButtons } from '../buttons/buttons.ts';
import { ButtonListeners } from '../buttons/listeners.ts';
import { hasButtons } from '../buttons/channels.ts';
import { outgoingMessages } from '../buttons/messages.ts';
import { Jobs } from '../jobs/jobs.ts';
import { openRuleParts, type RuleParts } from '../reload/rule-parts.ts';
import { Reloading, type ReloadingDeps } from '../reload/reloading.ts';
import type { Feed } from './feed.ts';
import { Intake } from './intake.ts';
import { eventObserver, laterObserver } from './observers.ts';
import { OwnEvents } from './own-events.ts';
import { Canaries, type CanariesDeps } from './self-check/canaries.ts';
import type { SelfCheck } from './self-check/self-check.ts';
import type { WorkLog } from './self-check/work-log.ts';
import { RunningSources } from './sources.ts';
import { Timers } from './timers.ts';

/** Parts of the daemon that handle events and deliveries, built but not started. */
export interface Runtime extends RuleParts {
  readonly own: OwnEvents;
  readonly intake: Intake;
  readonly refusals: Refusals;
  readonly pushServer: PushServer;
  readonly webPush: WebPush;
  readonly lanes: Lanes;
  readonly sources: RunningSources;
  readonly timers: Timers;
  readonly reloading: Reloading;
  readonly resending: Resending;
  readonly jobs: Jobs;
  readonly canaries: Canaries;
  /** Reports results that a timer or a person gave to earlier events. */
  readonly onLater: (decision: Decision) => void;
  readonly buttons: ButtonApi;
  /** Connections over which providers report presses of buttons. */
  readonly listeners: ButtonListeners;
}

/** Parts that the runtime uses, and that are opened before it. */
export interface RuntimeTools {
  readonly feed: Feed;
  readonly metrics: Metrics;
  readonly service: ServiceNotice;
  readonly selfCheck: SelfCheck;
  readonly work: WorkLog;
}

/** Builds the runtime. Some parts call each other (the daemon's own events go through the intake); they get functions that are called only after all parts are built. */
export function buildRuntime(
  state: OpenState,
  options: OpenStateOptions,
  { feed, metrics, service, selfCheck, work }: RuntimeTools,
): Runtime {
  const { store, deadLetters, log, scrubber } = state;
  const { clock } = options;
  const live = (): Ruleset => state.live.ruleset;
  const { daemon } = state.prepared.ruleset;
  const writes = new WrittenFiles();
  const common = { store, deadLetters, log, scrubber, clock, live, work, writes, newId: () => newId(clock.now()) };
  const own = new OwnEvents({ ...common, accept: (events) => intake.accept(events, { source: OWN_SOURCE }) });
  const observers = { ...common, feed, metrics, own };
  const intake: Intake = new Intake({
    ...common,
    refusing: () => selfCheck.refusing,
    onAccepted: eventObserver(observers),
    observe: (event, at) => sources.observe(event, at),
  });
  const refusals = new Refusals({ metrics, log, clock });
  const pushServer = pushServerOf({ ...common, refusals }, feed, () => lanes);
  const webPush = new WebPush(store.checkpoints);
  const lanes: Lanes = new Lanes({
    ...common,
    marks: openMarks(state, clock),
    random: Math.random,
    raise: (event) => own.raise(event),
    open: channelOpener(state, options, pushServer, webPush, writes),
    outgoing: outgoingMessages({ live, tokens: state.tokens, hasButtons: hasButtons(live) }),
  });
  const sources: RunningSources = new RunningSources({
    ...common,
    instance: instanceName(daemon, options.terminal),
    isShared: daemon.store.type === 'postgres',
    types: sourceTypes,
    intake,
    onStatusChange: (name, type, fault) => own.sourceStatusChanged(name, type, fault),
    onMissed: (name, kind, count) => metrics.missed(name, kind, count),
  });
  const onLater = laterObserver(observers);
  const buttons = openButtons({ ...common, tokens: state.tokens, audit: state.audit, onLater });
  const listeners = new ButtonListeners({ ...common, types: builtIn.channels, buttons, open: clientOpener(options) });
  const timers = new Timers({ ...common, onWake: onLater });
  const resending = new Resending({ ...common, ...resendingDeps({ lanes, intake, live }) });
  const parts = { sources, lanes, listeners, timers };
  return {
    ...parts,
    own,
    intake,
    refusals,
    pushServer,
    webPush,
    ...reloadingOf(state, options, { ...parts, onEnd: reloadReporter({ metrics, clock, own, service }) }),
    resending,
    jobs: new Jobs(common),
    canaries: canariesOf(state, { ...common, intake, lanes, onCanary: (...canary) => metrics.canary(...canary) }),
    onLater,
    buttons,
  };
}

function canariesOf({ closers }: OpenState, deps: CanariesDeps): Canaries {
  const canaries = new Canaries(deps);
  closers.own('canaries', () => canaries.close());
  return canaries;
}

function pushServerOf(
  common: Omit<PushServerDeps, 'onAcknowledged' | 'feed'>,
  feed: Feed,
  lanes: () => Lanes,
): PushServer {
  return openPushServer({
    ...common,
    onAcknowledged: (deliveries, receipt) => lanes().received(deliveries, receipt),
    feed: (listener) => feed.follow(listener),
  });
}

function openMarks({ paths, log, closers }: OpenState, clock: Clock): CrashMarks {
  const marks = new CrashMarks(paths.attempts, { clock, log });
  closers.own('marks of attempts', () => marks.close());
  return marks;
}

/** Returns a function that reports the end of a reload. */
function reloadReporter({
  metrics,
  clock,
  own,
  service,
}: {
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly own: OwnEvents;
  readonly service: ServiceNotice;
}): ReloadingDeps['onEnd'] {
  return (result) => {
    countReload(result, metrics, clock.now());
    own.reloaded(result);
    service.status(reloadStatus(result));
  };
}

function reloadingOf(
  state: OpenState,
  options: OpenStateOptions,
  parts: Pick<ReloadingDeps, 'sources' | 'lanes' | 'listeners' | 'timers' | 'onEnd'>,
): RuleParts & Pick<Runtime, 'reloading'> {
  const { live, kept, log, rejected, audit } = state;
  const ruleParts = openRuleParts(state, options);
  const keep = (): Promise<void> => kept.save(live.texts);
  const test = ruleTests(state);
  const reloading = new Reloading({ ...parts, ...ruleParts, live, log, test, keep, audit, reported: rejected });
  return { ...ruleParts, reloading };
}

/** Counts a reload by its result. An edit that was taken back is none. */
function countReload({ ok, generation, added, changed, removed }: ReloadView, metrics: Metrics, now: number): void {
  const isSwapped = added.length + changed.length + removed.length > 0;
  if (!ok || isSwapped) metrics.reload(isSwapped ? (ok ? 'applied' : 'partial') : 'rejected', generation);
  if (isSwapped) metrics.swapped(now);
}

/** Line for `systemctl status` after a reload. */
export function reloadStatus({ ok, generation }: ReloadView): string {
  return `generation ${generation}${ok ? '' : '; the last reload was rejected, see belfry check'}`;
}

/** Dependencies of resending on the runtime. A command while no daemon runs uses the same. */
export function resendingDeps({ lanes, intake, live }: { lanes: Lanes; intake: Intake; live: () => Ruleset }) {
  const channelOf = (name: string) => live().channels.get(name);
  return {
    attempt: (channel, delivery, signal) => lanes.attemptManually(channel, delivery, signal),
    requeue: (event, deadLetterId) => intake.requeue(event, deadLetterId),
    channelType: (name) => channelOf(name)?.type,
    concurrency: (name) => channelOf(name)?.policy.concurrency ?? 1,
  } satisfies Partial<ResendingDeps>;
}
