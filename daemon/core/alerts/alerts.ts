import type { Decision, Memory } from '../flow/decision.ts';
import { type Alert, firingAlerts, nextWake, rowOf } from '../flow/steps/alert.ts';
import { type DecideContext, Pipeline } from '../flow/pipeline.ts';
import { dropAll } from '../flow/resolve.ts';
import { stateOf } from '../flow/step.ts';
import type { CompiledRule, Ruleset } from '../ruleset.ts';
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
  /** Number of steps of `escalate` that are done. */
  readonly escalated: number;
  /** Time at which it ends by itself, escalates or repeats. */
  readonly next_at?: string;
}

/** All firing alerts, the oldest first. */
export function alerts(ruleset: Ruleset, memory: Memory): readonly AlertView[] {
  return [...firingAlerts(ruleset.rules, memory)]
    .map(({ rule, key, state }) => viewOf(rule, key, state))
    .sort((a, b) => (a.since < b.since ? -1 : a.since > b.since ? 1 : 0));
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
  const { acknowledged } = state;
  const next = nextWake(state, rule);
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
    escalated: state.escalated,
    ...(next !== undefined && { next_at: rfc3339(next) }),
  };
}

export interface Acknowledgement {
  readonly key: string;
  /** Limits the acknowledgement to one rule; if not given, the alerts of all rules for the key are acknowledged. */
  readonly rule?: string;
  /** Name of the person. */
  readonly by?: string;
}

export interface Acknowledged extends Decision {
  readonly acknowledged: readonly { readonly rule: string; readonly key: string }[];
}

/** Acknowledges alerts, which ends their repeats and escalations. An alert without `resolve` ends. */
export function acknowledge({ key, rule: only, by }: Acknowledgement, context: DecideContext): Acknowledged {
  const pipeline = new Pipeline(context);
  const found: { rule: string; key: string }[] = [];
  for (const rule of context.ruleset.rules) {
    if ((only !== undefined && rule.name !== only) || rule.alert === undefined) continue;
    const step = pipeline.contextOf(rule, key);
    const firing = stateOf<Alert>('alert', step);
    if (firing === undefined) continue;
    found.push({ rule: rule.name, key });
    const acknowledged = firing.acknowledged ?? { at: context.now, ...(by !== undefined && { by }) };
    if (rule.alert.resolve === undefined) dropAll(pipeline, step);
    else pipeline.write(step, 'alert', [rowOf({ ...firing, acknowledged }, rule)]);
  }
  return { ...pipeline.decision([]), acknowledged: found };
}
