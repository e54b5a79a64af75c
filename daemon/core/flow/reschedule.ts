import type { Decision, StatePlace } from './decision.ts';
import type { CompiledRule } from '../ruleset.ts';
import { makesAlerts } from './steps/alert.ts';
import { Course, type DecideContext, STEPS } from './pipeline.ts';
import { end } from './steps/resolve.ts';
import { FOREVER, type Row, type Step } from './step.ts';

export interface Retimed extends Decision {
  /** What an edit did to what waits, for the log: `disk-full: 3 waiting in \`for\` go on by the new times`. */
  readonly notes: readonly string[];
}

/** The times of a state as it is remembered: until when it means anything, and when it is due. */
export type TimesOf = (place: StatePlace) => { readonly expires: number; readonly wake?: number } | undefined;

/**
 * The rules were edited: what waits is due by their present words from now on, and what was over already counts; a window that is
 * open is as long as they say, counted from when it began. A step that a rule does not have any more lets go of what it held.
 */
export function retime(rules: Iterable<CompiledRule>, context: DecideContext, timesOf: TimesOf): Retimed {
  const course = new Course(context);
  const notes: string[] = [];
  for (const rule of rules) {
    for (const step of STEPS) {
      if (step.retimed === undefined) continue;
      const moved = retimeStep(course, rule, step, context, timesOf);
      if (moved > 0) notes.push(noteOf(rule, step, moved));
    }
  }
  return { ...course.end([]), notes };
}

/** How long a rule may be gone before what fires by it is forgotten, milliseconds: it may only be on its way to another file. */
const GONE_FOR_GOOD = 24 * 3_600_000;

/** Rules are gone: what is kept with them without a time is woken once they are gone for good. */
export function abandon(names: Iterable<string>, context: DecideContext, timesOf: TimesOf): Decision {
  const course = new Course(context);
  for (const name of names) {
    for (const step of STEPS) {
      for (const [key, value] of context.memory.each(name, step.name)) {
        const times = timesOf({ rule: name, key, step: step.name });
        if (times === undefined || times.wake !== undefined || times.expires < FOREVER) continue;
        course.write({ name }, key, step.name, [{ value, expires: FOREVER, wake: context.now + GONE_FOR_GOOD }]);
      }
    }
  }
  return course.end([]);
}

/** How many keys have something at another time than before. */
function retimeStep(
  course: Course,
  rule: CompiledRule,
  step: Step<unknown>,
  { memory, now }: DecideContext,
  timesOf: TimesOf,
): number {
  let moved = 0;
  const settings = step.settings(rule);
  for (const [key, value] of memory.each(rule.name, step.name)) {
    const place = course.at(rule, key);
    if (step.name === 'alert' && settings === undefined) {
      end(course, place);
      moved += 1;
      continue;
    }
    const rows = step.retimed!(settings, value, place).filter((row) => {
      const name = row.part === undefined ? step.name : `${step.name}/${row.part}`;
      const isChanged = row.part === undefined && row.value !== value;
      return isChanged || isMoved(row, timesOf({ rule: rule.name, key, step: name }), now);
    });
    if (rows.length === 0) continue;
    moved += 1;
    course.write(rule, key, step.name, rows);
  }
  return moved;
}

/** Leaves out rows that were over before and stay over. */
function isMoved({ expires, wake }: Row, before: ReturnType<TimesOf>, now: number): boolean {
  if (before === undefined || (expires <= now && before.expires <= now)) return false;
  return expires !== before.expires || wake !== before.wake;
}

function noteOf(rule: CompiledRule, step: Step<unknown>, moved: number): string {
  const waiting = `${rule.name}: ${moved} in \`${step.name}\``;
  if (step.name === 'alert' && !makesAlerts(rule))
    return `${waiting} forgotten, because nothing resolves, repeats or escalates them any more`;
  return step.settings(rule) === undefined
    ? `${waiting} go on now, because the rule has it no more`
    : `${waiting} go on by the new times`;
}
