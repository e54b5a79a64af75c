import type { ASTNode, Environment } from '@marcbachmann/cel-js';
import type { RE2JS } from 're2js';
import { onDemand } from '../../../lib/on-demand.ts';
import { indexOfText, lastIndexOfText, splitText } from '../text-search.ts';
import { childrenOf, MACROS, nodesOf } from './nodes.ts';

const re2 = onDemand<typeof import('re2js')>('re2js');

/** Characters and elements that one evaluation may process; about half a second. */
const MAX_WORK = 50_000_000;
/** Work of one operand, however short it is. */
const OPERAND_WORK = 16;
/** Characters of a text that is read as a time or a duration. */
const MAX_TIME_LENGTH = 100;
/** Bound on the compiled regular expressions that are kept. */
const MAX_EXPRESSIONS = 1000;
/** Steps for each character and instruction of an expression that comes from an event, compared with a character of a plain search. */
const STEP_WORK = 4;

/** One error for all, since a macro goes on after an error, and to make an error takes longer than to evaluate an element. */
const TOO_MUCH = new Error('the texts and lists of this event are too long for the expression');
const TOO_LONG = `a text of more than ${MAX_TIME_LENGTH} characters is not a time or a duration`;

/** Limit of the work of one evaluation: a condition that is quick for every usual event must not stop the daemon for a hostile one. */
export class WorkLimit {
  #left = MAX_WORK;

  begin(): void {
    this.#left = MAX_WORK;
  }

