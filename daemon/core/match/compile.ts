import { isObject } from '../values/json.ts';
import { joinPointer } from '../values/pointer.ts';
import type { Event } from '../event/event.ts';
import type { Matcher } from '../ruleset.ts';
import { isScalar, type Scalar } from './index/requirement.ts';
import { compilePath, type Path } from './path.ts';
import { compilePattern, type MatchProblem, type Pattern } from './pattern.ts';

export type CompiledMatch =
  | { readonly ok: true; readonly matcher: Matcher }
  | { readonly ok: false; readonly problems: readonly MatchProblem[] };

const COMBINATIONS: Readonly<Record<string, (maps: readonly Matcher[]) => Matcher>> = {
  any: (maps) => ({ holds: (event) => maps.some((map) => map.holds(event)) }),
  all: together,
  none: (maps) => ({ holds: (event) => !maps.some((map) => map.holds(event)) }),
};

/**
 * Compiles a map of dotted path -> pattern, all of which must hold; `any`, `all` and `none` take lists of such maps. Collects all
 * problems, with pointers relative to the map.
 */
export function compileMatch(match: unknown): CompiledMatch {
  const problems: MatchProblem[] = [];
  const matcher = compileMap(match, '', problems);
  return problems.length > 0 ? { ok: false, problems } : { ok: true, matcher };
}

function compileMap(map: unknown, pointer: string, problems: MatchProblem[]): Matcher {
  if (!isObject(map)) {
    problems.push({
      pointer,
      message: 'this is not a map of path and pattern',
      mend: 'write it like `data.status: failure`',
    });
    return { holds: () => false };
  }
  const checks = Object.entries(map).map(([key, value]) => {
    const combine = Object.hasOwn(COMBINATIONS, key) ? COMBINATIONS[key] : undefined;
    return combine === undefined
      ? compileField(key, value, joinPointer(pointer, key), problems)
      : combine(compileMaps(key, value, joinPointer(pointer, key), problems));
  });
  return together(checks);
}

function compileMaps(word: string, maps: unknown, pointer: string, problems: MatchProblem[]): Matcher[] {
  if (Array.isArray(maps) && maps.length > 0)
    return maps.map((map, index) => compileMap(map, joinPointer(pointer, index), problems));
  problems.push({
    pointer,
    message: `\`${word}\` is not a list of maps`,
    mend: `write it like \`${word}: [{ data.a: 1 }, { data.b: 2 }]\``,
  });
  return [];
}

function compileField(path: string, pattern: unknown, pointer: string, problems: MatchProblem[]): Matcher {
  if (path === '' || path.split('.').includes('')) {
    problems.push({ pointer, message: `\`${path}\` is not a path`, mend: 'write it like `data.repo.name`' });
  }
  const values = compilePath(path);
  return isScalar(pattern)
    ? new Equal(values, pattern)
    : new Fitting(values, compilePattern(pattern, pointer, problems));
}

function together(matchers: readonly Matcher[]): Matcher {
  if (matchers.length === 0) return { holds: () => true };
  return matchers.reduce((first, second) => new Both(first, second));
}

// Classes, not closures: with ten thousand rules a matcher is seldom in the processor's cache, and an object of a class needs half
// as much memory.

export class Both implements Matcher {
  readonly #first: Matcher;
  readonly #second: Matcher;

  constructor(first: Matcher, second: Matcher) {
    this.#first = first;
    this.#second = second;
  }

  holds(event: Event): boolean {
    return this.#first.holds(event) && this.#second.holds(event);
  }
}

class Fitting implements Matcher {
  readonly #values: Path;
  readonly #fits: Pattern;

  constructor(values: Path, fits: Pattern) {
    this.#values = values;
    this.#fits = fits;
  }

  holds(event: Event): boolean {
    return this.#fits(this.#values(event));
  }
}

class Equal implements Matcher {
  readonly #values: Path;
  readonly #expected: Scalar;

  constructor(values: Path, expected: Scalar) {
    this.#values = values;
    this.#expected = expected;
  }

  holds(event: Event): boolean {
    for (const value of this.#values(event)) {
      if (value === this.#expected || (Array.isArray(value) && value.some((one) => one === this.#expected)))
        return true;
    }
    return false;
  }
}
