import { decide, type DecideContext } from '../flow/decide.ts';
import type { Decision, LaterResult, Memory, OwedDelivery, RuleOutcome, RuleResult } from '../flow/decision.ts';
import type { Event } from '../event/event.ts';
import type { Message } from '../message/message.ts';
import type { CompiledRule, Ruleset } from '../ruleset.ts';
import { type Candidate, originOf, select } from '../flow/select.ts';
import {
  type ConditionView,
  explainResolve,
  explainRule,
  looking,
  memoizedOperators,
  type OperatorsOf,
  type RuleView,
} from './conditions.ts';
import type { Hide } from './excerpt.ts';
import type { Attempt, DeliveryPolicy } from '../delivery/delivery.ts';
import { judge } from '../delivery/judge.ts';
import { SendFailure } from '../problems/failure.ts';
import { failureText } from './reasons.ts';

/** What every rule makes of one event, and why. Times are RFC 3339. */
export interface Explanation {
  readonly event: Event;
  /** As if it came in at this time. */
  readonly at: string;
  /** In the order of the files. */
  readonly rules: readonly ExplainedRule[];
  /** What was decided when the event came, by the rules of that time, and what became of it since. */
  readonly recorded?: {
    readonly received_at: string;
    readonly results: readonly RuleResult[];
    readonly later: readonly LaterResult[];
  };
}

export interface ExplainedRule {
  readonly rule: string;
  readonly outcome: RuleOutcome;
  readonly key?: string;
  readonly until?: string;
  readonly reason?: string;
  readonly errors?: readonly string[];
  /** What the outcome hangs on; for the end of an alert what `resolve` asks for. */
  readonly conditions: readonly ConditionView[];
  readonly sends: readonly ExplainedSend[];
}

/** One message that would go out. */
export interface ExplainedSend {
  readonly channel: string;
  readonly message: Message;
  /** When it would be tried first; later for a target with a `delay`. */
  readonly at: string;
  /** When it would be tried again if every attempt failed, less the jitter. */
  readonly retries: readonly string[];
}

export interface ExplainContext extends DecideContext {
  /** Takes out of a text what must not be shown; what is cut must be clean before. */
  readonly hide?: Hide;
  /** Compiled patterns of earlier calls. */
  readonly operatorsOf?: OperatorsOf;
  /** The one rule to be explained. All rules are run, because the alert of one can inhibit another. */
  readonly only?: string;
}

/** A memory of nothing: no window is open, nothing fires. */
export const NO_MEMORY: Memory = { read: () => undefined, each: () => [] };

/** What would happen if the event came now, told of every rule; changes nothing. */
export function explain(event: Event, context: ExplainContext): Explanation {
  const { ruleset, now, only, hide = (text: string) => text } = context;
  const candidates = select(event, ruleset, now);
  const decision = decide(event, candidates, context);
  const wantedBy = candidates.flatMap((one) => (isWanting(one) ? [one.rule.name] : []));
  const { operatorsOf = memoizedOperators() } = context;
  const view = { origin: originOf(event, ruleset), now, wantedBy, look: looking(event, hide), operatorsOf };
  const shares = sharesOf(candidates, decision);
  const rules = only === undefined ? ruleset.rules : [ruleset.byName.get(only)].filter((rule) => rule !== undefined);
  return {
    event,
    at: text(now),
    rules: rules.map((rule) => explained(rule, shares.get(rule.name) ?? NOTHING, { event, view, ruleset })),
  };
}

/** A rule that leaves nothing to the catch-all rules. */
function isWanting(candidate: Candidate): candidate is Exclude<Candidate, { kind: 'result' }> {
  return candidate.kind === 'resolve' || (candidate.kind === 'match' && !candidate.rule.catchAll);
}

/** What of a decision is one rule's. */
interface Share {
  readonly results: readonly RuleResult[];
  readonly deliveries: readonly OwedDelivery[];
  /** The rule takes the event for the end of an alert of this key. */
  readonly ends?: string;
}

const NOTHING: Share = { results: [], deliveries: [] };

