import type { RuleResult } from '../decision.ts';
import type { Event } from '../../event/event.ts';
import type { CompiledRule, NotifyTarget, Ruleset, Template } from '../../ruleset.ts';
import type { NotifiedTarget } from '../notified-targets.ts';
import type { Alert } from './alert.ts';
import type { Course } from '../pipeline.ts';
import { forgetCollected } from './digest.ts';
import { forgetHeld, speaksAt } from './hours.ts';
import { forget, remembered, signalOf, type StepContext } from '../step.ts';
import { forgetCount } from './threshold.ts';

/** It is over: by an event, or by itself. What waited is forgotten, and who was told that it fires is told. Undefined when nothing was on. */
export function resolve(course: Course, rule: CompiledRule, key: string, by?: Event): RuleResult | undefined {
  const context = course.at(rule, key);
  const firing = remembered<Alert>('alert', context);
  const wasOn = firing !== undefined || ['for', 'threshold'].some((step) => remembered(step, context) !== undefined);
  if (!wasOn) return undefined;
  end(course, context);
  const common = { rule: rule.name, key, outcome: 'resolved' as const };
  if (firing === undefined) return { ...common, reason: 'it was over before it fired' };
  const errors = news(course, context, firing, by);
  return {
    ...common,
    ...(by === undefined && { reason: 'no match for long enough' }),
    ...(errors.length > 0 && { errors }),
  };
}

/** Forgets the alert and all that waits on its way to a message. */
export function end(course: Course, context: Pick<StepContext, 'key' | 'memory'> & { rule: { name: string } }): void {
  const { rule, key } = context;
  const forgotten = {
    for: remembered('for', context) === undefined ? [] : [forget()],
    threshold: forgetCount(context),
    alert: remembered('alert', context) === undefined ? [] : [forget()],
    hours: forgetHeld(context),
    digest: forgetCollected(context),
  };
  for (const [step, rows] of Object.entries(forgotten)) course.write(rule, key, step, rows);
}

/** Tells those who know that it fired; those whose message has not gone out yet never learn of it. */
function news(course: Course, context: StepContext, firing: Alert, by: Event | undefined): readonly string[] {
  const { rule, key, ruleset, now } = context;
  course.cancel(firing.told.filter(({ dueAt }) => dueAt > now).map(({ delivery }) => delivery));
  if (!rule.notifyResolved) return [];
  const { targets, gone } = targetsOf(
    rule,
    ruleset,
    firing.told.filter(({ dueAt }) => dueAt <= now),
  );
  const fired = { event: firing.event, events: [firing.event], count: firing.count };
  const signal = by === undefined ? fired : { ...signalOf(by), events: [firing.event, by], count: firing.count };
  const { errors } = course.tell({
    rule,
    key,
    signal,
    status: 'resolved',
    targets,
    resolvedAfter: now - firing.since,
    instead: fired,
    from: speaksAt(rule, ruleset, now),
  });
  return [...gone.map((channel) => `${channel} is gone, and is not told that it is over`), ...errors];
}

/** Each channel and recipient once, in the words that the rule has for the channel. */
function targetsOf(
  rule: CompiledRule,
  ruleset: Ruleset,
  told: readonly NotifiedTarget[],
): { readonly targets: readonly NotifyTarget[]; readonly gone: readonly string[] } {
  const once = new Map(told.map(({ channel, to }) => [JSON.stringify([channel, to]), { channel, to }]));
  const known = [...rule.notify, ...rule.escalate.flatMap(({ notify }) => notify)];
  const present = [...once.values()].filter(({ channel }) => ruleset.channels.has(channel));
  const targets = present.map(({ channel, to }): NotifyTarget => {
    const message = known.find((target) => target.channel === channel)?.message;
    return {
      channel,
      delay: 0,
      ...(message !== undefined && { message }),
      ...(to !== undefined && { to: to.map(literally) }),
    };
  });
  const gone = [...once.values()].filter(({ channel }) => !ruleset.channels.has(channel)).map(({ channel }) => channel);
  return { targets, gone };
}

function literally(text: string): Template {
  return { source: text, render: () => ({ text }) };
}
