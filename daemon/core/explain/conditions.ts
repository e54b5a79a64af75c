import { memoizeByObject } from '../../lib/memoize.ts';
import { type Event, OWN_SOURCE } from '../event/event.ts';
import { isObject } from '../values/json.ts';
import { compilePath } from '../match/path.ts';
import { compilePattern, type Pattern } from '../match/pattern.ts';
import type { CompiledRule, Condition } from '../ruleset.ts';
import { excerpt, type Hide } from './excerpt.ts';

/** One condition of a rule with the expected and the actual value, and whether it holds by itself. */
export interface ConditionView {
  /** Path of the field of the event; within a group with the group before it (`any[0].data.x`). */
  readonly path: string;
  /** Operator in the rule; `equals` for a plain value, `any_of` for a list, `cel` for `if`. */
  readonly operator: string;
  readonly expected: unknown;
  /** The value at the path, a list when there are several, null when there is none. A long value is cut. */
  readonly actual: unknown;
  readonly holds: boolean;
  /** True when the field is missing; for `if` the name of the missing field. */
  readonly missing?: true | string;
  /** Error of `if`. */
  readonly error?: string;
  /** `path` of the group that contains the condition. Then only the group must hold; all rows without `within` must hold. */
  readonly within?: string;
}

interface Group {
  readonly expected: string;
  holds(count: number, of: number): boolean;
}

const GROUPS: Readonly<Record<string, Group>> = {
  any: { expected: 'at least one', holds: (count) => count > 0 },
  all: { expected: 'every one', holds: (count, of) => count === of },
  none: { expected: 'not one', holds: (count) => count === 0 },
};

const unchanged: Hide = (text) => text;

/**
 * Explains a match map: one row for each operator of each field, in the order of the map; a group comes before its conditions. The
 * match holds if and only if all rows without `within` hold. The map must compile.
 */
export function explainMatch(match: unknown, event: Event, hide: Hide = unchanged): readonly ConditionView[] {
  return rowsOf(match, { prefix: '', readPath: pathReader(event, hide), operatorsOf: partsOf });
}

/** Reads the values at a path of the event, with the form in which they are shown. */
export type ReadPath = (path: string) => {
  readonly values: readonly unknown[];
  readonly shown: Pick<ConditionView, 'actual' | 'missing'>;
};

/** Reads values and keeps them, so that each path is read once for all rules. */
export function pathReader(event: Event, hide: Hide): ReadPath {
  const seen = new Map<string, ReturnType<ReadPath>>();
  return (path) => {
    let found = seen.get(path);
    if (found === undefined) {
      const values = compilePath(path)(event);
      seen.set(path, (found = { values, shown: shownAs(values, hide) }));
    }
    return found;
  };
}

/** The surroundings of the rows of a match map. */
interface RowContext {
  readonly prefix: string;
  readonly within?: string;
  readonly readPath: ReadPath;
  readonly operatorsOf: OperatorsOf;
}

function rowsOf(map: unknown, context: RowContext): readonly ConditionView[] {
  if (!isObject(map)) return [];
  return Object.entries(map).flatMap(([key, value]) => {
    const group = Object.hasOwn(GROUPS, key) ? GROUPS[key] : undefined;
    return group === undefined
      ? fieldRows(key, value, context)
      : groupRows(key, group, Array.isArray(value) ? value : [], context);
  });
}

function groupRows(
  word: string,
  group: Group,
  maps: readonly unknown[],
  context: RowContext,
): readonly ConditionView[] {
  const { prefix, within } = context;
  const path = prefix + word;
  const inside = maps.map((map, index) => rowsOf(map, { ...context, prefix: `${path}[${index}].`, within: path }));
  const count = inside.filter((rows) => rows.every((row) => row.within !== path || row.holds)).length;
  const row = {
    path,
    operator: word,
    expected: group.expected,
    actual: `${count} of ${maps.length}`,
    holds: group.holds(count, maps.length),
    ...(within !== undefined && { within }),
  };
  return [row, ...inside.flat()];
}

