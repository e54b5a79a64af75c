import { isObject } from '../json.ts';
import { below } from '../pointer.ts';
import type { Event } from '../event.ts';
import type { Matcher } from '../ruleset.ts';
import { compilePath } from './path.ts';
import { compilePattern, type MatchProblem } from './pattern.ts';

export type CompiledMatch =
  | { readonly ok: true; readonly matcher: Matcher }
  | { readonly ok: false; readonly problems: readonly MatchProblem[] };

type Check = (event: Event) => boolean;

const COMBINATIONS: Readonly<Record<string, (checks: readonly Check[]) => Check>> = {
  any: (checks) => (event) => checks.some((check) => check(event)),
  all: (checks) => (event) => checks.every((check) => check(event)),
  none: (checks) => (event) => !checks.some((check) => check(event)),
};

/**
 * A map of dotted path -> pattern, all of which must hold; `any`, `all` and `none` take lists of such maps. All problems at
 * once, their pointers relative to the map.
 */
export function compileMatch(match: unknown): CompiledMatch {
  const problems: MatchProblem[] = [];
  const holds = compileMap(match, '', problems);
  return problems.length > 0 ? { ok: false, problems } : { ok: true, matcher: { holds } };
}

function compileMap(map: unknown, pointer: string, problems: MatchProblem[]): Check {
  if (!isObject(map)) {
    problems.push({
      pointer,
      message: 'this is not a map of path and pattern',
      mend: 'write it like `data.status: failure`',
    });
    return () => false;
  }
  const checks = Object.entries(map).map(([key, value]) => {
    const combine = Object.hasOwn(COMBINATIONS, key) ? COMBINATIONS[key] : undefined;
    return combine === undefined
      ? compileField(key, value, below(pointer, key), problems)
      : combine(compileMaps(key, value, below(pointer, key), problems));
  });
  return checks.length === 1 ? checks[0]! : (event) => checks.every((check) => check(event));
}

function compileMaps(word: string, maps: unknown, pointer: string, problems: MatchProblem[]): Check[] {
  if (Array.isArray(maps) && maps.length > 0)
    return maps.map((map, index) => compileMap(map, below(pointer, index), problems));
  problems.push({
    pointer,
    message: `\`${word}\` is not a list of maps`,
    mend: `write it like \`${word}: [{ data.a: 1 }, { data.b: 2 }]\``,
  });
  return [];
}

function compileField(path: string, pattern: unknown, pointer: string, problems: MatchProblem[]): Check {
  if (path === '' || path.split('.').includes('')) {
    problems.push({ pointer, message: `\`${path}\` is not a path`, mend: 'write it like `data.repo.name`' });
  }
  const values = compilePath(path);
  const holds = compilePattern(pattern, pointer, problems);
  return (event) => holds(values(event));
}
