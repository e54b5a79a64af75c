import type { Delivery } from '../delivery/delivery.ts';
import type { Event } from '../event/event.ts';
import { targetsOf } from '../flow/deliveries.ts';
import { notify } from '../flow/notify.ts';
import { type Candidate, select } from '../flow/select.ts';
import { groupOf } from '../flow/step.ts';
import type { CompiledRule, Ruleset } from '../ruleset.ts';
import { explain, NO_MEMORY } from './explain.ts';

/** Messages by which a person tests a channel with a rule and an event, or the reason why the rule sends none there. */
export type TestMessages =
  | { readonly kind: 'made'; readonly deliveries: readonly Delivery[]; readonly errors: readonly string[] }
  | { readonly kind: 'none'; readonly code: 'test.no_match' | 'test.no_target'; readonly reason: string };

export interface TestContext {
  readonly ruleset: Ruleset;
  readonly now: number;
  readonly newId: () => string;
}

/** Prefix of the key of a test: its message must not change, answer or end that of an alert. */
const TEST_KEY = 'test:';

/**
 * Makes the messages that a rule sends to a channel for an event, with the templates and the mark-up of the live ones. The steps of
 * the rule (`dedupe`, `digest`, `for`, ...) are left out, and no state is read or changed.
 */
export function testMessages(event: Event, rule: CompiledRule, channel: string, context: TestContext): TestMessages {
  const { ruleset, now } = context;
  const candidate = select(event, ruleset, now).find((one) => ruleOf(one) === rule.name);
  if (candidate === undefined || candidate.kind === 'result')
    return { kind: 'none', code: 'test.no_match', reason: noMatch(event, rule, context) };
  const targets = targetsIn(rule, channel);
  if (targets.length === 0) {
    const others = [...new Set(targetsOf(rule).map((target) => target.channel))].join(', ');
    const reason = `the rule \`${rule.name}\` does not notify \`${channel}\`; it notifies ${others || 'nobody'}`;
    return { kind: 'none', code: 'test.no_target', reason };
  }
  const { key, error } = candidate;
  const status = candidate.kind === 'resolve' ? 'resolved' : 'firing';
  const made = notify({ rule, key, group: groupOf(event), status, targets }, { ...context, suppressed: 0 });
  if (made.deliveries.length === 0) {
    const reason = `the \`if\` of \`${channel}\` in \`notify\` of the rule does not hold for this event`;
    return { kind: 'none', code: 'test.no_target', reason };
  }
  return {
    kind: 'made',
    deliveries: made.deliveries.map(({ delivery }) => asTest(delivery)),
    errors: [...(error === undefined ? [] : [error]), ...made.errors],
  };
}

const ruleOf = (one: Candidate): string => (one.kind === 'result' ? one.result.rule : one.rule.name);

/** Targets of `notify` on the channel; if there is none, the first target of `escalate`. */
function targetsIn(rule: CompiledRule, channel: string): CompiledRule['notify'] {
  const isHere = (target: CompiledRule['notify'][number]): boolean => target.channel === channel;
  const notified = rule.notify.filter(isHere);
  return notified.length > 0 ? notified : targetsOf(rule).filter(isHere).slice(0, 1);
}

function asTest(delivery: Delivery): Delivery {
  const { message, key } = delivery;
  const { replace_key: replaces, ...rest } = message;
  return {
    ...delivery,
    key: TEST_KEY + key,
    message: replaces === undefined ? rest : { ...rest, replace_key: TEST_KEY + replaces },
  };
}

function noMatch(event: Event, rule: CompiledRule, context: TestContext): string {
  const { rules } = explain(event, { ...context, memory: NO_MEMORY, only: rule.name });
  const reason = rules[0]?.reason;
  return `the rule \`${rule.name}\` does not match this event${reason === undefined ? '' : `: ${reason}`}`;
}
