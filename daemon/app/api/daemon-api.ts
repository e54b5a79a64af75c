import { alertCounts } from '../../core/alerts/alerts.ts';
import type { Decision } from '../../core/flow/decision.ts';
import type { Token } from '../../core/ruleset.ts';
import type { DeadLetters } from '../../delivery/dead-letters/dead-letters.ts';
import type { ManualResult } from '../../delivery/manual/attempt.ts';
import type { Lanes } from '../../delivery/lanes.ts';
import type { Resending } from '../../delivery/manual/resend.ts';
import type { ChannelTestView, ChannelView, DaemonApi, StatusView } from '../../http/daemon-api.ts';
import type { Clock } from '../../lib/time/clock.ts';
import { newId } from '../../lib/id.ts';
import type { Log } from '../../lib/log.ts';
import type { Scrubber } from '../../lib/secrets/scrubber.ts';
import type { Live } from '../../reload/live.ts';
import type { Store } from '../../store/store.ts';
import { explainLive } from './explain.ts';
import type { Feed } from '../runtime/feed.ts';
import type { Inbox } from '../runtime/inbox.ts';
import type { KeptRules } from '../state/kept-rules.ts';
import type { StatePaths } from '../state/paths.ts';
import type { Intake } from '../runtime/intake.ts';
import type { Reloading } from '../reload.ts';
import type { RunningSources } from '../runtime/sources.ts';
import { openAlertActions } from './alert-actions.ts';
import { deliveryView, eventLine, eventView, historyQuery } from './views.ts';
import type { DeliveryWaiter } from '../runtime/delivery-waiter.ts';

export interface DaemonApiDeps {
  /** Validates rules without applying them. */
  readonly check: DaemonApi['check'];
  readonly version: string;
  readonly pid: number;
  readonly startedAt: number;
  readonly clock: Clock;
  readonly scrubber: Scrubber;
  readonly log: Log;
  readonly store: Store;
  readonly deadLetters: DeadLetters;
  readonly inbox: Inbox;
  readonly kept: KeptRules;
  readonly live: Live;
  readonly paths: Pick<StatePaths, 'state'>;
  readonly intake: Intake;
  readonly lanes: Lanes;
  readonly resending: Resending;
  readonly sources: RunningSources;
  readonly reloading: Reloading;
  readonly waiter: DeliveryWaiter;
  readonly feed: Feed;
  readonly tokens: () => readonly Token[];
  /** Reports results that a person gave to earlier events. */
  readonly onLater: (decision: Decision) => void;
  /** Reason why the daemon accepts no events; undefined if it does. */
  readonly refusing: () => string | undefined;
}

/** API of the daemon for the listener and the commands. Reads from the parts and forwards calls to them; decides nothing. */
export function daemonApi(deps: DaemonApiDeps): DaemonApi {
  const { store, live, intake, lanes, resending, sources, reloading, waiter, feed, deadLetters, clock } = deps;
  return {
    accept: (events, options) => intake.accept(events, options),
    async wait(ids, ms, signal) {
      const deliveries = (await waiter.waitFor(ids, ms, signal)).map((stored) => deliveryView(stored, lanes));
      const events = await Promise.all(ids.map((id) => store.event(id)));
      return { outcomes: events.map((stored) => stored?.outcomes ?? {}), deliveries };
    },
    hookRoute: (path) => sources.route(path),
    status: () => statusOf(deps),
    readiness: () => readinessOf(deps),
    reload: async () => deps.scrubber.scrubJson(await reloading.reload()),
    check: deps.check,
    explain: explainLive(deps),
    alertActions: openAlertActions({
      ...deps,
      live: () => live.ruleset,
      newId: () => newId(clock.now()),
    }),
    channels: async () => channelsOf(lanes),
    testChannel: async (name, signal) => testView(name, await lanes.test(name, signal)),
    hold: (name, request) => lanes.hold(name, request),
    release: (name, by) => lanes.release(name, by),
    async events(request) {
      const { items, ...page } = await store.events(historyQuery(request, clock.now()));
      return { ...page, items: items.map(eventLine) };
    },
    async deliveries(request) {
      const { items, ...page } = await store.deliveries.page(historyQuery(request, clock.now()));
      const views = items.map((stored) => deliveryView(stored, lanes));
      const { states } = request;
      return { ...page, items: states === undefined ? views : views.filter(({ state }) => states.includes(state)) };
    },
    async event(id) {
      const stored = await store.event(id);
      if (stored === undefined) return undefined;
      const deliveries = await store.deliveries.ofEvent(id);
      return eventView(
        stored,
        deliveries.map((delivery) => deliveryView(delivery, lanes)),
      );
    },
    async delivery(id) {
      const stored = await store.deliveries.find(id);
      return stored === undefined ? undefined : deliveryView(stored, lanes);
    },
    dead: () => deadLines(deadLetters),
    resend: (request, signal) => resending.resend(request, signal),
    drop: (id) => resending.drop(id),
    audit: () => auditOf(deps),
    feed: (listener) => feed.follow(listener),
    acknowledged: (deliveries, receipt) => lanes.received(deliveries, receipt),
    tokens: deps.tokens,
    publicUrl: () => live.ruleset.daemon.publicUrl,
    origins: () => live.ruleset.daemon.origins,
    limits: () => ({ body: live.ruleset.daemon.limits.body }),
  };
}

