import type { Decision } from '../decision.ts';
import type { CompiledRule } from '../ruleset.ts';
import { makesAlerts } from './alert.ts';
import { Course, type DecideContext, STEPS } from './course.ts';
import { end } from './resolve.ts';
import { FOREVER, type Step } from './step.ts';

export interface Retimed extends Decision {
  /** What an edit did to what waits, for the log: `disk-full: 3 waiting in \`for\` go on by the new times`. */
  readonly notes: readonly string[];
}

/**
 * The rules were edited: what waits is due by their present words from now on, and what was over already counts. A step that a
 * rule does not have any more lets go of what it held. `wakeOf` says when a place is due at present.
 */
export function retime(
  rules: Iterable<CompiledRule>,
  context: DecideContext,
  wakeOf: (rule: string, key: string, step: string) => number | undefined,
): Retimed {
  const course = new Course(context);
  const notes: string[] = [];
  for (const rule of rules) {
    for (const step of STEPS) {
      if (step.due === undefined) continue;
      const moved = retimeStep(course, rule, step, context, wakeOf);
      if (moved > 0) notes.push(noteOf(rule, step, moved));
    }
  }
  return { ...course.end([]), notes };
}

/** How long a rule may be gone before what fires by it is forgotten, milliseconds: it may only be on its way to another file. */
const GONE_FOR_GOOD = 24 * 3_600_000;

/** Rules are gone: what waits with them without a time is woken once they are gone for good. */
export function abandon(
  names: Iterable<string>,
  context: DecideContext,
  wakeOf: Parameters<typeof retime>[2],
): Decision {
  const course = new Course(context);
  for (const name of names) {
    for (const step of STEPS) {
      if (step.due === undefined) continue;
      for (const [key, value] of context.memory.each(name, step.name)) {
        if (wakeOf(name, key, step.name) !== undefined) continue;
        course.write({ name }, key, step.name, [{ value, expires: FOREVER, wake: context.now + GONE_FOR_GOOD }]);
      }
    }
  }
  return course.end([]);
}

function retimeStep(
  course: Course,
  rule: CompiledRule,
  step: Step<unknown>,
  { memory }: DecideContext,
  wakeOf: Parameters<typeof retime>[2],
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
    const due = step.due!(settings, value, place);
    if (due === wakeOf(rule.name, key, step.name)) continue;
    moved += 1;
    course.write(rule, key, step.name, [{ value, expires: FOREVER, ...(due !== undefined && { wake: due }) }]);
  }
  return moved;
}

function noteOf(rule: CompiledRule, step: Step<unknown>, moved: number): string {
  const waiting = `${rule.name}: ${moved} in \`${step.name}\``;
  if (step.name === 'alert' && !makesAlerts(rule))
    return `${waiting} forgotten, because nothing resolves, repeats or escalates them any more`;
  return step.settings(rule) === undefined
    ? `${waiting} go on now, because the rule has it no more`
    : `${waiting} go on by the new times`;
}
