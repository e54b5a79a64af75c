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

/** Rules that are found together; when they are many, an index of their own tells them apart further. One stands for itself. */
type Bucket = CompiledRule | readonly CompiledRule[] | Level;

/** More rules than this that are found together are worth going through the event once more. */
const MANY = 16;
/** The path that stands for where an event comes from. */
const ORIGIN = '';

/**
 * Files each rule under what the fewest others ask of the same events: a value, the beginning or end of a text, a range, a field that
 * is there, or its source. An event is gone through once and leads to the rules that may fit. What no index can tell is asked of
 * every event once for all the rules that share it, so an event costs as much as the rules it meets, and one test for each different
 * `match` that has nothing but `not`, `none`, `exists: false`, `contains`, `regex`, `cidr` and comparisons of texts. Disabled rules are found
 * too, so that they can be told of; catch-all rules are not.
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
      const found: CompiledRule[] = [];
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
  readonly #unknown: Bucket;

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

  find(event: Event, origin: string, found: CompiledRule[]): void {
    pour(this.#unknown, event, origin, found);
    for (const { matcher, rules } of this.#shared) if (matcher.holds(event)) pour(rules, event, origin, found);
    for (const bucket of this.#fields.find(event, origin)) pour(bucket, event, origin, found);
  }
}

function bucketOf(entries: readonly Entry[]): Bucket {
  if (entries.length > MANY) return new Level(entries, entries.length / 2);
  return entries.length === 1 ? entries[0]!.rule : entries.map(({ rule }) => rule);
}

function pour(bucket: Bucket, event: Event, origin: string, found: CompiledRule[]): void {
  if (bucket instanceof Level) bucket.find(event, origin, found);
  else if (isOne(bucket)) found.push(bucket);
  else for (const rule of bucket) found.push(rule);
}

const isOne = (bucket: CompiledRule | readonly CompiledRule[]): bucket is CompiledRule => !Array.isArray(bucket);

/** In the order of the files, each once. */
function inOrder(found: CompiledRule[], places: ReadonlyMap<CompiledRule, number>): readonly CompiledRule[] {
  if (found.length < 2) return found;
  found.sort((a, b) => places.get(a)! - places.get(b)!);
  return found.filter((rule, at) => rule !== found[at - 1]);
}
