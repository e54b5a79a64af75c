import type { Decision, Memory } from '../flow/decision.ts';
import { type Alert, nextWake, rowOf } from '../flow/steps/alert.ts';
import { type DecideContext, Pipeline } from '../flow/pipeline.ts';
import { dropAll } from '../flow/resolve.ts';
import { stateOf } from '../flow/step.ts';
import type { CompiledRule, Ruleset } from '../ruleset.ts';

/** An alert as people see it; times are RFC 3339. */
export interface AlertView {
  readonly rule: string;
  readonly key: string;
  readonly state: 'firing' | 'acknowledged';
  readonly since: string;
  /** The latest match. */
  readonly last: string;
  readonly count: number;
  /** The id of the event that matched last. */
  readonly event: string;
  /** The channels that know. */
  readonly told: readonly string[];
  readonly acknowledged_at?: string;
  readonly acknowledged_by?: string;
  /** Steps of `escalate` that are done. */
  readonly escalated: number;
  /** When it ends by itself, escalates or is told again. */
  readonly next_at?: string;
}

/** Everything that fires, the oldest first. */
export function alerts(ruleset: Ruleset, memory: Memory): readonly AlertView[] {
  return ruleset.rules
    .filter(({ alert }) => alert !== undefined)
    .flatMap((rule) => [...memory.each(rule.name, 'alert')].map(([key, state]) => viewOf(rule, key, state as Alert)))
    .sort((a, b) => (a.since < b.since ? -1 : a.since > b.since ? 1 : 0));
}

/** How many fire, and how many of them somebody has acknowledged. */
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
  /** Of this rule only; of every rule that fires for the key if there is none. */
  readonly rule?: string;
  /** Who says so. */
  readonly by?: string;
}

export interface Acknowledged extends Decision {
  readonly acknowledged: readonly { readonly rule: string; readonly key: string }[];
}

/** Somebody has seen it: it is neither repeated nor escalated any more until it is resolved. What nothing resolves ends with this. */
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
