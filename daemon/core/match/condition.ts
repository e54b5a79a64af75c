import { type ASTNode, Environment, serialize } from '@marcbachmann/cel-js';
import { RE2JS } from 're2js';
import type { Condition } from '../ruleset.ts';

export type CompiledCondition =
  | { readonly ok: true; readonly condition: Condition }
  | { readonly ok: false; readonly message: string; readonly offset: number };

/** What cel-js throws, as far as it is read here. */
interface CelFailure {
  readonly code?: string;
  readonly summary?: string;
  readonly message: string;
  readonly range?: { readonly start: number };
}

const LONGEST = 4096;
const DEEPEST_MACROS = 2;
/** The most elements that a list of the event may have where macros are nested: each level multiplies. */
const LONGEST_NESTED_LIST = 1000;
const MACROS: ReadonlySet<string> = new Set(['all', 'exists', 'exists_one', 'map', 'filter']);
/** A field that is not there is "no match", not an error. */
const MISSING: ReadonlySet<string> = new Set(['no_such_key', 'unknown_variable']);

const environment = makeEnvironment();

/** A CEL expression over an event (https://github.com/google/cel-spec). Everything that can be known to be wrong is found here; `offset` counts characters. */
export function compileCondition(source: string): CompiledCondition {
  if (source.length > LONGEST)
    return { ok: false, message: `the expression is longer than ${LONGEST} characters`, offset: 0 };
  try {
    const parsed = environment.parse(source);
    const checked = parsed.check();
    if (!checked.valid) throw checked.error as unknown;
    if (checked.type !== undefined && !['bool', 'dyn'].includes(checked.type)) {
      return { ok: false, message: `the expression is ${checked.type}, not true or false`, offset: 0 };
    }
    const nesting = macroDepth(parsed.ast);
    if (nesting > DEEPEST_MACROS)
      return {
        ok: false,
        message: `more than ${DEEPEST_MACROS} of all, exists, map and filter within one another`,
        offset: 0,
      };
    const evaluate = usesMatches(parsed.ast) ? environment.parse(serialize(parsed.ast)) : parsed;
    return { ok: true, condition: { source, test: tester(evaluate, nesting) } };
  } catch (error) {
    const failure = error as CelFailure;
    return { ok: false, message: failure.summary ?? failure.message, offset: failure.range?.start ?? 0 };
  }
}

function tester(evaluate: (context: Record<string, unknown>) => unknown, nesting: number): Condition['test'] {
  return (event, now) => {
    if (nesting > 1 && longestList(event) > LONGEST_NESTED_LIST) {
      return {
        holds: false,
        error: `a list of the event has more than ${LONGEST_NESTED_LIST} elements, too many for nested macros`,
      };
    }
    try {
      const result = evaluate({ ...event, event, now: new Date(now) });
      return typeof result === 'boolean'
        ? { holds: result }
        : { holds: false, error: 'the expression gave something else than true or false' };
    } catch (error) {
      const failure = error as CelFailure;
      if (failure.code !== undefined && MISSING.has(failure.code)) return { holds: false };
      return { holds: false, error: failure.summary ?? failure.message };
    }
  };
}

/**
 * JSON numbers are doubles, and CEL has no arithmetic between doubles and integer literals; here they go together, as whoever
 * writes `data.count % 2 == 1` expects. `matches` is RE2: the library's own runs backtracking expressions of JavaScript.
 */
function makeEnvironment(): Environment {
  const cel = new Environment({
    unlistedVariablesAreDyn: true,
    limits: { maxAstNodes: 1000, maxDepth: 60, maxListElements: 1000, maxMapEntries: 1000, maxCallArguments: 32 },
  });
  const both: Readonly<Record<string, (a: number, b: number) => number | boolean>> = {
    '+': (a, b) => a + b,
    '-': (a, b) => a - b,
    '*': (a, b) => a * b,
    '/': (a, b) => a / b,
    '%': (a, b) => a % b,
    '==': (a, b) => a === b,
  };
  const pairs = ['double OP int', 'int OP double', 'double OP double'];
  for (const [operator, compute] of Object.entries(both)) {
    for (const pair of pairs) {
      const work = (a: number | bigint, b: number | bigint): number | boolean => compute(Number(a), Number(b));
      try {
        cel.registerOperator(pair.replace('OP', operator), work);
      } catch {
        // The language has this one already.
      }
    }
  }
  const compiled = new Map<string, RE2JS>();
  cel.registerFunction('string.re2(string): bool', (text: string, pattern: string) => {
    let expression = compiled.get(pattern);
    if (expression === undefined) {
      expression = RE2JS.compile(pattern);
      if (compiled.size > 1000) compiled.clear();
      compiled.set(pattern, expression);
    }
    return expression.test(text);
  });
  return cel;
}

/** Renames `matches` to our own function; tells whether there was one. */
function usesMatches(node: ASTNode): boolean {
  let found = false;
  for (const { op, args } of nodesOf(node)) {
    if (op !== 'rcall' || args[0] !== 'matches') continue;
    args[0] = 're2';
    found = true;
  }
  return found;
}

function macroDepth(node: ASTNode): number {
  const inside = Math.max(0, ...childrenOf(node).map(macroDepth));
  return node.op === 'rcall' && MACROS.has(node.args[0]) ? inside + 1 : inside;
}

function nodesOf(node: ASTNode): ASTNode[] {
  return [node, ...childrenOf(node).flatMap(nodesOf)];
}

function childrenOf(node: ASTNode): ASTNode[] {
  const found: ASTNode[] = [];
  const look = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(look);
    else if (typeof value === 'object' && value !== null && 'op' in value) found.push(value as ASTNode);
  };
  look(node.args);
  return found;
}

function longestList(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let longest = Array.isArray(value) ? value.length : 0;
  for (const item of Object.values(value)) longest = Math.max(longest, longestList(item));
  return longest;
}
