import type { RuleResult } from './decision.ts';
import { API_SOURCE, type Event, OWN_SOURCE } from './event.ts';
import type { CompiledRule, Ruleset } from './ruleset.ts';

/** A rule that wants an event, with the key that its windows count by; or one whose `if` failed. */
export type Candidate =
  | { readonly kind: 'match'; readonly rule: CompiledRule; readonly key: string; readonly error?: string }
  | { readonly kind: 'result'; readonly result: RuleResult };

/** The configured source that an event is from; `api` for those whose `source` no rules file configures. */
export function originOf(event: Event, ruleset: Ruleset): string {
  return ruleset.sources.has(event.source) || event.source === OWN_SOURCE ? event.source : API_SOURCE;
}

/** Which rules want the event: match, then `if`. Stateless. Rules that do not match are left out. */
export function select(event: Event, ruleset: Ruleset, now: number): readonly Candidate[] {
  const origin = originOf(event, ruleset);
  const found: Candidate[] = [];
  for (const rule of ruleset.index.candidates(event, origin)) {
    if (!rule.matcher.holds(event)) continue;
    const candidate = candidateOf(rule, event, now);
    if (candidate !== undefined) found.push(candidate);
  }
  return found.length > 0 ? found : catchAll(event, origin, ruleset, now);
}

/** The daemon's own events are nobody's unless a rule asks for them: a catch-all that told of `belfry.started` would tell of itself. */
function catchAll(event: Event, origin: string, ruleset: Ruleset, now: number): readonly Candidate[] {
  if (event.source === OWN_SOURCE) return [];
  return ruleset.index.catchAll
    .filter(({ on }) => on === undefined || on.includes(origin))
    .flatMap((rule) => candidateOf(rule, event, now) ?? []);
}

function candidateOf(rule: CompiledRule, event: Event, now: number): Candidate | undefined {
  const { holds, error } = rule.condition?.test(event, now) ?? { holds: true };
  if (error === undefined) return holds ? match(rule, event) : undefined;
  if (rule.onError === 'notify') return match(rule, event, error);
  return { kind: 'result', result: { rule: rule.name, outcome: 'error', reason: `if: ${error}` } };
}

/** A key that fails to render must not throw away the event: its own text serves, so all that fail count together. */
function match(rule: CompiledRule, event: Event, error?: string): Candidate {
  const { text, error: keyError } = rule.key.render({ event, rule: rule.name });
  const key = keyError === undefined ? text : `[template error: ${keyError}]`;
  const trouble = error ?? (keyError === undefined ? undefined : `key: ${keyError}`);
  return { kind: 'match', rule, key, ...(trouble !== undefined && { error: trouble }) };
}
