import { rfc3339 } from '../../lib/time/rfc3339.ts';
import { decide, type DecideContext } from '../flow/decide.ts';
import type { Decision, LaterResult, Memory, NewDelivery, RuleOutcome, RuleResult } from '../flow/decision.ts';
import type { Event } from '../event/event.ts';
import type { StoredMessage } from '../message/message.ts';
import type { CompiledRule, Ruleset } from '../ruleset.ts';
import { type Candidate, originOf, select } from '../flow/select.ts';
import {
  type ConditionView,
  explainResolve,
  explainRule,
  pathReader,
  memoizedOperators,
  type OperatorsOf,
  type RuleView,
} from './conditions.ts';
import type { Hide } from './excerpt.ts';
import type { Attempt, DeliveryPolicy } from '../delivery/delivery.ts';
import { judge } from '../delivery/judge.ts';
import { SendFailure } from '../problems/failure.ts';
import { failureText } from './reasons.ts';

/** Outcome of every rule for one event, with its reason. Times are RFC 3339. */
export interface Explanation {
  readonly event: Event;
  /** Time at which the event is assumed to come in. */
  readonly at: string;
  /** In the order of the files. */
  readonly rules: readonly ExplainedRule[];
  /** Results at the arrival of the event, by the rules of that time, and its later results. */
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
  /** Id of the silence that drops the event. */
  readonly silence?: string;
  readonly reason?: string;
  readonly errors?: readonly string[];
  /** Conditions that decide the outcome; for the end of an alert those of `resolve`. */
  readonly conditions: readonly ConditionView[];
  readonly sends: readonly ExplainedSend[];
}

/** A message that would be sent. */
export interface ExplainedSend {
  readonly channel: string;
  readonly message: StoredMessage;
  /** Time of the first attempt, with the `delay` of the target. */
  readonly at: string;
  /** Times of the further attempts if each one failed, without jitter. */
  readonly retries: readonly string[];
  /** Body that the channel would send, in the provider's mark-up; with unsaved rules only, and not for every type. */
  readonly preview?: { readonly content_type: string; readonly body: string } | { readonly error: string };
  /** State of the channel that would keep the message back, and what to do about it. */
  readonly reason?: string;
  readonly mend?: string;
}

export interface ExplainContext extends DecideContext {
  /** Removes secrets from a text. Applied before a text is shortened. */
  readonly hide?: Hide;
  /** Compiled patterns of earlier calls. */
  readonly operatorsOf?: OperatorsOf;
  /** Name of the only rule to explain. All rules are run nevertheless, because the alert of one can inhibit another. */
  readonly only?: string;
}

/** An empty memory: no window is open, no alert fires. */
export const NO_MEMORY: Memory = { read: () => undefined, each: () => [] };

/** Explains for every rule the result of the event if it arrived now; changes nothing. */
export function explain(event: Event, context: ExplainContext): Explanation {
  const { ruleset, now, only, hide = (text: string) => text } = context;
  const candidates = select(event, ruleset, now);
  const decision = decide(event, candidates, context);
  const matchedBy = candidates.flatMap((one) => (isMatching(one) ? [one.rule.name] : []));
  const { operatorsOf = memoizedOperators() } = context;
  const view = { origin: originOf(event, ruleset), now, matchedBy, readPath: pathReader(event, hide), operatorsOf };
  const parts = partsByRule(candidates, decision);
  const rules = only === undefined ? ruleset.rules : [ruleset.byName.get(only)].filter((rule) => rule !== undefined);
  return {
    event,
    at: rfc3339(now),
    rules: rules.map((rule) => explained(rule, parts.get(rule.name) ?? NOTHING, { event, view, ruleset })),
  };
}

/** Returns whether a candidate keeps the event from the catch-all rules. */
function isMatching(candidate: Candidate): candidate is Exclude<Candidate, { kind: 'result' }> {
  return candidate.kind === 'resolve' || (candidate.kind === 'match' && !candidate.rule.catchAll);
}

/** Part of a decision that belongs to one rule. */
interface RulePart {
  readonly results: readonly RuleResult[];
  readonly deliveries: readonly NewDelivery[];
  /** Key of the alert that the event ends. */
  readonly ends?: string;
}

const NOTHING: RulePart = { results: [], deliveries: [] };

function partsByRule(
  candidates: readonly Candidate[],
  { results, deliveries }: Decision,
): ReadonlyMap<string, RulePart> {
  const parts = new Map<string, RulePart>();
  const give = (rule: string, more: (share: RulePart) => Partial<RulePart>): void => {
    const part = parts.get(rule) ?? NOTHING;
    parts.set(rule, { ...part, ...more(part) });
  };
  for (const one of candidates) if (one.kind === 'resolve') give(one.rule.name, () => ({ ends: one.key }));
  for (const result of results) give(result.rule, (part) => ({ results: [...part.results, result] }));
  for (const one of deliveries) give(one.delivery.rule, (part) => ({ deliveries: [...part.deliveries, one] }));
  return parts;
}

function explained(
  rule: CompiledRule,
  { results, deliveries, ends }: RulePart,
  { event, view, ruleset }: { readonly event: Event; readonly view: RuleView; readonly ruleset: Ruleset },
): ExplainedRule {
  // A failed `resolve.if` has a separate result before that of the match.
  const result = results.at(-1) ?? { rule: rule.name, outcome: 'no_match', ...(ends !== undefined && { key: ends }) };
  const { outcome, key, until, silence } = result;
  const errors = results.flatMap((one) => one.errors ?? []);
  const conditions = conditionsOf(rule, outcome, ends !== undefined, event, view);
  const reason = result.reason ?? reasonOf(outcome, errors, conditions, ends);
  return {
    rule: rule.name,
    outcome,
    ...(key !== undefined && { key }),
    ...(until !== undefined && { until }),
    ...(silence !== undefined && { silence }),
    ...(reason !== undefined && { reason }),
    ...(errors.length > 0 && { errors }),
    conditions,
    sends: deliveries.map((one) => sendOf(one, ruleset)),
  };
}

/** Conditions of `match` and `if`, or of `resolve` for an event that ends an alert; both for one that matches nothing. */
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

function sendOf(created: NewDelivery, ruleset: Ruleset): ExplainedSend {
  const { channel, message } = created.delivery;
  const config = ruleset.channels.get(channel);
  return {
    channel,
    message,
    at: rfc3339(created.dueAt),
    retries: config === undefined ? [] : retryTimes(created, config.policy).map(rfc3339),
  };
}

const TRANSIENT = new SendFailure('transient', 'explain', 'nobody answers');
/** Random number at which the jitter is zero. */
const NO_JITTER = 0.5;

/** Times of the further attempts if each one failed at once, milliseconds since the epoch. */
function retryTimes({ delivery, dueAt }: NewDelivery, policy: DeliveryPolicy): readonly number[] {
  const times: number[] = [];
  const attempts: Attempt[] = [];
  for (let now = dueAt; ; now = times.at(-1)!) {
    const judgement = judge({
      delivery: { ...delivery, attempts },
      outcome: { kind: 'failed', failure: TRANSIENT },
      policy,
      now,
      random: () => NO_JITTER,
      probe: false,
    });
    if (judgement.kind !== 'retry') return times;
    times.push(judgement.at);
    attempts.push({ at: new Date(now).toISOString(), ms: 0, class: 'transient' });
  }
}
