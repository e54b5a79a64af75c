import { isObject } from '../json.ts';
import type { Matcher } from '../ruleset.ts';
import { compileMatch } from './compile.ts';

/** Entries whose matches have one condition in common. */
export interface Shared<T> {
  readonly matcher: Matcher;
  readonly entries: readonly T[];
}

interface Group<T> {
  readonly condition: Readonly<Record<string, unknown>>;
  /** How many have the condition. */
  count: number;
  /** Those that are asked for by it. */
  readonly entries: T[];
}

/** Puts each entry to others that have the same condition, the most common of its own; `rest` has none in common with others. */
export function sharedTests<T extends { readonly match: unknown }>(
  entries: readonly T[],
): { readonly shared: readonly Shared<T>[]; readonly rest: readonly T[] } {
  const groups = new Map<string, Group<T>>();
  const groupsOf = entries.map(({ match }) => conditionsOf(match).map((condition) => join(groups, condition)));
  const rest = entries.filter((entry, at) => {
    const most = groupsOf[at]!.reduce<Group<T> | undefined>(
      (best, group) => (group.count > (best?.count ?? 1) ? group : best),
      undefined,
    );
    most?.entries.push(entry);
    return most === undefined;
  });
  const shared = [...groups.values()].flatMap(({ condition, entries: those }) => {
    const compiled = those.length === 0 ? undefined : compileMatch(condition);
    return compiled?.ok === true ? [{ matcher: compiled.matcher, entries: those }] : [];
  });
  return { shared, rest };
}

function join<T>(groups: Map<string, Group<T>>, condition: Group<T>['condition']): Group<T> {
  const text = JSON.stringify(condition, distinct);
  let group = groups.get(text);
  if (group === undefined) groups.set(text, (group = { condition, count: 0, entries: [] }));
  group.count += 1;
  return group;
}

const conditionsOf = (match: unknown): readonly Readonly<Record<string, unknown>>[] =>
  isObject(match) ? Object.entries(match).map(([path, pattern]) => ({ [path]: pattern })) : [];

/** JSON has no infinity, and would write null. */
const distinct = (_key: string, value: unknown): unknown =>
  typeof value === 'number' && !Number.isFinite(value) ? { number: String(value) } : value;
