import type { Event } from '../event/event.ts';
import type { Memory } from '../flow/decision.ts';
import type { NotifiedTarget } from '../flow/deliveries.ts';
import { type Alert, alertTimes, firingAlerts, nextWake } from '../flow/steps/alert.ts';
import type { CompiledRule, Ruleset } from '../ruleset.ts';
import { type Labels, labelsOf } from './labels.ts';
import { rfc3339 } from '../../lib/time/rfc3339.ts';

/** An alert in answers of the API; times are RFC 3339. */
export interface AlertView {
  readonly rule: string;
  readonly key: string;
  readonly state: 'firing' | 'acknowledged';
  readonly since: string;
  /** Latest match. */
  readonly last: string;
  readonly count: number;
  /** The id of the event that matched last. */
  readonly event: string;
  /** Channels that were notified. */
  readonly told: readonly string[];
  readonly acknowledged_at?: string;
  readonly acknowledged_by?: string;
  readonly acknowledged_note?: string;
  /** Set when an acknowledgement was taken back. */
  readonly unacknowledged_at?: string;
  readonly unacknowledged_by?: string;
  readonly unacknowledged_note?: string;
  /** Number of steps of `escalate` that are done, and of all. */
  readonly escalated: number;
  readonly escalations: number;
  /** Earliest of the three times below. */
  readonly next_at?: string;
  /** Time at which it ends by itself. */
  readonly ends_at?: string;
  readonly escalates_at?: string;
  readonly repeats_at?: string;
  /** Attributes and short values of the latest event, by their paths. */
  readonly labels: Labels;
}

/** A firing alert, its latest event, and the targets that it notified. */
export interface FiringAlert {
  readonly view: AlertView;
  readonly event: Event;
  readonly targets: readonly NotifiedTarget[];
}

/** All firing alerts, the oldest first. */
export function alerts(ruleset: Ruleset, memory: Memory): readonly AlertView[] {
  return alertsWithTargets(ruleset, memory).map(({ view }) => view);
}

export function alertsWithTargets(ruleset: Ruleset, memory: Memory): readonly FiringAlert[] {
  return [...firingAlerts(ruleset.rules, memory)]
    .map(({ rule, key, state }) => ({ view: viewOf(rule, key, state), event: state.event, targets: state.told }))
    .sort((a, b) => (a.view.since < b.view.since ? -1 : a.view.since > b.view.since ? 1 : 0));
}

/** Number of firing alerts, and of acknowledged ones among them. */
export function alertCounts(ruleset: Ruleset, memory: Memory): { firing: number; acknowledged: number } {
  const counts = { firing: 0, acknowledged: 0 };
  for (const { state } of firingAlerts(ruleset.rules, memory)) {
    counts.firing += 1;
    if (state.acknowledged !== undefined) counts.acknowledged += 1;
  }
  return counts;
}

function viewOf(rule: CompiledRule, key: string, state: Alert): AlertView {
  const { acknowledged, unacknowledged } = state;
  const next = nextWake(state, rule);
  const { end, escalation, repeat } = alertTimes(state, rule);
  return {
    rule: rule.name,
    key,
    state: acknowledged === undefined ? 'firing' : 'acknowledged',
    since: rfc3339(state.since),
    last: rfc3339(state.last),
    count: state.count,
    event: state.event.id,
    told: [...new Set(state.told.map(({ channel }) => channel))],
    ...(acknowledged !== undefined && { acknowledged_at: rfc3339(acknowledged.at) }),
    ...(acknowledged?.by !== undefined && { acknowledged_by: acknowledged.by }),
    ...(acknowledged?.note !== undefined && { acknowledged_note: acknowledged.note }),
    ...(unacknowledged !== undefined && { unacknowledged_at: rfc3339(unacknowledged.at) }),
    ...(unacknowledged?.by !== undefined && { unacknowledged_by: unacknowledged.by }),
    ...(unacknowledged?.note !== undefined && { unacknowledged_note: unacknowledged.note }),
    escalated: state.escalated,
    escalations: rule.alert?.escalate.length ?? 0,
    ...(next !== undefined && { next_at: rfc3339(next) }),
    ...(end !== undefined && { ends_at: rfc3339(end) }),
    ...(escalation !== undefined && { escalates_at: rfc3339(escalation) }),
    ...(repeat !== undefined && { repeats_at: rfc3339(repeat) }),
    labels: labelsOf(state.event),
  };
}
