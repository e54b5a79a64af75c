import { isObject } from '../../values/json.ts';
import type { Matcher } from '../../ruleset.ts';
import { compileMatch } from '../compile.ts';
import { writtenOut } from './residuals.ts';

/** A rule by its place, and the match that is asked for it, as written. */
export interface Asking {
  readonly place: number;
  readonly match: unknown;
}

/** Rules whose matches have one condition in common. */
export interface Shared {
  readonly matcher: Matcher;
  readonly rules: readonly number[];
}

type Condition = Readonly<Record<string, unknown>>;

interface Group {
  readonly condition: Condition;
  /** How many have the condition. */
  count: number;
  /** Those that are asked for by it. */
  readonly rules: number[];
}

/** Puts each rule to others that have the same condition, the most common of its own; `rest` has none in common with others. */
export function sharedTests(asking: readonly Asking[]): {
  readonly shared: readonly Shared[];
  readonly rest: readonly number[];
} {
  const groups = new Map<string, Group>();
  const groupsOf = asking.map(({ match }) => conditionsOf(match).map((condition) => join(groups, condition)));
  const rest: number[] = [];
  asking.forEach(({ place }, at) => {
    const most = groupsOf[at]!.reduce<Group | undefined>(
      (best, group) => (group.count > (best?.count ?? 1) ? group : best),
      undefined,
    );
    (most?.rules ?? rest).push(place);
  });
  const shared = [...groups.values()].flatMap(({ condition, rules }) => {
    const compiled = rules.length === 0 ? undefined : compileMatch(condition);
    return compiled?.ok === true ? [{ matcher: compiled.matcher, rules }] : [];
  });
  return { shared, rest };
}

function join(groups: Map<string, Group>, condition: Condition): Group {
  const text = writtenOut(condition);
  let group = groups.get(text);
  if (group === undefined) groups.set(text, (group = { condition, count: 0, rules: [] }));
  group.count += 1;
  return group;
}

const conditionsOf = (match: unknown): readonly Condition[] =>
  isObject(match) ? Object.entries(match).map(([path, pattern]) => ({ [path]: pattern })) : [];
