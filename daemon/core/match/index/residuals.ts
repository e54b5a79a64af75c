import { isObject } from '../../values/json.ts';
import type { Matcher } from '../../ruleset.ts';
import { compileMatch } from '../compile.ts';
import { isScalar, type Predicate } from './requirement.ts';

/** Longer lists of predicates are not compared with the pattern: the time would grow with the square of their number. */
const MAX_PREDICATES = 16;

/**
 * The conditions of a `match` that its access path does not prove. Rules with the same residual share one matcher, which is in
 * the processor's cache when an event comes; the matchers of ten thousand rules are not.
 */
export class Residuals {
  readonly #shared = new Map<string, Matcher>();

  /** The matcher to apply to a candidate; undefined when the access path proves all of `match`. `whole` is the matcher of `match`. */
  of(match: unknown, whole: Matcher, accessPath: readonly Predicate[]): Matcher | undefined {
    const proved = provedKey(match, accessPath);
    if (proved === undefined) return whole;
    const { [proved]: _, ...residual } = match as Record<string, unknown>;
    if (Object.keys(residual).length === 0) return undefined;
    const text = JSON.stringify(residual, withInfinity);
    const known = this.#shared.get(text);
    if (known !== undefined) return known;
    const compiled = compileMatch(residual);
    if (!compiled.ok) return whole;
    this.#shared.set(text, compiled.matcher);
    return compiled.matcher;
  }
}

/** The key of a `match` map whose pattern holds when any of the predicates holds. */
function provedKey(match: unknown, accessPath: readonly Predicate[]): string | undefined {
  const [first] = accessPath;
  if (first === undefined || accessPath.length > MAX_PREDICATES || !isObject(match)) return undefined;
  const { path } = first;
  if (!Object.hasOwn(match, path)) return undefined;
  return accessPath.every((predicate) => predicate.path === path && proves(predicate, match[path])) ? path : undefined;
}

/** Ranges prove nothing: they include their exclusive bounds, and two elements of an array may meet the bounds. */
function proves(predicate: Predicate, pattern: unknown): boolean {
  if (isScalar(pattern)) return predicate.kind === 'value' && predicate.value === pattern;
  if (Array.isArray(pattern)) return pattern.some((one) => proves(predicate, one));
  if (!isObject(pattern)) return false;
  const [name, ...others] = Object.keys(pattern);
  if (name === undefined || others.length > 0) return false;
  if (name === 'exists') return pattern[name] === true;
  if (name !== predicate.kind || (name !== 'prefix' && name !== 'suffix')) return false;
  return [pattern[name]].flat().includes(predicate.value);
}

/** JSON has neither infinity nor NaN, and would write both as null. */
const withInfinity = (_key: string, value: unknown): unknown =>
  typeof value === 'number' && !Number.isFinite(value) ? { number: String(value) } : value;
