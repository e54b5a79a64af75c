import type { Event } from '../../event/event.ts';
import type { CompiledRule, Matcher, RuleIndex } from '../../ruleset.ts';
import { FieldIndex, type RuleNumbers } from './field-index.ts';
import { type Requirement, requirementOf } from './requirement.ts';
import { Residuals } from './residuals.ts';
import { accessPathOf, Selectivity } from './selectivity.ts';

/** A rule with the `match` that is indexed. */
interface Entry {
  readonly rule: CompiledRule;
  readonly match: unknown;
  /** Undefined when every event matches. */
  readonly matcher: Matcher | undefined;
}

/** The path of the predicates on the source of an event, which is not one of its fields. */
const ORIGIN = '';

/** The index of the rules by their `match`; docs/matching.md explains it. Disabled rules are included, so that they can be reported. */
export function buildIndex(rules: readonly CompiledRule[]): RuleIndex {
  const catchAll = rules.filter((rule) => rule.enabled && rule.catchAll);
  const others = rules.filter((rule) => !rule.catchAll);
  const entries = others.map((rule): Entry => ({ rule, match: rule.match, matcher: rule.matcher }));
  return new Index(entries, catchAll);
}

/** The index of the rules by the `match` that ends their alerts. */
export function buildResolvingIndex(rules: readonly CompiledRule[]): RuleIndex {
  const ending = rules.filter(
    ({ alert }) => alert?.resolve?.matcher !== undefined || alert?.resolve?.condition !== undefined,
  );
  const entries = ending.map((rule): Entry => {
    const { match, matcher } = rule.alert!.resolve!;
    return { rule, match, matcher };
  });
  return new Index(entries, []);
}

class Index implements RuleIndex {
  readonly catchAll: readonly CompiledRule[];
  /** Rules are numbered in their order; these arrays are by number. */
  readonly #rules: readonly CompiledRule[];
  readonly #matchers: readonly (Matcher | undefined)[];
  /** Matchers of what the access path does not prove. */
  readonly #residuals: (Matcher | undefined)[];
  readonly #fields = new FieldIndex();
  readonly #origins = new Map<unknown, RuleNumbers>();
  /** Rules without an access path: candidates of every event. */
  readonly #unindexed: number[] = [];

  constructor(entries: readonly Entry[], catchAll: readonly CompiledRule[]) {
    this.catchAll = catchAll;
    this.#rules = entries.map(({ rule }) => rule);
    this.#matchers = entries.map(({ matcher }) => matcher);
    this.#residuals = [...this.#matchers];
    const selectivity = new Selectivity();
    this.#chooseAccessPaths(entries, selectivity);
    for (const { predicate, rules } of selectivity.used()) {
      const numbers = rules.length === 1 ? rules[0]! : rules;
      if (predicate.path === ORIGIN) this.#origins.set(predicate.value, numbers);
      else this.#fields.add(predicate, numbers);
    }
    this.#fields.build();
  }

  lookup(event: Event, origin: string): readonly CompiledRule[] {
    if (this.#rules.length === 0) return [];
    const candidates = this.#fields.lookup(event);
    candidates.add(this.#origins.get(origin));
    candidates.add(this.#unindexed);
    const matchers = candidates.needsRecheck ? this.#matchers : this.#residuals;
    const matching: CompiledRule[] = [];
    for (const number of candidates.all()) {
      const matcher = matchers[number];
      if (matcher !== undefined && !matcher.holds(event)) continue;
      const rule = this.#rules[number]!;
      if (rule.on === undefined || rule.on.includes(origin)) matching.push(rule);
    }
    return matching;
  }

  /** Every rule is counted before the first access path is chosen. */
  #chooseAccessPaths(entries: readonly Entry[], selectivity: Selectivity): void {
    const counted = entries.map((entry) => selectivity.count(requirementOfEntry(entry)));
    const residuals = new Residuals();
    for (const [number, { match, matcher }] of entries.entries()) {
      const path = accessPathOf(counted[number]!);
      if (path === undefined) {
        this.#unindexed.push(number);
        continue;
      }
      for (const { rules } of path.postings) if (rules.at(-1) !== number) rules.push(number);
      if (matcher === undefined) continue;
      const predicates = path.postings.map(({ predicate }) => predicate);
      this.#residuals[number] = residuals.of(match, matcher, predicates);
    }
  }
}

function requirementOfEntry({ rule: { on }, match }: Entry): Requirement {
  const requirement = requirementOf(match);
  if (on === undefined) return requirement;
  return { all: [requirement, { any: on.map((value) => ({ kind: 'value', path: ORIGIN, value })) }] };
}
