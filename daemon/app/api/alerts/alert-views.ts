import { loadMarkdown } from '../../../channels/kit/text/markdown.ts';
import { plainTitle } from '../../../channels/kit/text/plain.ts';
import { alertsWithTargets, type FiringAlert } from '../../../core/alerts/alerts.ts';
import type { NotifiedTarget } from '../../../core/flow/deliveries.ts';
import { evaluateSilence, stateOf } from '../../../core/alerts/silence.ts';
import { silenceView } from '../../../core/alerts/silence-actions.ts';
import type { Ruleset, Silence } from '../../../core/ruleset.ts';
import type {
  AlertNotifications,
  ListedSilenceView,
  AlertNotificationView,
  NotifiedAlertView,
  SilencedBy,
} from '../../../http/daemon-api.ts';
import type { StoredDelivery } from '../../../store/store.ts';
import { silencesOf } from './silences.ts';
import { timeOfId } from '../../../lib/id.ts';
import { rfc3339 } from '../../../lib/time/rfc3339.ts';
import type { DaemonApiDeps } from '../deps.ts';
import { type ChannelStates, deliveryView } from '../views.ts';

interface AlertDeps extends Pick<DaemonApiDeps, 'store' | 'clock'> {
  readonly live: { readonly ruleset: Ruleset };
  readonly lanes: ChannelStates;
}

/** Alerts that are looked up in the history and in the silences. Each costs a query, and a list of more is for a program. */
const MAX_LOOKED_UP = 1000;

/** Firing alerts of one rule or of all, the oldest first, with the progress of their notifications. */
export async function alertViews(deps: AlertDeps, rule: string | undefined): Promise<readonly NotifiedAlertView[]> {
  const { ruleset } = deps.live;
  const now = deps.clock.now();
  const memory = deps.store.memory(now);
  const all = alertsWithTargets(ruleset, memory);
  const wanted = rule === undefined ? all : all.filter(({ view }) => view.rule === rule);
  const silences = silencesOf(ruleset, memory).filter((silence) => stateOf(silence, now) === 'active');
  return Promise.all(
    wanted.map(async (alert, index) =>
      index < MAX_LOOKED_UP ? viewOf(alert, { ...deps, silences, now }) : alert.view,
    ),
  );
}

async function viewOf(
  { view, event, targets }: FiringAlert,
  deps: AlertDeps & { readonly silences: readonly Silence[]; readonly now: number },
): Promise<NotifiedAlertView> {
  const { store, lanes, silences, now } = deps;
  const stored = await Promise.all(targets.map(({ delivery }) => store.deliveries.find(delivery)));
  const latest = stored.findLast((one) => one !== undefined);
  const silence = silences.find((one) => evaluateSilence(one, event, view.rule, view.key, now).silenced);
  return {
    ...view,
    ...(latest !== undefined && { title: await titleOf(latest) }),
    ...(silence !== undefined && { silenced_by: silencedBy(silence, now) }),
    notifications: notificationsOf(targets.map((target, index) => notificationOf(target, stored[index], lanes))),
  };
}

async function titleOf({ delivery: { message } }: StoredDelivery): Promise<string> {
  if (message.format === 'markdown') await loadMarkdown();
  return plainTitle(message);
}

function silencedBy(silence: Silence, now: number): SilencedBy {
  const { id, name, reason, active_until: until } = silenceView(silence, now);
  return { id, ...(name !== undefined && { name }), reason, ...(until !== undefined && { until }) };
}

function notificationsOf(list: readonly AlertNotificationView[]): AlertNotifications {
  const count = (...states: readonly AlertNotificationView['state'][]): number =>
    list.filter(({ state }) => states.includes(state)).length;
  return {
    requested: list.length,
    delivered: count('delivered'),
    pending: count('pending', 'sending'),
    held: count('held'),
    dead: count('dead'),
    list,
  };
}

/** The latest message to one target. Its delivery may have been deleted from the history, and is `unknown` then. */
function notificationOf(
  { channel, to, delivery: id }: NotifiedTarget,
  stored: StoredDelivery | undefined,
  lanes: AlertDeps['lanes'],
): AlertNotificationView {
  const target = { channel, ...(to !== undefined && { to }), delivery: id };
  if (stored === undefined) return { ...target, state: 'unknown' };
  const { state, attempts, next_at: next, reason, mend } = deliveryView(stored, lanes);
  const last = attempts.at(-1);
  return {
    ...target,
    state,
    requested_at: rfc3339(stored.delivery.createdAt),
    ...(state === 'delivered' && last !== undefined && { delivered_at: rfc3339(Date.parse(last.at) + last.ms) }),
    ...(next !== undefined && { next_at: next }),
    ...(reason !== undefined && { reason }),
    ...(mend !== undefined && { mend }),
    ...(last?.code !== undefined && { error: `${last.code}: ${last.message ?? ''}` }),
  };
}

const USED_MS = 30 * 86_400_000;

/** Silences of the files, then those that users made, with their last use. */
export async function silenceViews({ store, live, clock }: AlertDeps): Promise<readonly ListedSilenceView[]> {
  const now = clock.now();
  const { silenced } = await store.activity(now);
  return silencesOf(live.ruleset, store.memory(now)).map((silence) => {
    const last = silenced.get(silence.id);
    return {
      ...silenceView(silence, now),
      ...(silence.origin === 'api' && { made_at: rfc3339(timeOfId(silence.id)) }),
      ...(last !== undefined && { last_match: rfc3339(last) }),
      matched_30d: last !== undefined && last > now - USED_MS,
    };
  });
}