function sharesOf(candidates: readonly Candidate[], { results, deliveries }: Decision): ReadonlyMap<string, Share> {
  const shares = new Map<string, Share>();
  const give = (rule: string, more: (share: Share) => Partial<Share>): void => {
    const share = shares.get(rule) ?? NOTHING;
    shares.set(rule, { ...share, ...more(share) });
  };
  for (const one of candidates) if (one.kind === 'resolve') give(one.rule.name, () => ({ ends: one.key }));
  for (const result of results) give(result.rule, (share) => ({ results: [...share.results, result] }));
  for (const owed of deliveries) give(owed.delivery.rule, (share) => ({ deliveries: [...share.deliveries, owed] }));
  return shares;
}

function explained(
  rule: CompiledRule,
  { results, deliveries, ends }: Share,
  { event, view, ruleset }: { readonly event: Event; readonly view: RuleView; readonly ruleset: Ruleset },
): ExplainedRule {
  // A `resolve.if` that failed is told besides what the event was as a match.
  const result = results.at(-1) ?? { rule: rule.name, outcome: 'no_match', ...(ends !== undefined && { key: ends }) };
  const { outcome, key, until } = result;
  const errors = results.flatMap((one) => one.errors ?? []);
  const conditions = conditionsOf(rule, outcome, ends !== undefined, event, view);
  const reason = result.reason ?? reasonOf(outcome, errors, conditions, ends);
  return {
    rule: rule.name,
    outcome,
    ...(key !== undefined && { key }),
    ...(until !== undefined && { until }),
    ...(reason !== undefined && { reason }),
    ...(errors.length > 0 && { errors }),
    conditions,
    sends: deliveries.map((owed) => sendOf(owed, ruleset)),
  };
}

/** An event that ends an alert is not looked at as a beginning; one that matches nothing may have been meant for either. */
function conditionsOf(
  rule: CompiledRule,
  outcome: RuleOutcome,
  ends: boolean,
  event: Event,
  view: RuleView,
): readonly ConditionView[] {
  const rows = explainRule(rule, event, view);
  if (ends) return [...rows.filter(({ path }) => path === 'on'), ...explainResolve(rule, event, view)];
  return outcome === 'no_match' || outcome === 'error' ? [...rows, ...explainResolve(rule, event, view)] : rows;
}

function reasonOf(
  outcome: RuleOutcome,
  errors: readonly string[],
  conditions: readonly ConditionView[],
  ends: string | undefined,
): string | undefined {
  if (outcome === 'error') return errors[0];
  if (outcome === 'disabled') return '`enabled` is false';
  if (outcome !== 'no_match') return undefined;
  if (ends !== undefined) return `it would end an alert with the key ${JSON.stringify(ends)}, and there is none`;
  const failed = conditions.find(({ holds, within }) => !holds && within === undefined);
  return failed === undefined ? undefined : failureText(failed);
}

function sendOf(owed: OwedDelivery, ruleset: Ruleset): ExplainedSend {
  const { channel, message } = owed.delivery;
  const config = ruleset.channels.get(channel);
  return {
    channel,
    message,
    at: text(owed.dueAt),
    retries: config === undefined ? [] : retryTimes(owed, config.policy).map(text),
  };
}

function text(ms: number): string {
  return new Date(ms).toISOString();
}

const TRANSIENT = new SendFailure('transient', 'explain', 'nobody answers');
/** Makes the jitter of a wait nothing. */
const MIDDLE = 0.5;

/** When a delivery would be tried again if every attempt failed at once for want of an answer, milliseconds since the epoch. */
function retryTimes({ delivery, dueAt }: OwedDelivery, policy: DeliveryPolicy): readonly number[] {
  const times: number[] = [];
  const attempts: Attempt[] = [];
  for (let now = dueAt; ; now = times.at(-1)!) {
    const verdict = judge({
      delivery: { ...delivery, attempts },
      outcome: { kind: 'failed', failure: TRANSIENT },
      policy,
      now,
      random: () => MIDDLE,
      probe: false,
    });
    if (verdict.kind !== 'retry') return times;
    times.push(verdict.at);
    attempts.push({ at: new Date(now).toISOString(), ms: 0, class: 'transient' });
  }
}
