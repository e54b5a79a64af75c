import type { CompiledRule } from '../ruleset.ts';
import type { Decision } from './decision.ts';
import { FOREVER, type StateKey } from './memory.ts';
import { type DecideContext, Pipeline } from './pipeline.ts';
import { dropAll } from './resolve.ts';
import { type Row, settingsOf, type Step } from './step.ts';
import { alert } from './steps/alert.ts';
import { STEPS } from './steps/index.ts';

export interface Rescheduled extends Decision {
  /** Effects of an edit on waiting states, for the log: `disk-full: 3 in \`for\` go on by the new times`. */
  readonly notes: readonly string[];
}

/** Expiry and wake time of a stored row. */
export type TimesOf = (stateKey: StateKey) => { readonly expires: number; readonly wake?: number } | undefined;

/**
 * Applies edited rules to the stored states: waiting states become due by the new settings, counted from their beginning, or at
 * once if that time has passed. A step that is not in the rule any more lets its waiting events pass.
 */
export function reschedule(rules: Iterable<CompiledRule>, context: DecideContext, timesOf: TimesOf): Rescheduled {
  const pipeline = new Pipeline(context);
  const notes: string[] = [];
  for (const rule of rules) {
    for (const step of STEPS) {
      const moved = rescheduleStep(pipeline, rule, step, context, timesOf);
      if (moved > 0) notes.push(noteOf(rule, step, moved));
    }
  }
  return { ...pipeline.decision([]), notes };
}

/** Time after which the alerts of a removed rule are dropped. Until then the rule may come back, for example in another file. */
const REMOVED_KEPT_MS = 24 * 3_600_000;

/** Sets the wake time at which the states of removed rules are dropped, for states without a wake time. */
export function abandon(names: Iterable<string>, context: DecideContext, timesOf: TimesOf): Decision {
  const pipeline = new Pipeline(context);
  for (const name of names) {
    for (const step of STEPS) {
      for (const [key, value] of context.memory.each(name, step.name)) {
        const times = timesOf({ rule: name, key, step: step.name });
        if (times === undefined || times.wake !== undefined || times.expires < FOREVER) continue;
        const row = { value, expires: FOREVER, wake: context.now + REMOVED_KEPT_MS };
        pipeline.write({ rule: { name }, key }, step.name, [row]);
      }
    }
  }
  return pipeline.decision([]);
}

/** Returns the number of keys whose times have changed. */
function rescheduleStep(
  pipeline: Pipeline,
  rule: CompiledRule,
  step: Step,
  { memory, now }: DecideContext,
  timesOf: TimesOf,
): number {
  if (step.reschedule === undefined) return 0;
  let moved = 0;
  const settings = settingsOf(step, rule);
  for (const [key, value] of memory.each(rule.name, step.name)) {
    const context = pipeline.contextOf(rule, key);
    if (step.name === alert.name && settings === undefined) {
      dropAll(pipeline, context);
      moved += 1;
      continue;
    }
    const rows = step.reschedule(settings, value, context).filter((row) => {
      const name = row.part === undefined ? step.name : `${step.name}/${row.part}`;
      const isChanged = row.part === undefined && row.value !== value;
      return isChanged || isMoved(row, timesOf({ rule: rule.name, key, step: name }), now);
    });
    if (rows.length === 0) continue;
    moved += 1;
    pipeline.write(context, step.name, rows);
  }
  return moved;
}

/** False for rows that had expired before and stay expired. */
function isMoved({ expires, wake }: Row, before: ReturnType<TimesOf>, now: number): boolean {
  if (before === undefined || (expires <= now && before.expires <= now)) return false;
  return expires !== before.expires || wake !== before.wake;
}

function noteOf(rule: CompiledRule, step: Step, moved: number): string {
  const waiting = `${rule.name}: ${moved} in \`${step.name}\``;
  if (settingsOf(step, rule) !== undefined) return `${waiting} go on by the new times`;
  return step.name === alert.name
    ? `${waiting} dropped, because nothing resolves, repeats or escalates them any more`
    : `${waiting} go on now, because the rule does not have it any more`;
}
