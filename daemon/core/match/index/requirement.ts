import { isObject } from '../../values/json.ts';
import { literalEnds } from '../glob.ts';

export type Scalar = string | number | boolean | null;

/** A closed range of numbers; a side without a bound is infinite. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

/** A condition on the values at one path that an index can look up. `folded` compares in lower case; `present` holds for any value. */
export type Predicate =
  | { readonly kind: 'value'; readonly path: string; readonly value: Scalar }
  | { readonly kind: 'folded' | 'prefix' | 'suffix'; readonly path: string; readonly value: string }
  | { readonly kind: 'range'; readonly path: string; readonly value: Range }
  | { readonly kind: 'present'; readonly path: string; readonly value: null };

/** A condition that every matching event satisfies: a predicate, all of a list, or at least one of a list. */
export type Requirement =
  | Predicate
  | { readonly all: readonly Requirement[] }
  | { readonly any: readonly Requirement[] };

/** A requirement that every event satisfies, which an index cannot use. */
const NOTHING: Requirement = { all: [] };

const GROUPS: Readonly<Record<string, (maps: readonly unknown[]) => Requirement>> = {
  any: (maps) => ({ any: maps.map(requirementOf) }),
  all: (maps) => ({ all: maps.map(requirementOf) }),
  none: () => NOTHING,
};

/** The part of a `match` map that can be indexed. An event that does not satisfy it cannot match; an event that does may still not match. */
export function requirementOf(match: unknown): Requirement {
  if (!isObject(match)) return NOTHING;
  const parts = Object.keys(match).map((key) => {
    const value = match[key];
    const group = Object.hasOwn(GROUPS, key) ? GROUPS[key] : undefined;
    return group === undefined ? patternRequirement(key, value) : group(Array.isArray(value) ? value : []);
  });
  return parts.length === 1 ? parts[0]! : { all: parts };
}

function patternRequirement(path: string, pattern: unknown): Requirement {
  if (isScalar(pattern)) return { kind: 'value', path, value: pattern };
  if (Array.isArray(pattern)) return { any: pattern.map((item) => patternRequirement(path, item)) };
  if (!isObject(pattern)) return NOTHING;
  const parts: Requirement[] = [];
  for (const name in pattern) {
    if (Object.hasOwn(OPERATORS, name)) parts.push(OPERATORS[name]!(path, pattern[name]));
  }
  const range = rangeOf(pattern);
  if (range !== undefined) parts.push({ kind: 'range', path, value: range });
  return parts.length === 1 ? parts[0]! : { all: parts };
}

const OPERATORS: Readonly<Record<string, (path: string, argument: unknown) => Requirement>> = {
  prefix: ofTexts((path, value) => ({ kind: 'prefix', path, value })),
  suffix: ofTexts((path, value) => ({ kind: 'suffix', path, value })),
  equals_ignore_case: ofTexts((path, value) => ({ kind: 'folded', path, value: value.toLowerCase() })),
  glob: ofTexts((path, pattern) => {
    const { prefix, suffix } = literalEnds(pattern);
    const ends: readonly Predicate[] = [
      { kind: 'prefix', path, value: prefix },
      { kind: 'suffix', path, value: suffix },
    ];
    return { all: ends.filter(({ value }) => value !== '') };
  }),
  exists: (path, argument) => (argument === true ? { kind: 'present', path, value: null } : NOTHING),
};

function ofTexts(
  ofText: (path: string, text: string) => Requirement,
): (path: string, argument: unknown) => Requirement {
  const ofPart = (path: string, part: unknown): Requirement =>
    typeof part === 'string' ? ofText(path, part) : NOTHING;
  return (path, argument) =>
    Array.isArray(argument) ? { any: argument.map((part) => ofPart(path, part)) } : ofPart(path, argument);
}

/** The bounds of one pattern together, exclusive bounds taken as inclusive ones; undefined without a bound that is a number. */
function rangeOf({ gt, gte, lt, lte }: Record<string, unknown>): Range | undefined {
  const lows = [gt, gte].filter(isNumber);
  const highs = [lt, lte].filter(isNumber);
  if (lows.length + highs.length === 0) return undefined;
  const [low, high] = [Math.max(...lows), Math.min(...highs)];
  // A bound that is not a number (NaN) holds for no value, and the recheck finds that.
  return Number.isNaN(low + high) ? undefined : { low, high };
}

const isNumber = (value: unknown): value is number => typeof value === 'number';

export function isScalar(value: unknown): value is Scalar {
  return value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}