  take(work: number): void {
    this.#left -= work;
    if (this.#left < 0) throw TOO_MUCH;
  }
}

/** Our own function for each function of CEL whose time is not bounded by the length of its texts, by the name of the latter. */
const REPLACED: Readonly<Record<string, string>> = {
  matches: 're2',
  contains: 'linear_contains',
  indexOf: 'linear_index_of',
  lastIndexOf: 'linear_last_index_of',
  split: 'linear_split',
};
/** `matches` with an expression that is not a literal. */
const GIVEN_EXPRESSION = 're2_given';
const COUNTED = 'counted';
const SHORT = 'short';

/** Name that the user wrote, in a message that has the name of our own function. */
export function givenName(message: string): string {
  return message.replace(/\b(?:linear_\w+|re2(?:_given)?)\b/, (own) => {
    const [name] = Object.entries(REPLACED).find(([, replacement]) => replacement === own) ?? ['matches'];
    return name;
  });
}

/** Operators and functions whose time grows with their operands. Within a macro they are evaluated for every element. */
const GROWING_OPERATORS: ReadonlySet<string> = new Set(['in', '==', '!=', '+']);
const GROWING_CALLS: ReadonlySet<string> = new Set(['size', 'string', 'bytes', 'double', 'bool']);
const NAMED_FUNCTIONS: ReadonlySet<string> = new Set([...MACROS, 'bind']);
const TIMES: ReadonlySet<string> = new Set(['duration', 'timestamp']);

/**
 * Rewrites an expression so that its evaluation takes a bounded time: our own functions in place of those of the library, a count of
 * the operands within macros, and a bound on texts that are read as times. Returns whether it has changed.
 */
export function boundWork(root: ASTNode): boolean {
  // Found before the changes, which add nodes.
  const nodes = nodesOf(root);
  const repeated = new Set(
    nodes.filter(isMacro).flatMap(({ args }) => (args as [string, ASTNode, ASTNode[]])[2].flatMap(nodesOf)),
  );
  const changes = nodes.map((node) => [repeated.has(node) && countOperands(node), bound(node)].includes(true));
  return changes.includes(true);
}

const isMacro = ({ op, args }: ASTNode): boolean => op === 'rcall' && MACROS.has(args[0]);

/** Replaces a function by our own, and bounds the text of a time. */
function bound(node: ASTNode): boolean {
  if (node.op === 'call' && TIMES.has(node.args[0])) return wrapAll(node.args[1], SHORT);
  if (node.op !== 'rcall') return false;
  const replacement = Object.hasOwn(REPLACED, node.args[0]) ? REPLACED[node.args[0]] : undefined;
  if (replacement === undefined) return false;
  const isGiven = node.args[0] === 'matches' && node.args[2][0]?.op !== 'value';
  node.args[0] = isGiven ? GIVEN_EXPRESSION : replacement;
  return true;
}

function countOperands(node: ASTNode): boolean {
  if (GROWING_OPERATORS.has(node.op)) return wrapAll(node.args as ASTNode[], COUNTED);
  if (node.op === 'call' && GROWING_CALLS.has(node.args[0])) return wrapAll(node.args[1], COUNTED);
  if (node.op !== 'rcall' || NAMED_FUNCTIONS.has(node.args[0])) return false;
  const call = node.args as [string, ASTNode, ASTNode[]];
  const receiver = [call[1]];
  const changes = [wrapAll(receiver, COUNTED), wrapAll(call[2], COUNTED)];
  call[1] = receiver[0]!;
  return changes.includes(true);
}

/** Passes each operand that is not a literal through a function. */
function wrapAll(operands: ASTNode[], name: string): boolean {
  let changed = false;
  for (const [index, operand] of operands.entries()) {
    if (operand.op === 'value' || (operand.op === 'list' && childrenOf(operand).every(({ op }) => op === 'value')))
      continue;
    operands[index] = { op: 'call', args: [name, [operand]] } as unknown as ASTNode;
    changed = true;
  }
  return changed;
}

/** Registers the functions that `boundWork` writes. */
export function registerBounded(environment: Environment, work: WorkLimit): void {
  const expressionOf = compiler();
  environment.registerFunction('string.re2(string): bool', (text: string, pattern: string) =>
    expressionOf(pattern).test(text),
  );
  environment.registerFunction('string.re2_given(string): bool', (text: string, pattern: string) => {
    work.take(pattern.length);
    const expression = expressionOf(pattern);
    work.take(text.length * expression.programSize() * STEP_WORK);
    return expression.test(text);
  });
  environment.registerFunction(
    'string.linear_contains(string): bool',
    (text: string, part: string) => indexOfText(text, part) !== -1,
  );
  environment.registerFunction('string.linear_index_of(string): int', (text: string, part: string) =>
    BigInt(indexOfText(text, part)),
  );
  environment.registerFunction(
    'string.linear_index_of(string, int): int',
    (text: string, part: string, from: bigint) =>
      part === '' ? from : BigInt(indexOfText(text, part, positionIn(text, from))),
  );
  environment.registerFunction('string.linear_last_index_of(string): int', (text: string, part: string) =>
    BigInt(lastIndexOfText(text, part)),
  );
  environment.registerFunction(
    'string.linear_last_index_of(string, int): int',
    (text: string, part: string, from: bigint) =>
      part === '' ? from : BigInt(lastIndexOfText(text, part, positionIn(text, from))),
  );
  environment.registerFunction('string.linear_split(string): list<string>', splitText);
  environment.registerFunction(
    'string.linear_split(string, int): list<string>',
    (text: string, separator: string, limit: bigint) => splitUpTo(text, separator, Number(limit)),
  );
  environment.registerFunction(`${COUNTED}(dyn): dyn`, (value: unknown) => {
    work.take(OPERAND_WORK + sizeOf(value));
    return value;
  });
  environment.registerFunction(`${SHORT}(dyn): dyn`, (value: unknown) => {
    if (typeof value === 'string' && value.length > MAX_TIME_LENGTH) throw new Error(TOO_LONG);
    return value;
  });
}

/** Compiles regular expressions and keeps them. */
function compiler(): (pattern: string) => RE2JS {
  const expressions = new Map<string, RE2JS>();
  return (pattern) => {
    const kept = expressions.get(pattern);
    if (kept !== undefined) return kept;
    const expression = re2().RE2JS.compile(pattern);
    if (expressions.size >= MAX_EXPRESSIONS) expressions.clear();
    expressions.set(pattern, expression);
    return expression;
  };
}

function sizeOf(value: unknown): number {
  return typeof value === 'string' || Array.isArray(value) ? value.length : 0;
}

function positionIn(text: string, position: bigint): number {
  const at = Number(position);
  if (at < 0 || at >= text.length) throw new Error(`there is no position ${at} in a text of ${text.length} characters`);
  return at;
}

/** The last of the parts has the rest of the text. https://pkg.go.dev/github.com/google/cel-go/ext#Strings */
function splitUpTo(text: string, separator: string, limit: number): string[] {
  if (limit === 0) return [];
  const parts = splitText(text, separator);
  if (limit < 0 || parts.length <= limit) return parts;
  return [...parts.slice(0, limit - 1), parts.slice(limit - 1).join(separator)];
}
