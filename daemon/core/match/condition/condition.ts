import type { ASTNode, Environment } from '@marcbachmann/cel-js';
import type { Condition } from '../../ruleset.ts';
import { lazy, memoize } from '../../../lib/memoize.ts';
import { findConditionMistake, type KnownFunctions } from './mistakes.ts';
import { withConstructorFields } from './constructor-fields.ts';
import { re2Fault } from '../re2-fault.ts';
import { boundWork, givenName, registerBounded, WorkLimit } from './bounded-work.ts';
import { quoteLongIntegers } from './long-literals.ts';
import { childrenOf, MACROS, nodesOf } from './nodes.ts';
import { onDemand } from '../../../lib/on-demand.ts';

const cel = onDemand<typeof import('@marcbachmann/cel-js')>('@marcbachmann/cel-js');
const re2 = onDemand<typeof import('re2js')>('re2js');

export type CompiledCondition =
  | { readonly ok: true; readonly condition: Condition }
  | { readonly ok: false; readonly message: string; readonly offset: number; readonly mend?: string };

/** The part of the errors of cel-js that is used. */
interface CelFailure {
  readonly code?: string;
  readonly summary?: string;
  readonly message: string;
  readonly range?: { readonly start: number };
}

export const MAX_LENGTH = 4096;
export const MAX_MACRO_DEPTH = 2;
/** Maximum of elements in a list or map of the event when there are macros, by their nesting, since each level multiplies the work. */
export const MAX_LIST = [Number.POSITIVE_INFINITY, 50_000, 1000] as const;
/** Maximum of nesting that is searched; accepted events have fewer levels. */
const MAX_EVENT_DEPTH = 64;
/** Codes for a missing field or element, which means "no match" and is not an error. */
const MISSING: ReadonlySet<string> = new Set(['no_such_key', 'unknown_variable', 'index_out_of_bounds']);

type Compute = (a: number, b: number) => number | boolean;

/** Operand types. `int OP double` is declared too, because the library would treat its result as an int. */
const PAIRS = ['double OP int', 'int OP double', 'double OP double'];
const ARITHMETIC: Readonly<Record<string, Compute>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '%': (a, b) => a % b,
};

/** The environment is created on first use, because it takes long and many rules have no expressions. */
const environment = lazy(makeEnvironment);
/** Work of the evaluation that runs now; there is only one, because evaluations are synchronous. */
const work = new WorkLimit();

/** Compiles a CEL expression over an event (https://github.com/google/cel-spec) and finds all errors that do not depend on an event. `offset` counts characters. */
export const compileCondition = memoize(compileAnew);

function compileAnew(source: string): CompiledCondition {
  if (source.length > MAX_LENGTH)
    return { ok: false, message: `the expression is longer than ${MAX_LENGTH} characters`, offset: 0 };
  const compiled = attempt(source);
  if (compiled.ok) return compiled;
  const mistake = findConditionMistake(source, functions(), (mended) => attempt(mended).ok);
  return mistake === undefined ? compiled : { ok: false, ...mistake };
}

/** Syntax tree of an expression; undefined if it does not compile. */
export function parseCondition(source: string): ASTNode | undefined {
  return compileCondition(source).ok ? environment().parse(source).ast : undefined;
}

function attempt(source: string): CompiledCondition {
  try {
    const parsed = environment().parse(source);
    const checked = parsed.check();
    if (!checked.valid) throw checked.error as unknown;
    if (checked.type !== undefined && !['bool', 'dyn'].includes(checked.type)) {
      return { ok: false, message: `the expression is ${checked.type}, not true or false`, offset: 0 };
    }
    const nesting = macroDepth(parsed.ast);
    if (nesting > MAX_MACRO_DEPTH)
      return {
        ok: false,
        message: `more than ${MAX_MACRO_DEPTH} of all, exists, map and filter within one another`,
        offset: 0,
      };
    const wrong = brokenExpression(parsed.ast);
    if (wrong !== undefined) return { ok: false, ...wrong };
    const rewritten = [quoteLongIntegers(nodesOf(parsed.ast)), boundWork(parsed.ast)].includes(true);
    const evaluate = rewritten ? environment().parse(cel().serialize(parsed.ast)) : parsed;
    return { ok: true, condition: { source, test: tester(evaluate, nesting) } };
  } catch (error) {
    const { code = '', summary, message, range } = error as CelFailure;
    return {
      ok: false,
      message: CEL_MESSAGES[code] ?? (summary ?? message).replace(OVERLOAD, 'there is no function or operator `$1`'),
      offset: range?.start ?? 0,
    };
  }
}

/** Plain messages for the library's error codes; its own messages name internal tokens. */
const CEL_MESSAGES: Readonly<Record<string, string>> = {
  unterminated_string: 'a quote is not closed',
  unexpected_token: 'a value is missing here',
  expected_token: 'a bracket or a name is missing here',
  unexpected_character: 'this character is not allowed here',
};

