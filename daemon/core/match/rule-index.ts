import type { Event } from '../event.ts';
import { isObject } from '../json.ts';
import type { CompiledRule, RuleIndex } from '../ruleset.ts';
import { compilePath, type Path } from './path.ts';

type Scalar = string | number | boolean | null;

/** A rule that stands in the index under some values of one path. `match` is what it is found by, as written. */
interface Entry {
  readonly rule: CompiledRule;
  readonly match: unknown;
  readonly order: number;
}

interface Shelf {
  readonly values: Path;
  readonly byValue: Map<Scalar, Entry[]>;
}

const EVERYWHERE = '';

/**
 * Files each rule under its source or one of its equality patterns, whichever tells the rules apart best, so that an event looks
 * up its own values instead of asking every rule. Rules without an equality are tried on every event of their sources. Disabled
 * rules are found too, so that they can be told of; catch-all rules are not.
 */
export function buildIndex(rules: readonly CompiledRule[]): RuleIndex {
  const entries = rules.map((rule, order) => ({ rule, match: rule.match, order }));
  const catchAll = rules.filter((rule) => rule.enabled && rule.catchAll);
  return { catchAll, ...indexOf(entries.filter(({ rule }) => !rule.catchAll)) };
}

/** The rules by what ends their alerts. */
export function buildResolvingIndex(rules: readonly CompiledRule[]): RuleIndex {
  const entries = rules
    .map((rule, order) => ({ rule, match: rule.resolve?.match, order }))
    .filter(({ rule: { resolve } }) => resolve?.matcher !== undefined || resolve?.condition !== undefined);
  return { catchAll: [], ...(entries.length === 0 ? NOTHING : indexOf(entries)) };
}

const NOTHING = { candidates: (): readonly CompiledRule[] => [] };

function indexOf(entries: readonly Entry[]): Pick<RuleIndex, 'candidates'> {
  const distinct = distinctValues(entries);
  const sources = new Set(entries.flatMap(({ rule }) => rule.on ?? [])).size;
  const shelves = new Map<string, Shelf>();
  const bySource = new Map<string, Entry[]>();
  for (const entry of entries) {
    const { match } = entry;
    const { on } = entry.rule;
    const bySourceShare = on === undefined ? Number.POSITIVE_INFINITY : on.length / sources;
    const path = mostSelective(equalities(match), distinct, bySourceShare);
    if (path !== undefined) file(shelves, path, entry);
    else for (const origin of new Set(on ?? [EVERYWHERE])) push(bySource, origin, entry);
  }
  return {
    candidates(event, origin) {
      const found = [...(bySource.get(EVERYWHERE) ?? []), ...(bySource.get(origin) ?? [])];
      for (const shelf of shelves.values()) lookUp(shelf, event, found);
      return inOrder(found).filter(({ on }) => on === undefined || on.includes(origin));
    },
  };
}

/** The fields of a match that must equal one of some scalars, by path. */
function equalities(match: unknown): ReadonlyMap<string, readonly Scalar[]> {
  const found = new Map<string, readonly Scalar[]>();
  if (!isObject(match)) return found;
  for (const [path, pattern] of Object.entries(match)) {
    const list: readonly unknown[] = Array.isArray(pattern) ? pattern : [pattern];
    const isField = path !== 'any' && path !== 'all' && path !== 'none';
    if (isField && list.length > 0 && list.every(isScalar)) found.set(path, list);
  }
  return found;
}

function distinctValues(entries: readonly Entry[]): ReadonlyMap<string, number> {
  const seen = new Map<string, Set<Scalar>>();
  for (const { match } of entries) {
    for (const [path, values] of equalities(match)) {
      const known = seen.get(path) ?? new Set();
      for (const value of values) known.add(value);
      seen.set(path, known);
    }
  }
  return new Map([...seen].map(([path, values]) => [path, values.size]));
}

/** Few values of a path that has many over all rules, and fewer of them than `limit`. */
function mostSelective(
  fields: ReadonlyMap<string, readonly Scalar[]>,
  distinct: ReadonlyMap<string, number>,
  limit: number,
): string | undefined {
  let best: string | undefined;
  let least = limit;
  for (const [path, values] of fields) {
    const share = values.length / distinct.get(path)!;
    if (share < least) [best, least] = [path, share];
  }
  return best;
}

function file(shelves: Map<string, Shelf>, path: string, entry: Entry): void {
  let shelf = shelves.get(path);
  if (shelf === undefined) shelves.set(path, (shelf = { values: compilePath(path), byValue: new Map() }));
  for (const value of new Set(equalities(entry.match).get(path))) push(shelf.byValue, value, entry);
}

function lookUp(shelf: Shelf, event: Event, found: Entry[]): void {
  for (const value of shelf.values(event)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (isScalar(one)) for (const entry of shelf.byValue.get(one) ?? []) found.push(entry);
    }
  }
}

/** In the order of the files, each once. */
function inOrder(found: readonly Entry[]): CompiledRule[] {
  if (found.length < 2) return found.map(({ rule }) => rule);
  return [...new Map(found.map((entry) => [entry.order, entry.rule])).entries()]
    .sort(([a], [b]) => a - b)
    .map(([, rule]) => rule);
}

function push<K>(map: Map<K, Entry[]>, key: K, entry: Entry): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [entry]);
  else list.push(entry);
}

function isScalar(value: unknown): value is Scalar {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}
