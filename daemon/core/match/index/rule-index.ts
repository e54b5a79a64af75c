import type { Event } from '../../event/event.ts';
import type { CompiledRule, Matcher, RuleIndex } from '../../ruleset.ts';
import { cheapest, ClueCensus, fileUnder, type Way } from './selectivity.ts';
import { FieldTree } from './field-tree.ts';
import { distinct } from './candidates.ts';
import { type Need, needOf } from './requirement.ts';
import { type Remainder, Remainders } from './residuals.ts';
import { type Asking, type Shared, sharedTests } from './shared-tests.ts';
import { TextTable } from './string-table.ts';

/** A rule on its way into the index. */
interface Entry extends Asking {
  readonly rule: CompiledRule;
  /** Undefined when every event fits. */
  readonly matcher: Matcher | undefined;
}

/** Rules that are found together; when they are many, an index of their own tells them apart further. */
type Group = readonly number[] | Level;

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
  const catchAll = rules.filter((rule) => rule.enabled && rule.catchAll);
  const others = rules.filter((rule) => !rule.catchAll);
  return {
    catchAll,
    ...indexOf(others.map((rule, place) => ({ place, rule, match: rule.match, matcher: rule.matcher }))),
  };
}

/** The rules by what ends their alerts. */
export function buildResolvingIndex(rules: readonly CompiledRule[]): RuleIndex {
  const ending = rules.filter(({ resolve }) => resolve?.matcher !== undefined || resolve?.condition !== undefined);
  const entries = ending.map((rule, place): Entry => {
    const { match, matcher } = rule.resolve!;
    return { place, rule, match, matcher };
  });
  return { catchAll: [], ...indexOf(entries) };
}

/** What an event needs to fit. Worked out where it is wanted: of ten thousand at once, each would outlive its use. */
function needFor({ rule: { on }, match }: Entry): Need {
  const need = needOf(match);
  return on === undefined
    ? need
    : { all: [need, { any: on.map((value) => ({ kind: 'value', path: ORIGIN, value })) }] };
}

function indexOf(entries: readonly Entry[]): Pick<RuleIndex, 'matching'> {
  if (entries.length === 0) return { matching: () => [] };
  const index = new Index(entries);
  return { matching: (event, origin) => index.matching(event, origin) };
}

class Index {
  /** By place: what is found by number is not fetched from memory until it is known to be wanted. */
  readonly #rules: readonly CompiledRule[];
  readonly #matchers: readonly (Matcher | undefined)[];
  /** What is left to ask when a rule was found. */
  readonly #left: (Remainder | undefined)[];
  readonly #root: Level;

  constructor(entries: readonly Entry[]) {
    this.#rules = entries.map(({ rule }) => rule);
    this.#matchers = entries.map(({ matcher }) => matcher);
    this.#left = [...this.#matchers];
    const remainders = new Remainders();
    const shared: Common = { rules: entries.length, groups: [], table: new TextTable() };
    this.#root = new Level(entries, Number.POSITIVE_INFINITY, shared, ({ place, match, matcher }, { slots }) => {
      if (matcher !== undefined) this.#left[place] = remainders.of(match, matcher, slots);
    });
    shared.table.seal();
  }

  /** In the order of the files, each once. */
  matching(event: Event, origin: string): readonly CompiledRule[] {
    const found: Found = { places: [], doubtful: false };
    this.#root.find(event, origin, found);
    const left = found.doubtful ? this.#matchers : this.#left;
    const matching: CompiledRule[] = [];
    for (const place of distinct(found.places)) {
      const remainder = left[place];
      if (remainder !== undefined && !(remainder.holds(event) ?? this.#matchers[place]!.holds(event))) continue;
      const rule = this.#rules[place]!;
      if (rule.on === undefined || rule.on.includes(origin)) matching.push(rule);
    }
    return matching;
  }
}

/** What all levels of an index have in common. */
interface Common {
  /** How many there are. A bucket is the place of a rule, or that of a group, counted on from there. */
  readonly rules: number;
  readonly groups: Group[];
  readonly table: TextTable;
}

interface Found {
  readonly places: number[];
  /** Whether what a rule was found by may not be what it asks for. */
  doubtful: boolean;
}

class Level {
  readonly #common: Common;
  readonly #fields: FieldTree;
  /** Tests that several share, of which nothing else is known. */
  readonly #shared: readonly Shared[];
  /** Tried on every event. */
  readonly #unknown: readonly number[];

  /** `limit`: what more than so many need tells nobody apart. `onFiled` is told by what an entry is found from then on. */
  constructor(
    entries: readonly Entry[],
    limit: number,
    common: Common,
    onFiled?: (entry: Entry, way: Way<Entry>) => void,
  ) {
    this.#common = common;
    this.#fields = new FieldTree(common.table);
    const census = new ClueCensus<Entry>();
    const counted = entries.map((entry) => census.count(needFor(entry)));
    const rest: Entry[] = [];
    for (const [at, entry] of entries.entries()) {
      const way = cheapest(counted[at]!);
      if (way === undefined || way.cost > limit) {
        rest.push(entry);
        continue;
      }
      fileUnder(way, entry);
      onFiled?.(entry, way);
    }
    for (const { path, kind, slots } of census.filled()) {
      this.#fields.add(
        path,
        kind,
        slots.map(({ clue, filed }) => [clue.value, bucketOf(filed, common)]),
      );
    }
    this.#fields.seal();
    ({ shared: this.#shared, rest: this.#unknown } = sharedTests(rest));
  }

  find(event: Event, origin: string, found: Found): void {
    for (const place of this.#unknown) found.places.push(place);
    for (const { matcher, rules } of this.#shared) {
      if (matcher.holds(event)) for (const place of rules) found.places.push(place);
    }
    const finds = this.#fields.find(event, origin);
    for (const bucket of finds.all()) {
      if (bucket < this.#common.rules) found.places.push(bucket);
      else this.#findIn(this.#common.groups[bucket - this.#common.rules]!, event, origin, found);
    }
    if (finds.doubtful) found.doubtful = true;
  }

  #findIn(group: Group, event: Event, origin: string, found: Found): void {
    if (group instanceof Level) group.find(event, origin, found);
    else for (const place of group) found.places.push(place);
  }
}

function bucketOf(entries: readonly Entry[], common: Common): number {
  if (entries.length === 1) return entries[0]!.place;
  const group =
    entries.length > MANY ? new Level(entries, entries.length / 2, common) : entries.map(({ place }) => place);
  common.groups.push(group);
  return common.rules + common.groups.length - 1;
}
