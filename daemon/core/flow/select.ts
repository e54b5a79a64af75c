import type { RuleResult } from './decision.ts';
import { API_SOURCE, type Event, OWN_SOURCE } from '../event/event.ts';
import type { CompiledRule, Condition, Ruleset } from '../ruleset.ts';

/** A rule that matches an event, or whose alert the event may end, with its key; or the final result of a rule. */
export type Candidate =
  | { readonly kind: 'match' | 'resolve'; readonly rule: CompiledRule; readonly key: string; readonly error?: string }
  | { readonly kind: 'result'; readonly result: RuleResult };

/** Name of the configured source of an event; `api` if its `source` is not configured. */
export function originOf(event: Event, ruleset: Ruleset): string {
  return ruleset.sources.has(event.source) || event.source === OWN_SOURCE ? event.source : API_SOURCE;
}

/**
 * Selects the rules that match an event: `match`, then `if`. Stateless. Rules that do not match are left out. An event that ends
 * an alert of a rule does not begin another one. An event that no rule matches goes to the catch-all rules, also if the `if` of a
 * rule failed.
 */
export function select(event: Event, ruleset: Ruleset, now: number): readonly Candidate[] {
  const origin = originOf(event, ruleset);
  const found: Candidate[] = [];
  const ending = endings(event, origin, ruleset, now);
  for (const end of ending.values()) if (end.kind === 'resolve') found.push(end);
  for (const rule of ruleset.index.lookup(event, origin)) {
    const end = ending.get(rule);
    if (end?.kind === 'resolve') continue;
    const candidate = candidateOf(rule, event, now, end?.error);
    if (candidate === undefined) continue;
    found.push(candidate);
    if (end !== undefined) ending.delete(rule);
  }
  for (const [rule, end] of ending) if (end.kind === 'error') found.push(failed(rule, end.error));
  return found.some(isMatch) ? found : [...found, ...catchAll(event, origin, ruleset, now)];
}

const isMatch = ({ kind }: Candidate): boolean => kind !== 'result';

/** The event may end an alert of a rule, or this is unknown because `resolve.if` failed. */
type Ending = (Candidate & { readonly kind: 'resolve' }) | { readonly kind: 'error'; readonly error: string };

const NO_ENDINGS = new Map<CompiledRule, Ending>();

function endings(event: Event, origin: string, ruleset: Ruleset, now: number): Map<CompiledRule, Ending> {
  const rules = ruleset.resolving.lookup(event, origin);
  if (rules.length === 0) return NO_ENDINGS;
  const ending = new Map<CompiledRule, Ending>();
  for (const rule of rules) {
    const end = endingOf(rule, event, now);
    if (end !== undefined) ending.set(rule, end);
  }
  return ending;
}

function endingOf(rule: CompiledRule, event: Event, now: number): Ending | undefined {
  if (!rule.enabled) return undefined;
  const { holds, error } = rule.alert!.resolve!.condition?.test(event, now) ?? HOLDS;
  if (error !== undefined) return { kind: 'error', error: `resolve.if: ${error}` };
  return holds ? keyed('resolve', rule, event, now) : undefined;
}

/** Catch-all rules do not get the daemon's own events; otherwise each start of the daemon would send a message. */
function catchAll(event: Event, origin: string, ruleset: Ruleset, now: number): readonly Candidate[] {
  if (event.source === OWN_SOURCE) return [];
  return ruleset.index.catchAll
    .filter(({ on, matcher }) => (on === undefined || on.includes(origin)) && matcher.holds(event))
    .flatMap((rule) => candidateOf(rule, event, now) ?? []);
}

/** Result of the condition of a rule without `if`. */
const HOLDS: ReturnType<Condition['test']> = { holds: true };

/** `before`: an earlier error of the rule with the event. */
function candidateOf(rule: CompiledRule, event: Event, now: number, before?: string): Candidate | undefined {
  const { holds, error } = rule.condition?.test(event, now) ?? HOLDS;
  if (!rule.enabled) return holds ? { kind: 'result', result: { rule: rule.name, outcome: 'disabled' } } : undefined;
  if (error === undefined) return holds ? keyed('match', rule, event, now, before) : undefined;
  if (rule.onError === 'notify') return keyed('match', rule, event, now, `if: ${error}`);
  return failed(rule, `if: ${error}`);
}

function failed(rule: CompiledRule, error: string): Candidate {
  return { kind: 'result', result: { rule: rule.name, outcome: 'error', errors: [error] } };
}

/** Renders the key. If that fails, the default key is used, so that the event is not grouped with unrelated ones. */
function keyed<K extends 'match' | 'resolve'>(
  kind: K,
  rule: CompiledRule,
  event: Event,
  now: number,
  before?: string,
): Candidate & { readonly kind: K } {
  const { text, error: keyError } = rule.key.render({
    event,
    rule: rule.name,
    now: rule.keyReadsNow ? new Date(now).toISOString() : '',
  });
  const key = keyError === undefined ? text : `${event.source}|${event.type}|${event.subject ?? ''}`;
  const error = before ?? (keyError === undefined ? undefined : `key: ${keyError}`);
  return error === undefined ? { kind, rule, key } : { kind, rule, key, error };
}
