import type { Event } from '../event.ts';
import type { CompiledRule, RuleIndex } from '../ruleset.ts';
import { ClueCensus, type Slot } from './clue-census.ts';
import { FieldTree } from './field-tree.ts';
import { type Need, needOf } from './need.ts';
import { type Shared, sharedTests } from './shared-tests.ts';
import { shelfOf } from './shelf.ts';

/** A rule that stands in the index, and what an event needs for it. `match` is what that was read from, as written. */
export interface Entry {
  readonly rule: CompiledRule;
  readonly order: number;
  readonly match: unknown;
  readonly need: Need;
}

/** Rules that are found together; when they are many, an index of their own tells them apart further. */
type Bucket = readonly Entry[] | Level;

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
  const entries = rules.map((rule, order) => entryOf(rule, order, rule.match));
  const catchAll = rules.filter((rule) => rule.enabled && rule.catchAll);
  return { catchAll, ...indexOf(entries.filter(({ rule }) => !rule.catchAll)) };
}

/** The rules by what ends their alerts. */
export function buildResolvingIndex(rules: readonly CompiledRule[]): RuleIndex {
  const entries = rules.flatMap((rule, order) => {
    const { match, matcher, condition } = rule.resolve ?? {};
    return matcher === undefined && condition === undefined ? [] : [entryOf(rule, order, match)];
  });
  return { catchAll: [], ...indexOf(entries) };
}

function entryOf(rule: CompiledRule, order: number, match: unknown): Entry {
  const need = needOf(match);
  if (rule.on === undefined) return { rule, order, match, need };
  const from = rule.on.map((value): Need => ({ kind: 'value', path: ORIGIN, value }));
  return { rule, order, match, need: { all: [need, { any: from }] } };
}

function indexOf(entries: readonly Entry[]): Pick<RuleIndex, 'candidates'> {
  if (entries.length === 0) return { candidates: () => [] };
  const level = new Level(entries, Number.POSITIVE_INFINITY);
  return {
    candidates(event, origin) {
      const found: Entry[] = [];
      level.find(event, origin, found);
      return inOrder(found, origin);
    },
  };
}

class Level {
  readonly #fields = new FieldTree<Bucket>();
  /** Tests that several share, of which nothing else is known. */
  readonly #shared: readonly Shared<Entry>[];
  /** Tried on every event. */
  readonly #unknown: readonly Entry[];

  /** `limit`: what more than so many need tells nobody apart. */
  constructor(entries: readonly Entry[], limit: number) {
    const census = new ClueCensus<Entry>();
    for (const { need } of entries) census.count(need);
    const rest: Entry[] = [];
    for (const entry of entries) {
      const way = census.cheapest(entry.need);
      if (way === undefined || way.cost > limit) rest.push(entry);
      else for (const { filed } of way.slots) if (filed.at(-1) !== entry) filed.push(entry);
    }
    for (const { path, kind, slots } of census.filled()) {
      this.#fields.add(
        path,
        shelfOf(
          kind,
          slots.map((slot) => [slot.clue.value, bucketOf(slot)]),
        ),
      );
    }
    ({ shared: this.#shared, rest: this.#unknown } = sharedTests(rest));
  }

  find(event: Event, origin: string, found: Entry[]): void {
    for (const entry of this.#unknown) found.push(entry);
    for (const { matcher, entries } of this.#shared)
      if (matcher.holds(event)) for (const entry of entries) found.push(entry);
    for (const bucket of this.#fields.find(event, origin)) {
      if (bucket instanceof Level) bucket.find(event, origin, found);
      else for (const entry of bucket) found.push(entry);
    }
  }
}

function bucketOf({ filed }: Slot<Entry>): Bucket {
  return filed.length > MANY ? new Level(filed, filed.length / 2) : filed;
}

/** In the order of the files, each once; without those that take nothing from there. */
function inOrder(found: Entry[], origin: string): readonly CompiledRule[] {
  if (found.length > 1) found.sort((a, b) => a.order - b.order);
  const rules: CompiledRule[] = [];
  let last: Entry | undefined;
  for (const entry of found) {
    const { rule } = entry;
    if (entry !== last && (rule.on === undefined || rule.on.includes(origin))) rules.push(rule);
    last = entry;
  }
  return rules;
}
