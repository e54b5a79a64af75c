import type { Decision, RuleResult, StatePlace } from './decision.ts';
import type { Event } from '../event/event.ts';
import type { CompiledRule } from '../ruleset.ts';
import { type Alert, makesAlerts, nextWake, rowOf } from './steps/alert.ts';
import { Course, type DecideContext, QUIETING, STEPS } from './pipeline.ts';
import { end, resolve } from './steps/resolve.ts';
import { FOREVER, forget, remembered, type StepContext } from './step.ts';

/** What was held back is tried again after this, when nobody can say until when it will be; milliseconds. */
const TRY_AGAIN = 60_000;

/** What comes of a state whose time has come. A place that has nothing to do any more is left without a wake. */
export function decideWake({ rule: name, key, step }: StatePlace, context: DecideContext): Decision {
  const course = new Course(context);
  const rule = context.ruleset.byName.get(name);
  if (rule === undefined || !rule.enabled) dismiss(course, { rule: { name }, key, memory: context.memory }, rule);
  else if (step === 'alert') wakeAlert(course, rule, key);
  else wakeStep(course, rule, key, step);
  return withoutWake(course.end([]), { rule: name, key, step }, context);
}

/** What has nothing to do must not be woken for ever. */
function withoutWake(decision: Decision, place: StatePlace, { memory }: DecideContext): Decision {
  const { rule, key, step } = place;
  if (decision.states.some((change) => change.rule === rule && change.key === key && change.step === step))
    return decision;
  const value = memory.read(rule, key, step);
  return { ...decision, states: [...decision.states, { ...place, value: value ?? null, expires: FOREVER }] };
}

/** The rule is gone or disabled: what waits with it is dropped, and the last event of it says so. */
function dismiss(
  course: Course,
  place: Pick<StepContext, 'key' | 'memory'> & { readonly rule: { readonly name: string } },
  rule: CompiledRule | undefined,
): void {
  const { key, memory } = place;
  const { name } = place.rule;
  const states = ['for', 'alert'].map((step) => memory.read(name, key, step) as { event?: Event } | undefined);
  const parts = ['hours', 'digest'].flatMap((step) => lastPart(place, step));
  end(course, place);
  const result: RuleResult =
    rule === undefined
      ? { rule: name, key, outcome: 'error', errors: ['the rule is gone, and what waited with it was dropped'] }
      : { rule: name, key, outcome: 'disabled', reason: 'the rule was disabled while this waited' };
  const events = [...states.flatMap((state) => state?.event ?? []), ...parts];
  for (const event of new Map(events.map((event) => [event.id, event])).values()) course.became(event, result);
}

/** The latest event that a step with rows of its own holds. */
function lastPart(place: Parameters<typeof dismiss>[1], step: string): Event[] {
  const state = remembered<{ next?: number; kept?: number }>(step, place);
  const last = (state?.next ?? state?.kept ?? 0) - 1;
  const row = remembered<Event | { event: Event }>(`${step}/${last}`, place);
  if (row === undefined) return [];
  return ['event' in row && step === 'hours' ? (row.event as Event) : (row as Event)];
}

function wakeStep(course: Course, rule: CompiledRule, key: string, name: string): void {
  const index = STEPS.findIndex((step) => step.name === name);
  const step = STEPS[index];
  if (step?.wake === undefined) {
    course.write(rule, key, name, [forget()]);
    return;
  }
  const { rows, signals, ended } = step.wake(step.settings(rule), course.at(rule, key));
  course.write(rule, key, name, rows);
  if (ended !== undefined)
    course.became(ended.event, { rule: rule.name, key, outcome: 'resolved', reason: ended.reason });
  for (const signal of signals) course.became(signal.event, course.go(rule, key, signal, index + 1));
}

/** An alert ends by itself, escalates, or is told again. */
function wakeAlert(course: Course, rule: CompiledRule, key: string): void {
  const context = course.at(rule, key);
  const firing = remembered<Alert>('alert', context);
  if (firing === undefined) return;
  if (!makesAlerts(rule)) return end(course, context);
  const { after } = rule.resolve ?? {};
  if (after !== undefined && firing.last + after <= context.now) {
    const result = resolve(course, rule, key);
    if (result !== undefined) course.became(firing.event, result);
    return;
  }
  if (firing.acknowledged === undefined) {
    escalate(course, context);
    repeat(course, context);
  }
  const state = remembered<Alert>('alert', context)!;
  const wake = nextWake(state, rule);
  course.write(rule, key, 'alert', [{ value: state, expires: FOREVER, ...(wake !== undefined && { wake }) }]);
}

/** Every step that is due; after a long stop of the daemon that may be several. */
function escalate(course: Course, context: StepContext): void {
  const { rule, key, now } = context;
  for (;;) {
    const state = remembered<Alert>('alert', context)!;
    const step = rule.escalate[state.escalated];
    if (step === undefined || Math.max(state.since + step.after, state.tryAgain ?? 0) > now) return;
    const quiet = quietness(context, state.event);
    if (quiet !== undefined) {
      course.write(rule, key, 'alert', [rowOf({ ...state, tryAgain: quiet.until }, rule)]);
      // Once is enough to say, however often it is tried.
      if (state.tryAgain === undefined) course.became(state.event, quiet.result);
      return;
    }
    const { tryAgain: _, ...rest } = state;
    course.write(rule, key, 'alert', [rowOf({ ...rest, escalated: state.escalated + 1 }, rule)]);
    retell(course, context, `escalation ${state.escalated + 1}`, step);
  }
}

function repeat(course: Course, context: StepContext): void {
  const { rule, key, now } = context;
  const state = remembered<Alert>('alert', context)!;
  if (rule.repeat === undefined || state.repeatFrom + rule.repeat > now) return;
  // In step with the first one; repeats that a stopped daemon missed are one.
  const passed = Math.floor((now - state.repeatFrom) / rule.repeat);
  course.write(rule, key, 'alert', [rowOf({ ...state, repeatFrom: state.repeatFrom + passed * rule.repeat }, rule)]);
  const quiet = quietness(context, state.event);
  if (quiet !== undefined) course.became(state.event, quiet.result);
  else retell(course, context, 'repeat', { notify: rule.notify });
}

function retell(
  course: Course,
  context: StepContext,
  reason: string,
  { notify, message }: Pick<CompiledRule['escalate'][number], 'notify' | 'message'>,
): void {
  const { rule, key } = context;
  const { event, count } = remembered<Alert>('alert', context)!;
  const signal = { event, events: [event], count };
  const { errors } = course.tell({
    rule,
    key,
    signal,
    status: 'firing',
    targets: notify,
    ...(message !== undefined && { message }),
  });
  course.became(event, { rule: rule.name, key, outcome: 'notified', reason, ...(errors.length > 0 && { errors }) });
}

/** Why nobody may be told now, and when to ask again; undefined when somebody may. */
function quietness(
  context: StepContext,
  event: Event,
): { readonly result: RuleResult; readonly until: number } | undefined {
  const { rule, key, now } = context;
  for (const step of QUIETING) {
    const settings = step.settings(rule);
    if (settings === undefined) continue;
    const verdict = step.run(settings, { event, events: [event], count: 1 }, context);
    if (verdict.kind === 'pass') continue;
    const { reason, until } = verdict;
    const outcome = verdict.outcome === 'held' ? 'outside_hours' : verdict.outcome;
    return {
      result: {
        rule: rule.name,
        key,
        outcome,
        reason,
        ...(until !== undefined && { until: new Date(until).toISOString() }),
      },
      until: Math.max(now + 1, until ?? now + TRY_AGAIN),
    };
  }
  return undefined;
}