const OVERLOAD = /^found no matching overload for '(.+)'$/s;

/** Functions that are called as `size(x)`, and those called as `x.size()`, including the macros. */
function functions(): KnownFunctions {
  const all = environment().getDefinitions().functions;
  const named = (isMember: boolean): ReadonlySet<string> =>
    new Set(all.filter(({ receiverType }) => (receiverType !== null) === isMember).map(({ name }) => name));
  return { global: named(false), member: named(true) };
}

function tester(evaluate: (context: Record<string, unknown>) => unknown, nesting: number): Condition['test'] {
  const maxList = MAX_LIST[nesting]!;
  const macros = nesting > 1 ? 'nested macros' : 'a macro';
  const tooLong = `a list or map of the event has more than ${maxList} elements, or is too deep, for ${macros}`;
  const test = (variables: Record<string, unknown>): ReturnType<Condition['test']> => {
    try {
      work.begin();
      const result = evaluate(variables);
      return typeof result === 'boolean'
        ? { holds: result }
        : { holds: false, error: 'the result of the expression is neither true nor false' };
    } catch (error) {
      const failure = error as CelFailure;
      if (failure.code !== undefined && MISSING.has(failure.code))
        return { holds: false, missing: missingField(failure) };
      return { holds: false, error: givenName(failure.summary ?? failure.message) };
    }
  };
  return (event, now) => {
    if (nesting > 0 && longestList(event, 0) > maxList) return { holds: false, error: tooLong };
    const variables = { ...event, event, now: new Date(now) };
    const result = test(variables);
    const copy = result.error === undefined ? undefined : withConstructorFields({ ...event, event });
    return copy === undefined ? result : test({ ...copy, now: variables.now });
  };
}

/** `No such key: branch` -> `branch`. */
function missingField({ summary, message }: CelFailure): string {
  return (summary ?? message).replace(/^[^:]*: /, '');
}

/** Does nothing if the language has the function already. */
function registerIfNew(cel: Environment, signature: string, compute: Compute): void {
  try {
    cel.registerOperator(signature, (a: number | bigint, b: number | bigint) => compute(Number(a), Number(b)));
  } catch (error) {
    if (!(error as Error).message.includes('already registered')) throw error;
  }
}

/**
 * Environment with two changes to CEL. JSON numbers are doubles, and CEL has no arithmetic between doubles and integer literals; it is
 * added here, so that `data.count % 2 == 1` works. Functions that could take long on hostile texts are replaced by our own
 * (`bounded-work.ts`).
 */
function makeEnvironment(): Environment {
  const environment = new (cel().Environment)({
    unlistedVariablesAreDyn: true,
    limits: { maxAstNodes: 1000, maxDepth: 60, maxListElements: 1000, maxMapEntries: 1000, maxCallArguments: 32 },
  });
  for (const [operator, compute] of Object.entries(ARITHMETIC)) {
    for (const pair of PAIRS) registerIfNew(environment, `${pair.replace('OP', operator)}: double`, compute);
  }
  for (const pair of PAIRS) registerIfNew(environment, `${pair.replace('OP', '==')}: bool`, (a, b) => a === b);
  registerBounded(environment, work);
  return environment;
}

/** Error in a regular expression that is a literal, found when the rule is loaded. */
function brokenExpression(
  node: ASTNode,
): { readonly message: string; readonly mend: string; readonly offset: number } | undefined {
  for (const { op, args } of nodesOf(node)) {
    const pattern = op === 'rcall' && args[0] === 'matches' ? args[2][0] : undefined;
    if (pattern?.op !== 'value' || typeof pattern.args !== 'string') continue;
    try {
      re2().RE2JS.compile(pattern.args);
    } catch (error) {
      return { ...re2Fault(pattern.args, error), offset: pattern.start };
    }
  }
  return undefined;
}

/** Depth of nested macros. Chained macros (`l.filter(...).map(...)`) do not count, since they do not multiply the work. */
function macroDepth(node: ASTNode): number {
  if (node.op !== 'rcall' || !MACROS.has(node.args[0])) return Math.max(0, ...childrenOf(node).map(macroDepth));
  const [, list, inside] = node.args;
  return Math.max(macroDepth(list), 1 + Math.max(0, ...inside.map(macroDepth)));
}

/** Number of elements of the longest list or map; infinite if the value is nested too deeply. */
function longestList(value: unknown, depth: number): number {
  if (typeof value !== 'object' || value === null) return 0;
  if (depth > MAX_EVENT_DEPTH) return Number.POSITIVE_INFINITY;
  const items = Object.values(value);
  let longest = items.length;
  for (const item of items) longest = Math.max(longest, longestList(item, depth + 1));
  return longest;
}
