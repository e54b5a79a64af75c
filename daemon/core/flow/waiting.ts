import type { StateKey } from './memory.ts';
import { settingsOf, type StepContext } from './step.ts';
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

/** Groups that are compared by the end of their wait; with more, those that are named may not be the first. */
const MAX_COMPARED = 1000;

/** Groups that wait in each step that keeps events. `wakeOf` gives the wake time of a state; at most `max` groups are named. */
export function waitingGroups(
  context: Pick<StepContext, 'ruleset' | 'memory' | 'now'>,
  wakeOf: (stateKey: StateKey) => number | undefined,
  max: number,
): readonly WaitingInStep[] {
  const { ruleset, memory } = context;
  return STEPS.flatMap((step) => {
    if (step.waits === undefined) return [];
    const groups: WaitingGroup[] = [];
    let count = 0;
    for (const rule of ruleset.rules) {
      const settings = settingsOf(step, rule);
      for (const [key] of memory.each(rule.name, step.name)) {
        const waits = step.waits(settings, { ...context, rule, key });
        if (waits === undefined) continue;
        count += 1;
        if (groups.length === MAX_COMPARED) continue;
        const until = waits.until ?? wakeOf({ rule: rule.name, key, step: step.name });
        groups.push({ rule: rule.name, key, events: waits.events, ...(until !== undefined && { until }) });
      }
    }
    const byEnd = groups.sort((a, b) => endOf(a) - endOf(b));
    return [{ step: step.name, count, first: byEnd.slice(0, max) }];
  });
}

/** Groups without a known end are last; a difference of infinities would be no number. */
function endOf({ until }: WaitingGroup): number {
  return until ?? Number.MAX_SAFE_INTEGER;
}
