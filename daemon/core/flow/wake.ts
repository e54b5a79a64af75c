import type { Event } from '../event/event.ts';
import type { CompiledRule } from '../ruleset.ts';
import type { Decision, RuleOutcome, RuleResult } from './decision.ts';
import { FOREVER, type StateKey } from './memory.ts';
import { type DecideContext, Pipeline } from './pipeline.ts';
import { dropAll, resolve } from './resolve.ts';
import { deletion, groupOf, type RuleKey, settingsOf, stateOf, type StepContext } from './step.ts';
import { type Alert, nextWake, rowOf } from './steps/alert.ts';
import { STEPS } from './steps/index.ts';

/** Wait before a prevented escalation is tried again, if the end of its cause is unknown. */
const TRY_AGAIN_MS = 60_000;

/** Decision about a state whose wake time has come. */
export function decideWake({ rule: name, key, step }: StateKey, context: DecideContext): Decision {
  const pipeline = new Pipeline(context);
  const rule = context.ruleset.byName.get(name);
  if (rule === undefined || !rule.enabled) dismiss(pipeline, { rule: { name }, key, memory: context.memory }, rule);
  else if (step === 'alert') wakeAlert(pipeline, rule, key);
  else wakeStep(pipeline, rule, key, step);
  return withoutWake(pipeline.decision([]), { rule: name, key, step }, context);
}

/** Clears the wake time of a state that the decision did not change; otherwise it would be woken again and again. */
function withoutWake(decision: Decision, stateKey: StateKey, { memory }: DecideContext): Decision {
  const { rule, key, step } = stateKey;
  if (decision.states.some((change) => change.rule === rule && change.key === key && change.step === step))
    return decision;
  const value = memory.read(rule, key, step);
  return { ...decision, states: [...decision.states, { ...stateKey, value: value ?? null, expires: FOREVER }] };
}

/** Drops the waiting events of a rule that was removed or disabled, and records this for the last event of each step. */
function dismiss(pipeline: Pipeline, ruleKey: RuleKey, rule: CompiledRule | undefined): void {
  const { key } = ruleKey;
  const { name } = ruleKey.rule;
  const events = STEPS.flatMap((step) => step.lastEvent?.(ruleKey) ?? []);
  dropAll(pipeline, ruleKey);
  const result: RuleResult =
    rule === undefined
      ? {
          rule: name,
          key,
          outcome: 'error',
          errors: ['the rule was removed, and the events that waited in it were dropped'],
        }
      : { rule: name, key, outcome: 'disabled', reason: 'the rule was disabled while this waited' };
  for (const event of new Map(events.map((one) => [one.id, one])).values()) pipeline.recordLater(event, result);
}

function wakeStep(pipeline: Pipeline, rule: CompiledRule, key: string, name: string): void {
  const context = pipeline.contextOf(rule, key);
  const index = STEPS.findIndex((step) => step.name === name);
  const step = STEPS[index];
  if (step?.wake === undefined) return pipeline.write(context, name, [deletion()]);
  const { rows, groups, ended } = step.wake(settingsOf(step, rule), context);
  pipeline.write(context, name, rows);
  if (ended !== undefined)
    pipeline.recordLater(ended.event, { rule: rule.name, key, outcome: 'resolved', reason: ended.reason });
  for (const group of groups) pipeline.recordLater(group.event, pipeline.run(rule, key, group, index + 1));
}

/** Ends, escalates or repeats an alert. */
function wakeAlert(pipeline: Pipeline, rule: CompiledRule, key: string): void {
  const context = pipeline.contextOf(rule, key);
  const firing = stateOf<Alert>('alert', context);
  if (firing === undefined) return;
  if (rule.alert === undefined) return dropAll(pipeline, context);
  const { after } = rule.alert.resolve ?? {};
  if (after !== undefined && firing.last + after <= context.now) {
    const result = resolve(pipeline, rule, key, { reason: 'no match for long enough' });
    if (result !== undefined) pipeline.recordLater(firing.event, result);
    return;
  }
  if (firing.acknowledged === undefined) {
    escalate(pipeline, context);
    repeat(pipeline, context);
  }
  const state = stateOf<Alert>('alert', context)!;
  const wake = nextWake(state, rule);
  pipeline.write(context, 'alert', [{ value: state, expires: FOREVER, ...(wake !== undefined && { wake }) }]);
}

/** Runs every step of `escalate` that is due; after a long stop of the daemon that may be several. */
function escalate(pipeline: Pipeline, context: StepContext): void {
  const { rule, now } = context;
  for (;;) {
    const state = stateOf<Alert>('alert', context)!;
    const step = rule.alert!.escalate[state.escalated];
    if (step === undefined || Math.max(state.since + step.after, state.tryAgain ?? 0) > now) return;
    const muted = mutedBy(context, state.event);
    if (muted !== undefined) {
      pipeline.write(context, 'alert', [rowOf({ ...state, tryAgain: muted.until }, rule)]);
      // Recorded once, also if it is tried several times.
      if (state.tryAgain === undefined) pipeline.recordLater(state.event, muted.result);
      return;
    }
    const { tryAgain: _, ...rest } = state;
    pipeline.write(context, 'alert', [rowOf({ ...rest, escalated: state.escalated + 1 }, rule)]);
    notifyAgain(pipeline, context, `escalation ${state.escalated + 1}`, step.notify);
  }
}

function repeat(pipeline: Pipeline, context: StepContext): void {
  const { rule, now } = context;
  const state = stateOf<Alert>('alert', context)!;
  const every = rule.alert!.repeat;
  if (every === undefined || state.repeatFrom + every > now) return;
  // Keeps the phase of the first repeat. All repeats that a stopped daemon missed become one.
  const passed = Math.floor((now - state.repeatFrom) / every);
  pipeline.write(context, 'alert', [rowOf({ ...state, repeatFrom: state.repeatFrom + passed * every }, rule)]);
  const muted = mutedBy(context, state.event);
  if (muted !== undefined) pipeline.recordLater(state.event, muted.result);
  else notifyAgain(pipeline, context, 'repeat', rule.notify);
}

function notifyAgain(pipeline: Pipeline, context: StepContext, reason: string, targets: CompiledRule['notify']): void {
  const { rule, key } = context;
  const { event, count } = stateOf<Alert>('alert', context)!;
  const group = { event, events: [event], count };
  const { errors } = pipeline.notify({ rule, key, group, status: 'firing', targets });
  const result: RuleResult = { rule: rule.name, key, outcome: 'notified', reason };
  pipeline.recordLater(event, { ...result, ...(errors.length > 0 && { errors }) });
}

/** Result of the step that mutes an alert now, and the time to try again; undefined when none does. */
function mutedBy(
  context: StepContext,
  event: Event,
): { readonly result: RuleResult; readonly until: number } | undefined {
  const { rule, key, now } = context;
  for (const { index, settings } of rule.steps) {
    const step = STEPS[index]!;
    if (step.mutesAlerts === undefined) continue;
    const stopped = step.run(settings, groupOf(event), context);
    if (stopped.kind === 'pass') continue;
    const { reason, until, silence } = stopped;
    return {
      result: {
        rule: rule.name,
        key,
        outcome: step.mutesAlerts as RuleOutcome,
        reason,
        ...(until !== undefined && { until: new Date(until).toISOString() }),
        ...(silence !== undefined && { silence }),
      },
      until: Math.max(now + 1, until ?? now + TRY_AGAIN_MS),
    };
  }
  return undefined;
}
