import type { NotifiedAlertView } from '../../../daemon/http/views.ts';

/** Row of the list of alerts: an alert, or a heading over those of a state or a group. */
export type AlertRow =
  | { readonly kind: 'state'; readonly id: string; readonly state: NotifiedAlertView['state']; readonly count: number }
  | { readonly kind: 'group'; readonly id: string; readonly name: string; readonly count: number }
  | { readonly kind: 'alert'; readonly id: string; readonly alert: NotifiedAlertView };

const STATES = ['firing', 'acknowledged'] as const;
/** Group of the alerts that do not have the label. */
const WITHOUT = '–';
const MAX_GROUPINGS = 20;

export function idOf({ rule, key }: Pick<NotifiedAlertView, 'rule' | 'key'>): string {
  return JSON.stringify([rule, key]);
}

/** Alerts under headings of their states, and in these by a label. Alerts and groups keep their order: the oldest first. */
export function rowsOf(alerts: readonly NotifiedAlertView[], group: string): readonly AlertRow[] {
  return STATES.flatMap((state): readonly AlertRow[] => {
    const own = alerts.filter((alert) => alert.state === state);
    if (own.length === 0) return [];
    const groups = [...groupsOf(own, group)];
    const heading = { kind: 'state', id: state, state, count: own.length } as const;
    const rows = groups.flatMap(([name, members]): readonly AlertRow[] => [
      ...(group === 'none'
        ? []
        : [{ kind: 'group', id: JSON.stringify([state, group, name]), name, count: members.length } as const]),
      ...members.map((alert) => ({ kind: 'alert', id: idOf(alert), alert }) as const),
    ]);
    return [heading, ...rows];
  });
}

function groupsOf(alerts: readonly NotifiedAlertView[], group: string): ReadonlyMap<string, NotifiedAlertView[]> {
  const groups = new Map<string, NotifiedAlertView[]>();
  for (const alert of alerts) {
    const name = group === 'none' ? '' : group === 'rule' ? alert.rule : String(alert.labels[group] ?? WITHOUT);
    const members = groups.get(name);
    if (members === undefined) groups.set(name, [alert]);
    else members.push(alert);
  }
  return groups;
}

/** Labels by which the alerts can be grouped: those of most alerts first. */
export function groupingsOf(alerts: readonly NotifiedAlertView[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const { labels } of alerts)
    for (const name of Object.keys(labels)) counts.set(name, (counts.get(name) ?? 0) + 1);
  const names = [...counts].sort(([, a], [, b]) => b - a).map(([name]) => name);
  return ['none', ...names.slice(0, MAX_GROUPINGS)];
}

/** Whether an alert contains the text in its rule, key, title or labels, in upper or lower case. */
export function contains({ rule, key, title = '', labels }: NotifiedAlertView, text: string): boolean {
  const wanted = text.toLowerCase();
  return [rule, key, title, ...Object.values(labels)].some((part) => String(part).toLowerCase().includes(wanted));
}

/** Next change of an alert by itself, and its time. */
export function nextOf(
  alert: NotifiedAlertView,
): { readonly kind: 'ends' | 'escalates' | 'repeats'; readonly at: string } | undefined {
  const { next_at: at, ends_at: ends, escalates_at: escalates } = alert;
  if (at === undefined) return undefined;
  return { kind: at === ends ? 'ends' : at === escalates ? 'escalates' : 'repeats', at };
}

/** State of the notifications of an alert: that of the one which needs a person most. Undefined: nobody was notified. */
export function notifiedState({ notifications }: NotifiedAlertView): string | undefined {
  if (notifications === undefined || notifications.requested === 0) return undefined;
  return (['dead', 'held', 'pending', 'delivered'] as const).find((state) => notifications[state] > 0) ?? 'unknown';
}
