import type { CompiledRule } from '../ruleset.ts';
import type { StateKey } from './memory.ts';
import type { RuleOutcome } from './outcomes.ts';
import { settingsOf, type Step, type StepContext } from './step.ts';
import { STEPS } from './steps/index.ts';

/** A group of events that waits in a step for one rule and key. */
export interface WaitingGroup {
  readonly rule: string;
  readonly key: string;
  readonly events: number;
  /** End of the wait, milliseconds since the epoch; undefined if it is not known. */
  readonly until?: number;
}

export interface WaitingInStep {
  readonly step: string;
  readonly count: number;
  /** The groups whose wait ends first. */
  readonly first: readonly WaitingGroup[];
}

/** Wake time of a state, milliseconds since the epoch. */
export type WakeOf = (stateKey: StateKey) => number | undefined;

type WaitingContext = Pick<StepContext, 'ruleset' | 'memory' | 'now'>;

/** Groups that are compared by the end of their wait, because this takes time; with more, those that are named may not be the first. */
const MAX_COMPARED = 1000;

/** Groups that wait in each step that keeps events; at most `max` are named. */
export function waitingGroups(context: WaitingContext, wakeOf: WakeOf, max: number): readonly WaitingInStep[] {
  return STEPS.flatMap((step) => {
    if (step.isWaiting === undefined) return [];
    const groups: WaitingGroup[] = [];
    let count = 0;
    for (const rule of context.ruleset.rules) {
      for (const [key, state] of context.memory.each(rule.name, step.name)) {
        if (!step.isWaiting(state)) continue;
        count += 1;
        const group = groups.length < MAX_COMPARED ? groupOf(step, rule, key, context) : undefined;
        if (group !== undefined) groups.push(withEnd(group, step, wakeOf));
      }
    }
    const byEnd = groups.sort((a, b) => endOf(a) - endOf(b));
    return [{ step: step.name, count, first: byEnd.slice(0, max) }];
  });
}

/** Number of groups that wait in any step of a rule. */
export function waitingCount({ name }: Pick<CompiledRule, 'name'>, memory: StepContext['memory']): number {
  let count = 0;
  for (const step of STEPS) {
    if (step.isWaiting === undefined) continue;
    for (const [, state] of memory.each(name, step.name)) if (step.isWaiting(state)) count += 1;
  }
  return count;
}

/** The group that waits with this outcome for a rule and key; undefined when none does. */
export function waitingGroup(
  { rule: name, key, outcome }: { readonly rule: string; readonly key: string; readonly outcome: RuleOutcome },
  context: WaitingContext,
  wakeOf: WakeOf,
): { readonly step: string; readonly group: WaitingGroup } | undefined {
  const rule = context.ruleset.byName.get(name);
  const step = STEPS.find(({ outcomes }) => (outcomes as Readonly<Record<string, string>>)[outcome] === 'waiting');
  const group = rule === undefined || step === undefined ? undefined : groupOf(step, rule, key, context);
  return group === undefined ? undefined : { step: step!.name, group: withEnd(group, step!, wakeOf) };
}

function groupOf(step: Step, rule: CompiledRule, key: string, context: WaitingContext): WaitingGroup | undefined {
  const waits = step.waits?.(settingsOf(step, rule), { ...context, rule, key });
  return waits === undefined ? undefined : { rule: rule.name, key, ...waits };
}

function withEnd(group: WaitingGroup, { name }: Pick<Step, 'name'>, wakeOf: WakeOf): WaitingGroup {
  const until = group.until ?? wakeOf({ rule: group.rule, key: group.key, step: name });
  return { ...group, ...(until !== undefined && { until }) };
}

/** Groups without a known end are last; a difference of infinities would be no number. */
function endOf({ until }: WaitingGroup): number {
  return until ?? Number.MAX_SAFE_INTEGER;
}
