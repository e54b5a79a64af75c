import { parseDuration } from '../lib/duration.ts';
import type { Decision, OwedDelivery, ReadState, RuleResult, StateChange } from './decision.ts';
import type { Event } from './event.ts';
import { dedupe } from './flow/dedupe.ts';
import type { Remembered } from './flow/step.ts';
import { throttle } from './flow/throttle.ts';
import { renderMessage } from './render.ts';
import type { CompiledRule, NotifyTarget, Ruleset, Scope } from './ruleset.ts';
import type { Candidate } from './select.ts';

/** What a rule's match passes through, in this order, before anybody is told. */
const STEPS = [dedupe, throttle];

/** How many were held back since the last message, remembered beside the steps' own memory. */
const SUPPRESSED = 'suppressed';
/** For how long a count waits for the next message to tell it, milliseconds. */
const SUPPRESSED_KEPT = 30 * 86_400_000;

export interface DecideContext {
  readonly ruleset: Ruleset;
  readonly read: ReadState;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly newId: () => string;
}

/** What one event causes, as data. Reads nothing but its arguments; changes nothing. */
export function decide(event: Event, candidates: readonly Candidate[], context: DecideContext): Decision {
  const results: RuleResult[] = [];
  const states: StateChange[] = [];
  const deliveries: OwedDelivery[] = [];
  for (const candidate of candidates) {
    if (candidate.kind === 'result') {
      results.push(candidate.result);
      continue;
    }
    const { rule, key, error } = candidate;
    const passage = passThrough(rule, key, context);
    states.push(...passage.states);
    if (passage.stopped !== undefined) {
      results.push({ rule: rule.name, key, ...passage.stopped });
      continue;
    }
    const owed = notify(event, rule, key, passage.suppressed, context);
    deliveries.push(...owed.deliveries);
    const errors = [...(error === undefined ? [] : [error]), ...owed.errors];
    results.push({
      rule: rule.name,
      key,
      outcome: 'notified',
      ...(owed.deliveries.length === 0 && { reason: 'no target applied' }),
      ...(errors.length > 0 && { errors }),
    });
  }
  return { results, states, deliveries };
}

interface Passage {
  readonly stopped?: Pick<RuleResult, 'outcome' | 'reason' | 'until'>;
  readonly suppressed: number;
  readonly states: readonly StateChange[];
}

/** Runs the steps until one stops. What the earlier ones remember of having let it pass is only kept if all did. */
function passThrough(rule: CompiledRule, key: string, { read, now }: DecideContext): Passage {
  const change = (step: string, { value, expires }: Remembered<unknown>): StateChange => ({
    rule: rule.name,
    key,
    step,
    value,
    expires,
  });
  const passed: StateChange[] = [];
  let windows = 0;
  for (const step of STEPS) {
    const settings = step.settings(rule);
    if (settings === undefined) continue;
    windows += 1;
    const verdict = step.run(settings, read(rule.name, key, step.name), now);
    if (verdict.kind === 'stop') {
      const { outcome, reason, until, state } = verdict;
      const count = suppressedBefore(read, rule, key) + 1;
      const states = [
        change(SUPPRESSED, { value: { count }, expires: now + SUPPRESSED_KEPT }),
        ...(state === undefined ? [] : [change(step.name, state)]),
      ];
      return {
        stopped: { outcome, reason, ...(until !== undefined && { until: new Date(until).toISOString() }) },
        suppressed: count,
        states,
      };
    }
    if (verdict.state !== undefined) passed.push(change(step.name, verdict.state));
  }
  const suppressed = windows > 0 ? suppressedBefore(read, rule, key) : 0;
  if (suppressed > 0) passed.push(change(SUPPRESSED, { value: null, expires: now }));
  return { suppressed, states: passed };
}

function suppressedBefore(read: ReadState, rule: CompiledRule, key: string): number {
  return (read(rule.name, key, SUPPRESSED) as { count: number } | null | undefined)?.count ?? 0;
}

/** One delivery for each target whose own condition holds. */
function notify(
  event: Event,
  rule: CompiledRule,
  key: string,
  suppressed: number,
  context: DecideContext,
): { deliveries: OwedDelivery[]; errors: string[] } {
  const scope: Scope = {
    event,
    rule: rule.name,
    key,
    status: 'firing',
    count: 1,
    suppressed,
    events: [event],
    now: new Date(context.now).toISOString(),
  };
  const deliveries: OwedDelivery[] = [];
  const errors: string[] = [];
  for (const target of rule.notify) {
    const { holds, error } = target.when?.test(event, context.now) ?? { holds: true };
    if (error !== undefined) errors.push(`${target.channel}: if: ${error}`);
    // A condition that fails must not silence: who would have been told is told.
    if (!holds && error === undefined) continue;
    const { owed, errors: failed } = owe(event, rule, key, target, scope, context);
    deliveries.push(owed);
    errors.push(...failed.map((text) => `${target.channel}: ${text}`));
  }
  return { deliveries, errors };
}

function owe(
  event: Event,
  rule: CompiledRule,
  key: string,
  target: NotifyTarget,
  scope: Scope,
  { ruleset, now, newId }: DecideContext,
): { owed: OwedDelivery; errors: readonly string[] } {
  const channel = ruleset.channels.get(target.channel)!;
  const override = { ...target.message, ...(target.to !== undefined && { to: target.to }) };
  const { message, errors } = renderMessage({ ...rule.message, ...override }, scope, channel.escape);
  const dueAt = now + target.delay;
  const ttl = message.ttl === undefined ? undefined : parseDuration(message.ttl);
  const delivery = {
    id: newId(),
    event,
    rule: rule.name,
    channel: channel.name,
    channelType: channel.type,
    key,
    status: 'firing' as const,
    message,
    createdAt: now,
    ...(ttl !== undefined && { expiresAt: dueAt + ttl }),
    attempts: [],
  };
  return { owed: { delivery, dueAt }, errors };
}
