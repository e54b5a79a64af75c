import { isObject } from '../../values/json.ts';
import { literalEnds } from '../glob.ts';

export type Scalar = string | number | boolean | null;

/** Both ends belong to it; where there is no bound it ends at infinity. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

/** What an event has at a path: some value, one that begins or ends so, one in a range, or anything at all. */
export type Clue =
  | { readonly kind: 'value'; readonly path: string; readonly value: Scalar }
  | { readonly kind: 'folded' | 'prefix' | 'suffix'; readonly path: string; readonly value: string }
  | { readonly kind: 'range'; readonly path: string; readonly value: Range }
  | { readonly kind: 'present'; readonly path: string; readonly value: null };

/** What every event has that fits: `all` of these, or at least one of `any`. */
export type Need = Clue | { readonly all: readonly Need[] } | { readonly any: readonly Need[] };

/** What no index can say anything about. */
const NOTHING: Need = { all: [] };

const GROUPS: Readonly<Record<string, (maps: readonly unknown[]) => Need>> = {
  any: (maps) => ({ any: maps.map(needOf) }),
  all: (maps) => ({ all: maps.map(needOf) }),
  none: () => NOTHING,
};

/** What an event needs for a match map to hold: never more than the map asks for, often less. */
export function needOf(match: unknown): Need {
  if (!isObject(match)) return NOTHING;
  const needs = Object.keys(match).map((key) => {
    const value = match[key];
    const group = Object.hasOwn(GROUPS, key) ? GROUPS[key] : undefined;
    return group === undefined ? patternNeed(key, value) : group(Array.isArray(value) ? value : []);
  });
  return needs.length === 1 ? needs[0]! : { all: needs };
}

function patternNeed(path: string, pattern: unknown): Need {
  if (isScalar(pattern)) return { kind: 'value', path, value: pattern };
  if (Array.isArray(pattern)) return { any: pattern.map((item) => patternNeed(path, item)) };
  if (!isObject(pattern)) return NOTHING;
  const needs: Need[] = [];
  for (const name in pattern) {
    if (Object.hasOwn(OPERATORS, name)) needs.push(OPERATORS[name]!(path, pattern[name]));
  }
  const range = rangeNeed(path, pattern);
  if (range !== undefined) needs.push(range);
  return needs.length === 1 ? needs[0]! : { all: needs };
}

const OPERATORS: Readonly<Record<string, (path: string, argument: unknown) => Need>> = {
  prefix: ofTexts((path, value) => ({ kind: 'prefix', path, value })),
  suffix: ofTexts((path, value) => ({ kind: 'suffix', path, value })),
  equals_ignore_case: ofTexts((path, value) => ({ kind: 'folded', path, value: value.toLowerCase() })),
  glob: ofTexts((path, pattern) => {
    const { head, tail } = literalEnds(pattern);
    const ends: readonly Need[] = [
      { kind: 'prefix', path, value: head },
      { kind: 'suffix', path, value: tail },
    ];
    return { all: ends.filter((_, at) => [head, tail][at] !== '') };
  }),
  exists: (path, argument) => (argument === true ? { kind: 'present', path, value: null } : NOTHING),
};

function ofTexts(needOfText: (path: string, text: string) => Need): (path: string, argument: unknown) => Need {
  return (path, argument) => {
    if (typeof argument === 'string') return needOfText(path, argument);
    return Array.isArray(argument)
      ? { any: argument.map((text) => (typeof text === 'string' ? needOfText(path, text) : NOTHING)) }
      : NOTHING;
  };
}

function rangeNeed(path: string, pattern: Record<string, unknown>): Need | undefined {
  const value = rangeOf(pattern);
  return value === undefined ? undefined : { kind: 'range', path, value };
}

/**
 * The bounds of one map together; undefined without any. Each may be met by another element of an array; who looks ranges up
 * minds that.
 */
export function rangeOf({ gt, gte, lt, lte }: Record<string, unknown>): Range | undefined {
  const low = Math.max(isNumber(gt) ? above(gt) : NONE_LOWER, isNumber(gte) ? gte : NONE_LOWER);
  const high = Math.min(isNumber(lt) ? -above(-lt) : NONE_HIGHER, isNumber(lte) ? lte : NONE_HIGHER);
  // Without any bound it is the sum of both infinities.
  return Number.isNaN(low + high) ? undefined : { low, high };
}

const NONE_LOWER = Number.NEGATIVE_INFINITY;
const NONE_HIGHER = Number.POSITIVE_INFINITY;

/** The next number there is: a range that begins after another one's bound begins with that. */
function above(number: number): number {
  if (!Number.isFinite(number)) return number;
  if (number === 0) return Number.MIN_VALUE;
  one[0] = number;
  bits[0]! += number > 0 ? 1n : -1n;
  return one[0];
}

const one = new Float64Array(1);
const bits = new BigInt64Array(one.buffer);

const isNumber = (value: unknown): value is number => typeof value === 'number';

export function isScalar(value: unknown): value is Scalar {
  return value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}
