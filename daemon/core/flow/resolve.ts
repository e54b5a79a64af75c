import type { Event } from '../event/event.ts';
import type { CompiledRule, NotifyTarget, Ruleset, Template } from '../ruleset.ts';
import type { RuleResult } from './decision.ts';
import { type NotifiedTarget, targetsOf } from './deliveries.ts';
import type { Pipeline } from './pipeline.ts';
import { groupOf, type RuleKey, stateOf, type StepContext } from './step.ts';
import { type Alert, alert } from './steps/alert.ts';
import { maySendAt } from './steps/hours.ts';
import { STEPS } from './steps/index.ts';

/** Cause of the end of an alert: an event, or a time or person, which the reason names. */
export type AlertEnd = { readonly event: Event } | { readonly reason: string };

/**
 * Ends an alert, by an event, after a time or by a person: drops its waiting events, and notifies the targets that were notified of the alert.
 * Returns undefined when no alert fires or waits to fire.
 */
export function resolve(pipeline: Pipeline, rule: CompiledRule, key: string, end: AlertEnd): RuleResult | undefined {
  const context = pipeline.contextOf(rule, key);
  const firing = stateOf<Alert>('alert', context);
  if (firing === undefined && !isWaitingToFire(context)) return undefined;
  dropAll(pipeline, context);
  const common = { rule: rule.name, key, outcome: 'resolved' as const };
  if (firing === undefined) return { ...common, reason: 'it was over before it fired' };
  const errors = notifyResolved(pipeline, context, firing, 'event' in end ? end.event : undefined);
  return {
    ...common,
    ...('reason' in end && { reason: end.reason }),
    ...(errors.length > 0 && { errors }),
  };
}

/** Drops the alert of a rule and key, and all waiting events in the steps. */
export function dropAll(pipeline: Pipeline, ruleKey: RuleKey): void {
  for (const step of STEPS) pipeline.write(ruleKey, step.name, step.forget?.(ruleKey) ?? []);
}

/** Whether events wait in a step before the alert. */
function isWaitingToFire(context: StepContext): boolean {
  const before = STEPS.findIndex(({ name }) => name === alert.name);
  return STEPS.slice(0, before).some((step) => (step.forget?.(context) ?? []).length > 0);
}

/** Notifies of the end. Messages about the alert that have not been sent yet are cancelled, and their targets are not notified. */
function notifyResolved(
  pipeline: Pipeline,
  context: StepContext,
  firing: Alert,
  by: Event | undefined,
): readonly string[] {
  const { rule, key, ruleset, now } = context;
  const { told: notified } = firing;
  pipeline.cancel(notified.filter(({ dueAt }) => dueAt > now).map(({ delivery }) => delivery));
  if (rule.alert?.notifyResolved !== true) return [];
  const sent = notified.filter(({ dueAt }) => dueAt <= now);
  const { targets, missing } = presentTargets(rule, ruleset, sent);
  const fired = { event: firing.event, events: [firing.event], count: firing.count };
  const group = by === undefined ? fired : { ...groupOf(by), events: [firing.event, by], count: firing.count };
  const { errors } = pipeline.notify({
    rule,
    key,
    group,
    status: 'resolved',
    targets,
    resolvedAfter: now - firing.since,
    fallback: fired,
    from: maySendAt(rule, ruleset, now),
  });
  return [
    ...missing.map((channel) => `the channel ${channel} does not exist any more and is not notified of the end`),
    ...errors,
  ];
}

/** Targets for each notified channel and recipient, with the message that the rule has for the channel now. */
function presentTargets(
  rule: CompiledRule,
  { channels }: Ruleset,
  notified: readonly NotifiedTarget[],
): { readonly targets: readonly NotifyTarget[]; readonly missing: readonly string[] } {
  const once = [
    ...new Map(notified.map(({ channel, to }) => [JSON.stringify([channel, to]), { channel, to }])).values(),
  ];
  const known = targetsOf(rule);
  const targets = once
    .filter(({ channel }) => channels.has(channel))
    .map(({ channel, to }): NotifyTarget => {
      const message = known.find((target) => target.channel === channel)?.message;
      const recipients = to === undefined ? {} : { to: to.map(literally) };
      return { channel, delay: 0, templates: { ...rule.message, ...message, ...recipients } };
    });
  return { targets, missing: once.map(({ channel }) => channel).filter((channel) => !channels.has(channel)) };
}

function literally(text: string): Template {
  return { source: text, render: () => ({ text }) };
}
