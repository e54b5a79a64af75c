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

/**
 * Which rules want the event: match, then `if`. Stateless. Rules that do not match are left out. What nobody wants goes to the
 * catch-all rules: also when a rule's `if` failed, for then nobody was told.
 */
export function select(event: Event, ruleset: Ruleset, now: number): readonly Candidate[] {
  const origin = originOf(event, ruleset);
  const found: Candidate[] = [];
  for (const rule of ruleset.index.candidates(event, origin)) {
    if (!rule.matcher.holds(event)) continue;
    const candidate = candidateOf(rule, event, now);
    if (candidate !== undefined) found.push(candidate);
  }
  const wanted = found.some(({ kind }) => kind === 'match');
  return wanted ? found : [...found, ...catchAll(event, origin, ruleset, now)];
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
  if (!rule.enabled) return holds ? { kind: 'result', result: { rule: rule.name, outcome: 'disabled' } } : undefined;
  if (error === undefined) return holds ? match(rule, event, now) : undefined;
  if (rule.onError === 'notify') return match(rule, event, now, `if: ${error}`);
  return { kind: 'result', result: { rule: rule.name, outcome: 'error', errors: [`if: ${error}`] } };
}

/**
 * A key that fails to render must not throw the event together with others that have nothing to do with it: what a rule without
 * a key of its own counts by serves.
 */
function match(rule: CompiledRule, event: Event, now: number, error?: string): Candidate {
  const { text, error: keyError } = rule.key.render({ event, rule: rule.name, now: new Date(now).toISOString() });
  const key = keyError === undefined ? text : `${event.source}|${event.type}|${event.subject ?? ''}`;
  const trouble = error ?? (keyError === undefined ? undefined : `key: ${keyError}`);
  return { kind: 'match', rule, key, ...(trouble !== undefined && { error: trouble }) };
}