function fieldRows(
  path: string,
  pattern: unknown,
  { prefix, within, readPath, operatorsOf }: RowContext,
): readonly ConditionView[] {
  const { values, shown } = readPath(path);
  return operatorsIn(pattern, operatorsOf).map(({ operator, expected, holds }) => ({
    path: prefix + path,
    operator,
    expected,
    ...shown,
    holds: holds(values),
    ...(within !== undefined && { within }),
  }));
}

function shownAs(values: readonly unknown[], hide: Hide): Pick<ConditionView, 'actual' | 'missing'> {
  if (values.length === 0) return { actual: null, missing: true };
  return { actual: excerpt(values.length === 1 ? values[0] : values, hide) };
}

interface Operator {
  readonly operator: string;
  readonly expected: unknown;
  readonly holds: Pattern;
}

/** Compiled operators of a pattern; all of them must hold. */
export type OperatorsOf = (pattern: object) => readonly Operator[];

/** Compiles each pattern once, since expressions take long and a ruleset is explained more than once. */
export const memoizedOperators = (): OperatorsOf => memoizeByObject(partsOf);

function operatorsIn(pattern: unknown, operatorsOf: OperatorsOf): readonly Operator[] {
  return typeof pattern === 'object' && pattern !== null
    ? operatorsOf(pattern)
    : [operator('equals', pattern, pattern)];
}

function partsOf(pattern: object): readonly Operator[] {
  if (Array.isArray(pattern)) return [operator('any_of', pattern, pattern)];
  return Object.entries(pattern).map(([name, expected]) => operator(name, expected, { [name]: expected }));
}

function operator(name: string, expected: unknown, pattern: unknown): Operator {
  return { operator: name, expected, holds: compilePattern(pattern, '', []) };
}

export interface RuleView {
  /** Name of the source of the event, as in `on`. */
  readonly origin: string;
  readonly now: number;
  /** Names of the other rules that match the event, so that catch-all rules do not get it. */
  readonly matchedBy: readonly string[];
  readonly readPath: ReadPath;
  readonly operatorsOf: OperatorsOf;
}

/** Every condition of a rule, in the order of their evaluation. */
export function explainRule(rule: CompiledRule, event: Event, view: RuleView): readonly ConditionView[] {
  const { on, catchAll, enabled, match, condition } = rule;
  const { origin, now, matchedBy } = view;
  return [
    ...(on === undefined ? [] : [row('on', 'any_of', on, origin, on.includes(origin))]),
    ...(catchAll ? catchAllRows(event, matchedBy) : []),
    ...rowsOf(match, { prefix: '', ...view }),
    ...(condition === undefined ? [] : [conditionRow('if', condition, event, now)]),
    ...(enabled ? [] : [row('enabled', 'equals', true, false, false)]),
  ];
}

/** Conditions for an event that ends alerts of a rule: the rows of `resolve.match` and `resolve.if`, with the prefix `resolve.`. */
export function explainResolve(rule: CompiledRule, event: Event, view: RuleView): readonly ConditionView[] {
  const { matcher, match, condition } = rule.alert?.resolve ?? {};
  if (matcher === undefined && condition === undefined) return [];
  const prefix = 'resolve.';
  const rows = rowsOf(match, { prefix, ...view });
  return condition === undefined ? rows : [...rows, conditionRow(`${prefix}if`, condition, event, view.now)];
}

/** Conditions of a catch-all rule, which does not get the daemon's own events. */
function catchAllRows(event: Event, matchedBy: readonly string[]): readonly ConditionView[] {
  return [
    ...(event.source === OWN_SOURCE ? [row('source', 'not', OWN_SOURCE, event.source, false)] : []),
    row('catch_all', 'equals', [], matchedBy.slice(0, MAX_NAMED), matchedBy.length === 0),
  ];
}

const MAX_NAMED = 20;

function conditionRow(path: string, condition: Condition, event: Event, now: number): ConditionView {
  const { holds, error, missing } = condition.test(event, now);
  const unknown = error !== undefined || missing !== undefined;
  return {
    ...row(path, 'cel', condition.source, unknown ? null : holds, holds),
    ...(missing !== undefined && { missing }),
    ...(error !== undefined && { error }),
  };
}

function row(path: string, operator: string, expected: unknown, actual: unknown, holds: boolean): ConditionView {
  return { path, operator, expected, actual, holds };
}
