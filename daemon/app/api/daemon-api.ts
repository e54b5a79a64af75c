import { alertCounts } from '../../core/alerts/alerts.ts';
import type { Token } from '../../core/ruleset.ts';
import type { DeadLetters } from '../../delivery/dead-letters/dead-letters.ts';
import type { ManualResult } from '../../delivery/manual/attempt.ts';
import type { Lanes } from '../../delivery/lanes.ts';
import type { Resending } from '../../delivery/manual/resend.ts';
import type { ChannelTestView, ChannelView, DaemonApi, StatusView } from '../../http/daemon-api.ts';
import { systemClock } from '../../lib/time/clock.ts';
import { newId } from '../../lib/id.ts';
import type { Log } from '../../lib/log.ts';
import type { Scrubber } from '../../lib/secrets/scrubber.ts';
import type { Live } from '../../reload/live.ts';
import type { Store } from '../../store/store.ts';
import { explaining } from './explain.ts';
import type { Feed } from '../runtime/feed.ts';
import type { Inbox } from '../runtime/inbox.ts';
import type { StatePaths } from '../paths.ts';
import type { Intake } from '../runtime/intake.ts';
import type { Reloading } from '../reload.ts';
import type { RunningSources } from '../runtime/sources.ts';
import { openQuieting } from './alert-actions.ts';
import { deliveryView, eventLine, eventView, historyQuery } from './views.ts';
import type { Waiting } from '../runtime/delivery-waiter.ts';

export interface DaemonApiDeps {
  /** Validates rules without touching anything: those in force without a path. */
  readonly check: DaemonApi['check'];
  readonly version: string;
  readonly pid: number;
  readonly startedAt: number;
  readonly scrubber: Scrubber;
  readonly log: Log;
  readonly store: Store;
  readonly deadLetters: DeadLetters;
  readonly inbox: Inbox;
  readonly live: Live;
  readonly paths: Pick<StatePaths, 'state'>;
  readonly intake: Intake;
  readonly lanes: Lanes;
  readonly resending: Resending;
  readonly sources: RunningSources;
  readonly reloading: Reloading;
  readonly waiting: Waiting;
  readonly feed: Feed;
  readonly tokens: () => readonly Token[];
  /** Why it is not ready, besides what is looked up here. */
  readonly lifecycle: () => string | undefined;
}

