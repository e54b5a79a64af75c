import type { Event } from '../../event/event.ts';
import { type NotifiedTarget, rescheduledTargets } from '../notified-targets.ts';
import type { CompiledRule } from '../../ruleset.ts';
import { defineStep, FOREVER, remembered, type Row, type Signal, type StepContext } from '../step.ts';

/** What fires, from the signal that made it fire until it is resolved. Times are milliseconds since the epoch. */
export interface Alert {
  readonly since: number;
  /** The latest match. */
  readonly last: number;
  readonly count: number;
  readonly event: Event;
  /** Who was told that it fires, once each; empty while every message about it was held back. */
  readonly told: readonly NotifiedTarget[];
  readonly acknowledged?: { readonly at: number; readonly by?: string };
  /** How many steps of `escalate` are done with. */
  readonly escalated: number;
  /** The repeats count from here. */
  readonly repeatFrom: number;
  /** An escalation that was held back is tried again then. */
  readonly tryAgain?: number;
}

/** Whether a rule has anything that ends, repeats or escalates: then what it fires is an alert. */
export function makesAlerts(rule: CompiledRule): boolean {
  return rule.resolve !== undefined || rule.repeat !== undefined || rule.escalate.length > 0;
}

export function alertOf(context: StepContext): Alert | undefined {
  return makesAlerts(context.rule) ? remembered<Alert>('alert', context) : undefined;
}

/** What fires already is not told again by another match; what fires but was held back from everybody is. */
export const alert = defineStep<true>({
  name: 'alert',
  settings: (rule) => (makesAlerts(rule) ? true : undefined),
  run(_, signal, context) {
    const before = remembered<Alert>('alert', context);
    const present = matchedAgain(before, signal, context.now);
    const rows = [rowOf(present, context.rule)];
    if (before === undefined || before.told.length === 0) return { kind: 'pass', rows };
    return {
      kind: 'stop',
      outcome: 'deduplicated',
      reason: `it fires already, since ${new Date(before.since).toISOString()}`,
      rows,
    };
  },
  retimed: (_, state, { rule, now }) => {
    const before = state as Alert;
    const told = rescheduledTargets(rule, before.told, now);
    return [rowOf(told === before.told ? before : { ...before, told }, rule)];
  },
});

function matchedAgain(before: Alert | undefined, { event, count }: Signal, now: number): Alert {
  if (before === undefined) return { since: now, last: now, count, event, told: [], escalated: 0, repeatFrom: now };
  return { ...before, last: now, count: before.count + count, event };
}

export function rowOf(state: Alert, rule: CompiledRule): Row {
  const wake = nextWake(state, rule);
  return { value: state, expires: FOREVER, ...(wake !== undefined && { wake }) };
}

/** When something about an alert is due by the rule's present words: its end, an escalation, a repeat. */
export function nextWake(state: Alert, rule: CompiledRule): number | undefined {
  const { resolve, repeat, escalate } = rule;
  const end = resolve?.after === undefined ? undefined : state.last + resolve.after;
  if (state.acknowledged !== undefined) return end;
  const step = escalate[state.escalated];
  const escalation = step === undefined ? undefined : Math.max(state.since + step.after, state.tryAgain ?? 0);
  const again = repeat === undefined ? undefined : state.repeatFrom + repeat;
  const times = [end, escalation, again].filter((time) => time !== undefined);
  return times.length === 0 ? undefined : Math.min(...times);
}
