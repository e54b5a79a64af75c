import { isObject } from '../values/json.ts';
import { joinPointer } from '../values/pointer.ts';
import { mendByName } from '../problems/suggest.ts';
import { equals, type Test, VALUE_OPERATORS } from './operators.ts';

/** Test of a field, given all values at its path. */
export type Pattern = (values: readonly unknown[]) => boolean;

export interface MatchProblem {
  readonly pointer: string;
  readonly message: string;
  readonly mend: string;
}

const NAMES = [...Object.keys(VALUE_OPERATORS), 'not', 'exists'];

/**
 * Compiles a pattern: a scalar must be equal, one pattern of a list must hold, all operators of a map must hold. A missing field
 * fits only `exists: false` and `not`. For an array one element must fit; with `not`, no element may.
 */
export function compilePattern(pattern: unknown, pointer: string, problems: MatchProblem[]): Pattern {
  if (Array.isArray(pattern)) return anyOf(pattern, pointer, problems);
  if (isObject(pattern)) return operators(pattern, pointer, problems);
  return someValue(equals(pattern));
}

function anyOf(list: readonly unknown[], pointer: string, problems: MatchProblem[]): Pattern {
  if (list.length === 0)
    problems.push({
      pointer,
      message: 'the list is empty, so nothing can match it',
      mend: 'write what may match, or leave the field out',
    });
  const scalars = new Set(list.filter((item) => typeof item !== 'object' || item === null));
  const others = list.flatMap((item, index) =>
    typeof item === 'object' && item !== null ? [compilePattern(item, joinPointer(pointer, index), problems)] : [],
  );
  const isOne = someValue((value) => scalars.has(value));
  return others.length === 0 ? isOne : (values) => isOne(values) || others.some((other) => other(values));
}

function operators(map: Record<string, unknown>, pointer: string, problems: MatchProblem[]): Pattern {
  const names = Object.keys(map);
  if (names.length === 0)
    problems.push({ pointer, message: 'the map is empty', mend: `write an operator: ${NAMES.join(', ')}` });
  const compiled = names.map((name) => operator(name, map[name], joinPointer(pointer, name), problems));
  return compiled.length === 1 ? compiled[0]! : (values) => compiled.every((holds) => holds(values));
}

function operator(name: string, argument: unknown, pointer: string, problems: MatchProblem[]): Pattern {
  if (name === 'not') {
    const inner = compilePattern(argument, pointer, problems);
    return (values) => !inner(values);
  }
  if (name === 'exists') {
    if (typeof argument !== 'boolean')
      problems.push({
        pointer,
        message: '`exists` is neither true nor false',
        mend: 'write `exists: true` or `exists: false`',
      });
    return (values) => values.length > 0 === argument;
  }
  const compile = Object.hasOwn(VALUE_OPERATORS, name) ? VALUE_OPERATORS[name] : undefined;
  const result = compile?.(argument) ?? {
    ok: false as const,
    message: `there is no operator \`${name}\``,
    mend: mendByName(name, NAMES, '', 'operators'),
  };
  if (result.ok) return someValue(result.test);
  problems.push({
    pointer,
    message: compile === undefined ? result.message : `\`${name}\`: ${result.message}`,
    mend: result.mend,
  });
  return () => false;
}

function someValue(test: Test): Pattern {
  return (values) => {
    for (const value of values) if (Array.isArray(value) ? value.some(test) : test(value)) return true;
    return false;
  };
}
