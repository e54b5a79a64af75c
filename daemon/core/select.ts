import type { RuleResult } from './decision.ts';
import { API_SOURCE, type Event, OWN_SOURCE } from './event.ts';
import type { CompiledRule, Ruleset } from './ruleset.ts';

/** A rule that wants an event, or whose alert the event may end, with the key that its windows count by; or one whose `if` failed. */
export type Candidate =
  | { readonly kind: 'match' | 'resolve'; readonly rule: CompiledRule; readonly key: string; readonly error?: string }
  | { readonly kind: 'result'; readonly result: RuleResult };

/** The configured source that an event is from; `api` for those whose `source` no rules file configures. */
export function originOf(event: Event, ruleset: Ruleset): string {
  return ruleset.sources.has(event.source) || event.source === OWN_SOURCE ? event.source : API_SOURCE;
}

/**
 * Which rules want the event: match, then `if`. Stateless. Rules that do not match are left out; an event that a rule takes for
 * the end of its alert is not the beginning of one. What nobody wants goes to the catch-all rules: also when a rule's `if`
 * failed, for then nobody was told.
 */
export function select(event: Event, ruleset: Ruleset, now: number): readonly Candidate[] {
  const origin = originOf(event, ruleset);
  const found: Candidate[] = [];
  const ending = new Map<CompiledRule, Ending>();
  for (const rule of ruleset.resolving.candidates(event, origin)) {
    const end = endingOf(rule, event, now);
    if (end === undefined) continue;
    ending.set(rule, end);
    if (end.kind === 'resolve') found.push(end);
  }
  for (const rule of ruleset.index.candidates(event, origin)) {
    const end = ending.get(rule);
    if (end?.kind === 'resolve' || !rule.matcher.holds(event)) continue;
    const candidate = candidateOf(rule, event, now, end?.error);
    if (candidate === undefined) continue;
    found.push(candidate);
    ending.delete(rule);
  }
  for (const [rule, end] of ending) if (end.kind === 'error') found.push(failed(rule, end.error));
  const wanted = found.some(({ kind }) => kind !== 'result');
  return wanted ? found : [...found, ...catchAll(event, origin, ruleset, now)];
}

/** An event may end a rule's alert; or nobody can say, because `resolve.if` failed. */
type Ending = (Candidate & { readonly kind: 'resolve' }) | { readonly kind: 'error'; readonly error: string };

function endingOf(rule: CompiledRule, event: Event, now: number): Ending | undefined {
  const { matcher, condition } = rule.resolve!;
  if (!rule.enabled || matcher?.holds(event) === false) return undefined;
  const { holds, error } = condition?.test(event, now) ?? { holds: true };
  if (error !== undefined) return { kind: 'error', error: `resolve.if: ${error}` };
  return holds ? { ...keyed(rule, event, now), kind: 'resolve' } : undefined;
}

/** The daemon's own events are nobody's unless a rule asks for them: a catch-all that told of `belfry.started` would tell of itself. */
function catchAll(event: Event, origin: string, ruleset: Ruleset, now: number): readonly Candidate[] {
  if (event.source === OWN_SOURCE) return [];
  return ruleset.index.catchAll
    .filter(({ on, matcher }) => (on === undefined || on.includes(origin)) && matcher.holds(event))
    .flatMap((rule) => candidateOf(rule, event, now) ?? []);
}

/** `before`: what went wrong with the event already. */
function candidateOf(rule: CompiledRule, event: Event, now: number, before?: string): Candidate | undefined {
  const { holds, error } = rule.condition?.test(event, now) ?? { holds: true };
  if (!rule.enabled) return holds ? { kind: 'result', result: { rule: rule.name, outcome: 'disabled' } } : undefined;
  if (error === undefined) return holds ? { ...keyed(rule, event, now, before), kind: 'match' } : undefined;
  if (rule.onError === 'notify') return { ...keyed(rule, event, now, `if: ${error}`), kind: 'match' };
  return failed(rule, `if: ${error}`);
}

function failed(rule: CompiledRule, error: string): Candidate {
  return { kind: 'result', result: { rule: rule.name, outcome: 'error', errors: [error] } };
}

/**
 * A key that fails to render must not throw the event together with others that have nothing to do with it: what a rule without
 * a key of its own counts by serves.
 */
function keyed(
  rule: CompiledRule,
  event: Event,
  now: number,
  error?: string,
): { readonly rule: CompiledRule; readonly key: string; readonly error?: string } {
  const { text, error: keyError } = rule.key.render({ event, rule: rule.name, now: new Date(now).toISOString() });
  const key = keyError === undefined ? text : `${event.source}|${event.type}|${event.subject ?? ''}`;
  const trouble = error ?? (keyError === undefined ? undefined : `key: ${keyError}`);
  return { rule, key, ...(trouble !== undefined && { error: trouble }) };
}