/** The daemon as the listener and the commands see it. Looks things up and hands them on; decides nothing. */
export function daemonApi(parts: DaemonApiDeps): DaemonApi {
  const { store, live, intake, lanes, resending, sources, reloading, waiting, feed, deadLetters } = parts;
  return {
    accept: (events, options) => intake.accept(events, options),
    async wait(ids, ms, signal) {
      const deliveries = (await waiting.until(ids, ms, signal)).map((stored) => deliveryView(stored, lanes));
      const events = await Promise.all(ids.map((id) => store.event(id)));
      return { outcomes: events.map((stored) => stored?.outcomes ?? {}), deliveries };
    },
    hookRoute: (path) => sources.route(path),
    status: () => statusOf(parts),
    readiness: () => readinessOf(parts),
    reload: async () => parts.scrubber.scrubJson(await reloading.reload()),
    check: parts.check,
    explain: explaining({ ...parts, clock: systemClock }),
    alertActions: openQuieting({
      ...parts,
      live: () => live.ruleset,
      clock: systemClock,
      newId: () => newId(systemClock.now()),
    }),
    channels: async () => channelsOf(lanes),
    testChannel: async (name, signal) => testView(name, await lanes.test(name, signal)),
    hold: (name) => lanes.hold(name),
    release: (name) => lanes.release(name),
    async events(request) {
      const { items, ...page } = await store.events(historyQuery(request, systemClock.now()));
      return { ...page, items: items.map(eventLine) };
    },
    async deliveries(request) {
      const { items, ...page } = await store.deliveries.page(historyQuery(request, systemClock.now()));
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
    audit: () => auditOf(parts),
    feed: (listener) => feed.follow(listener),
    acknowledged: (deliveries, receipt) => lanes.received(deliveries, receipt),
    tokens: parts.tokens,
    publicUrl: () => live.ruleset.daemon.publicUrl,
    origins: () => live.ruleset.daemon.origins,
    limits: () => ({ body: live.ruleset.daemon.limits.body }),
  };
}

/** The same lines that `dead list` shows of a stopped daemon. */
export async function* deadLines(deadLetters: DeadLetters): ReturnType<DaemonApi['dead']> {
  for await (const line of deadLetters.read()) yield 'record' in line ? line.record : line;
}

/** Counts and violations of what is stored. An event in the inbox that cannot be read was answered as taken, so it is a violation, too. */
export async function auditOf({
  store,
  deadLetters,
  inbox,
}: Pick<DaemonApiDeps, 'store' | 'deadLetters' | 'inbox'>): ReturnType<DaemonApi['audit']> {
  const ids = new Set<string>();
  for await (const line of deadLetters.read()) if ('record' in line) ids.add(line.record.id);
  const { violations, ...counts } = await store.audit(ids);
  return { ...counts, violations: [...violations, ...(await inbox.look())] };
}

async function statusOf(parts: DaemonApiDeps): Promise<StatusView> {
  const { version, pid, startedAt, live, paths, store, sources, lanes } = parts;
  const counts = store.deliveries.counts();
  const channels = lanes.status();
  const sum = (name: 'pending' | 'sending' | 'held'): number =>
    channels.reduce((total, channel) => total + channel[name], 0);
  const { ready, reasons } = readinessOf(parts);
  return {
    version,
    pid,
    config: live.root,
    state: paths.state,
    started_at: new Date(startedAt).toISOString(),
    generation: live.generation,
    ready,
    reasons,
    files: parts.scrubber.scrubJson(live.files),
    sources: sources.status(),
    channels: channelsOf(lanes),
    deliveries: {
      pending: sum('pending'),
      sending: sum('sending'),
      held: sum('held'),
      delivered: counts.delivered,
      dead: counts.dead,
    },
    alerts: alertCounts(live.ruleset, store.memory(systemClock.now())),
  };
}

export function channelsOf(lanes: Lanes): readonly ChannelView[] {
  return lanes.status().map(({ name, type, state, pending, held, reason, since, cooldownUntil }) => ({
    name,
    type,
    state,
    pending,
    held,
    ...(reason !== undefined && { reason }),
    ...(since !== undefined && { since }),
    ...(cooldownUntil !== undefined && { resting_until: new Date(cooldownUntil).toISOString() }),
  }));
}

/** Not ready is who takes no events; what works in part is told beside it, since taking the daemon out of service would not mend it. */
function readinessOf(parts: DaemonApiDeps): ReturnType<DaemonApi['readiness']> {
  const { lifecycle, sources, lanes, live, deadLetters, inbox } = parts;
  const refusing = lifecycle();
  const partly = [
    ...(deadLetters.trouble === undefined ? [] : [deadLetters.trouble]),
    ...inbox.troubles,
    ...live.files
      .filter(({ state }) => state === 'kept')
      .map(({ path }) => `${path} is not taken over; its last good version is in force`),
    ...sources
      .status()
      .filter(({ state }) => state !== 'running')
      .map(({ name, reason }) => `source ${name}: ${reason ?? 'failing'}`),
    ...lanes
      .status()
      .filter(({ state }) => state === 'misconfigured' || state === 'failing' || state === 'removed')
      .map(({ name, state, reason }) => `channel ${name} is ${state}: ${reason ?? ''}`),
  ];
  return { ready: refusing === undefined, reasons: refusing === undefined ? partly : [refusing, ...partly] };
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
      receipt: { answer: 'handed over; the receipt comes when somebody acknowledges it' },
      ms,
    };
  return {
    channel: name,
    ok: false,
    error: { class: result.class, code: result.error.code, message: result.error.message },
    ms,
  };
}
