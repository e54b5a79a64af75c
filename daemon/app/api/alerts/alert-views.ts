import { alertsWithTargets, type FiringAlert } from '../../../core/alerts/alerts.ts';
import type { NotifiedTarget } from '../../../core/flow/deliveries.ts';
import type { AlertNotifications, AlertNotificationView, NotifiedAlertView } from '../../../http/daemon-api.ts';
import { rfc3339 } from '../../../lib/time/rfc3339.ts';
import type { DaemonApiDeps } from '../deps.ts';
import { deliveryView } from '../views.ts';

type AlertDeps = Pick<DaemonApiDeps, 'store' | 'live' | 'clock' | 'lanes'>;

/** Alerts whose deliveries are looked up. Each costs a query, and a list of more is for a program. */
const MAX_LOOKED_UP = 1000;

/** Firing alerts of one rule or of all, the oldest first, with the progress of their notifications. */
export async function alertViews(deps: AlertDeps, rule: string | undefined): Promise<readonly NotifiedAlertView[]> {
  const all = alertsWithTargets(deps.live.ruleset, deps.store.memory(deps.clock.now()));
  const wanted = rule === undefined ? all : all.filter(({ view }) => view.rule === rule);
  return Promise.all(
    wanted.map(async (alert, index) =>
      index < MAX_LOOKED_UP ? { ...alert.view, notifications: await notificationsOf(alert, deps) } : alert.view,
    ),
  );
}

async function notificationsOf({ targets }: FiringAlert, deps: AlertDeps): Promise<AlertNotifications> {
  const list = await Promise.all(targets.map((target) => notificationOf(target, deps)));
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
async function notificationOf(
  { channel, to, delivery: id }: NotifiedTarget,
  { store, lanes }: AlertDeps,
): Promise<AlertNotificationView> {
  const stored = await store.deliveries.find(id);
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
