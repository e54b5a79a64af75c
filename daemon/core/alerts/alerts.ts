import type { Decision, Memory } from '../flow/decision.ts';
import { type Alert, nextWake, rowOf } from '../flow/steps/alert.ts';
import { type DecideContext, Pipeline } from '../flow/pipeline.ts';
import { dropAll } from '../flow/resolve.ts';
import { stateOf } from '../flow/step.ts';
import type { CompiledRule, Ruleset } from '../ruleset.ts';

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

/** All alerts that fire, the oldest first. */
export function alerts(ruleset: Ruleset, memory: Memory): readonly AlertView[] {
  return ruleset.rules
    .filter(({ alert }) => alert !== undefined)
    .flatMap((rule) => [...memory.each(rule.name, 'alert')].map(([key, state]) => viewOf(rule, key, state as Alert)))
    .sort((a, b) => (a.since < b.since ? -1 : a.since > b.since ? 1 : 0));
}

/** Number of alerts that fire, and number of acknowledged ones among them. */
export function alertCounts(ruleset: Ruleset, memory: Memory): { firing: number; acknowledged: number } {
  const counts = { firing: 0, acknowledged: 0 };
  for (const rule of ruleset.rules) {
    if (rule.alert === undefined) continue;
    for (const [, state] of memory.each(rule.name, 'alert')) {
      counts.firing += 1;
      if ((state as Alert).acknowledged !== undefined) counts.acknowledged += 1;
    }
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
    since: text(state.since),
    last: text(state.last),
    count: state.count,
    event: state.event.id,
    told: [...new Set(state.told.map(({ channel }) => channel))],
    ...(acknowledged !== undefined && { acknowledged_at: text(acknowledged.at) }),
    ...(acknowledged?.by !== undefined && { acknowledged_by: acknowledged.by }),
    escalated: state.escalated,
    ...(next !== undefined && { next_at: text(next) }),
  };
}

const text = (ms: number): string => new Date(ms).toISOString();

export interface Acknowledgement {
  readonly key: string;
  /** Limits it to one rule; otherwise every rule that fires for the key. */
  readonly rule?: string;
  /** Name of the person. */
  readonly by?: string;
}

export interface Acknowledged extends Decision {
  readonly acknowledged: readonly { readonly rule: string; readonly key: string }[];
}

/** Acknowledges alerts, which ends their repeats and escalations. An alert that nothing resolves ends with this. */
export function acknowledge({ key, rule: only, by }: Acknowledgement, context: DecideContext): Acknowledged {
  const pipeline = new Pipeline(context);
  const found: { rule: string; key: string }[] = [];
  for (const rule of context.ruleset.rules) {
    if ((only !== undefined && rule.name !== only) || rule.alert === undefined) continue;
    const place = pipeline.contextOf(rule, key);
    const firing = stateOf<Alert>('alert', place);
    if (firing === undefined) continue;
    found.push({ rule: rule.name, key });
    const acknowledged = firing.acknowledged ?? { at: context.now, ...(by !== undefined && { by }) };
    if (rule.alert.resolve === undefined) dropAll(pipeline, place);
    else pipeline.write(place, 'alert', [rowOf({ ...firing, acknowledged }, rule)]);
  }
  return { ...pipeline.decision([]), acknowledged: found };
}
