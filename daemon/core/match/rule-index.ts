import type { Event } from '../event.ts';
import type { CompiledRule, RuleIndex } from '../ruleset.ts';
import { cheapest, ClueCensus, fileUnder } from './clue-census.ts';
import { FieldTree } from './field-tree.ts';
import { type Need, needOf } from './need.ts';
import { type Asking, type Shared, sharedTests } from './shared-tests.ts';
import { shelfOf } from './shelf.ts';

/** A rule on its way into the index, and what an event needs for it. */
interface Entry extends Asking {
  readonly need: Need;
}

/** Rules that are found together, in the order of the files; one stands for itself. */
type Found = CompiledRule | readonly CompiledRule[];

/** When they are many, an index of their own tells them apart further. */
type Bucket = Found | Level;

/** More rules than this that are found together are worth going through the event once more. */
const MANY = 16;
/** The path that stands for where an event comes from. */
const ORIGIN = '';

/**
 * Files each rule under what the fewest others ask of the same events: a value, the beginning or end of a text, a range, a field that
 * is there, or its source. An event is gone through once and leads to the rules that may fit. What no index can tell is asked of
 * every event once for all the rules that share it, so an event costs as much as the rules it meets, and one test for each different
 * match that has nothing but `not`, `none`, `exists: false`, `contains`, `regex`, `cidr`, comparisons of texts and globs without text at
 * either end. Disabled rules are found too, so that they can be told of; catch-all rules are not.
 */
export function buildIndex(rules: readonly CompiledRule[]): RuleIndex {
  const entries = rules.map((rule) => entryOf(rule, rule.match));
  const catchAll = rules.filter((rule) => rule.enabled && rule.catchAll);
  return { catchAll, ...indexOf(entries.filter(({ rule }) => !rule.catchAll)) };
}

/** The rules by what ends their alerts. */
export function buildResolvingIndex(rules: readonly CompiledRule[]): RuleIndex {
  const entries = rules.flatMap((rule) => {
    const { match, matcher, condition } = rule.resolve ?? {};
    return matcher === undefined && condition === undefined ? [] : [entryOf(rule, match)];
  });
  return { catchAll: [], ...indexOf(entries) };
}

function entryOf(rule: CompiledRule, match: unknown): Entry {
  const need = needOf(match);
  if (rule.on === undefined) return { rule, match, need };
  const from = rule.on.map((value): Need => ({ kind: 'value', path: ORIGIN, value }));
  return { rule, match, need: { all: [need, { any: from }] } };
}

function indexOf(entries: readonly Entry[]): Pick<RuleIndex, 'candidates'> {
  if (entries.length === 0) return { candidates: () => [] };
  const level = new Level(entries, Number.POSITIVE_INFINITY);
  const places = new Map(entries.map(({ rule }, place) => [rule, place]));
  return {
    candidates(event, origin) {
      const found: Found[] = [];
      level.find(event, origin, found);
      return inOrder(found, places).filter(({ on }) => on === undefined || on.includes(origin));
    },
  };
}

class Level {
  readonly #fields = new FieldTree<Bucket>();
  /** Tests that several share, of which nothing else is known. */
  readonly #shared: readonly Shared[];
  /** Tried on every event. */
  readonly #unknown: readonly CompiledRule[];

  /** `limit`: what more than so many need tells nobody apart. */
  constructor(entries: readonly Entry[], limit: number) {
    const census = new ClueCensus<Entry>();
    const counted = entries.map(({ need }) => census.count(need));
    const rest: Entry[] = [];
    for (const [at, entry] of entries.entries()) {
      const way = cheapest(counted[at]!);
      if (way === undefined || way.cost > limit) rest.push(entry);
      else fileUnder(way, entry);
    }
    for (const { path, kind, filed } of census.filled()) {
      this.#fields.add(
        path,
        shelfOf(
          kind,
          filed.map(([value, those]) => [value, bucketOf(those)]),
        ),
      );
    }
    ({ shared: this.#shared, rest: this.#unknown } = sharedTests(rest));
  }

  find(event: Event, origin: string, found: Found[]): void {
    if (this.#unknown.length > 0) found.push(this.#unknown);
    for (const { matcher, rules } of this.#shared) if (matcher.holds(event)) found.push(rules);
    for (const bucket of this.#fields.find(event, origin)) {
      if (bucket instanceof Level) bucket.find(event, origin, found);
      else found.push(bucket);
    }
  }
}

function bucketOf(entries: readonly Entry[]): Bucket {
  if (entries.length > MANY) return new Level(entries, entries.length / 2);
  return entries.length === 1 ? entries[0]!.rule : entries.map(({ rule }) => rule);
}

/** In the order of the files, each once. */
function inOrder(found: readonly Found[], places: ReadonlyMap<CompiledRule, number>): readonly CompiledRule[] {
  const [first] = found;
  if (found.length === 1 && first !== undefined && !isOne(first)) return first;
  const rules: CompiledRule[] = [];
  for (const some of found) {
    if (isOne(some)) rules.push(some);
    else for (const rule of some) rules.push(rule);
  }
  if (rules.length < 2) return rules;
  rules.sort((a, b) => places.get(a)! - places.get(b)!);
  return rules.filter((rule, at) => rule !== rules[at - 1]);
}

const isOne = (found: Found): found is CompiledRule => !Array.isArray(found);