/** Lines of the dead-letter file: records, and problems of lines that are none. */
export async function* deadLines(deadLetters: Pick<DeadLetters, 'read'>): ReturnType<DaemonApi['dead']> {
  for await (const line of deadLetters.read()) yield 'record' in line ? line.record : line;
}

/** Counts and violations of the stored data. An event in the inbox that cannot be read is a violation, because `emit` has reported it as accepted. */
export async function auditOf({
  store,
  deadLetters,
  inbox,
}: Pick<DaemonApiDeps, 'store' | 'deadLetters' | 'inbox'>): ReturnType<DaemonApi['audit']> {
  const ids = new Set<string>();
  for await (const line of deadLetters.read()) if ('record' in line) ids.add(line.record.id);
  const { violations, ...counts } = await store.audit(ids);
  return { ...counts, violations: [...violations, ...(await inbox.check())] };
}

async function statusOf(deps: DaemonApiDeps): Promise<StatusView> {
  const { version, pid, startedAt, clock, live, paths, store, sources, lanes } = deps;
  const counts = store.deliveries.counts();
  const channels = lanes.status();
  const sum = (name: 'pending' | 'sending' | 'held'): number =>
    channels.reduce((total, channel) => total + channel[name], 0);
  const { ready, reasons } = readinessOf(deps);
  return {
    version,
    pid,
    config: live.root,
    state: paths.state,
    started_at: new Date(startedAt).toISOString(),
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
  };
}

export function channelsOf(lanes: Lanes): readonly ChannelView[] {
  return lanes.status().map(({ name, type, state, pending, held, reason, since, until, cooldownUntil }) => ({
    name,
    type,
    state,
    pending,
    held,
    ...(reason !== undefined && { reason }),
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
    ...(cooldownUntil !== undefined && { resting_until: new Date(cooldownUntil).toISOString() }),
  }));
}

/** Ready means that events are accepted. A failing part is a reason in the list, but the daemon stays ready: removing it from service would not help. */
function readinessOf(deps: DaemonApiDeps): ReturnType<DaemonApi['readiness']> {
  const { refusing, sources, lanes, live, deadLetters, inbox, kept } = deps;
  const refusal = refusing();
  const failing = [
    ...(deadLetters.fault === undefined ? [] : [deadLetters.fault]),
    ...inbox.faults,
    ...(kept.fault === undefined ? [] : [kept.fault]),
    ...live.files
      .filter(({ state }) => state === 'kept')
      .map(({ path }) => `${path} is not applied; its last valid version is in force`),
    ...sources
      .status()
      .filter(({ state }) => state !== 'running')
      .map(({ name, reason }) => `source ${name}: ${reason ?? 'failing'}`),
    ...lanes
      .status()
      .filter(({ state }) => state === 'misconfigured' || state === 'failing' || state === 'removed')
      .map(({ name, state, reason }) => `channel ${name} is ${state}: ${reason ?? ''}`),
  ];
  return { ready: refusal === undefined, reasons: refusal === undefined ? failing : [refusal, ...failing] };
}

function testView(name: string, result: ManualResult | undefined): ChannelTestView | undefined {
  if (result === undefined) return undefined;
  if (result.kind === 'killed')
    return {
      channel: name,
      ok: false,
      error: { class: 'killed', code: 'stopping', message: 'the daemon was stopped' },
      ms: 0,
    };
  const { ms } = result.attempt;
  if (result.kind === 'delivered') return { channel: name, ok: true, receipt: result.receipt, ms };
  if (result.kind === 'awaiting')
    return {
      channel: name,
      ok: true,
      receipt: { answer: 'handed over; the receipt comes when a user acknowledges it' },
      ms,
    };
  return {
    channel: name,
    ok: false,
    error: { class: result.class, code: result.error.code, message: result.error.message },
    ms,
  };
}
