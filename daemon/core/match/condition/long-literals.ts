import type { ASTNode } from '@marcbachmann/cel-js';

/** Nodes that read a field of the event, whose type is unknown before the event comes. */
const FIELDS: ReadonlySet<string> = new Set(['id', '.', '[]']);
const OPERATORS: ReadonlySet<string> = new Set(['==', '!=', 'in']);

/**
 * Turns integer literals beyond 2^53 that are compared with a field into texts, since `parseJson` keeps the digits of such numbers as
 * text. Returns whether there was one.
 */
export function quoteLongIntegers(nodes: readonly ASTNode[]): boolean {
  let found = false;
  for (const { op, args } of nodes) {
    if (!OPERATORS.has(op)) continue;
    const [left, right] = args as [ASTNode, ASTNode];
    for (const [field, other] of [
      [left, right],
      [right, left],
    ] as const) {
      if (!FIELDS.has(field.op)) continue;
      const literals = other.op === 'list' ? other.args : [other];
      // The elements of a list must have one type.
      if (literals.length === 0 || !literals.every(isLong)) continue;
      literals.forEach(quote);
      found = true;
    }
  }
  return found;
}

function isLong(node: ASTNode): boolean {
  return digitsOf(node) !== undefined;
}

function quote(node: ASTNode): void {
  Object.assign(node, { op: 'value', args: digitsOf(node) });
}

/** Digits of a literal beyond 2^53; undefined for any other node. */
function digitsOf({ op, args }: ASTNode): string | undefined {
  const value: unknown = op === '-_' ? args.args : args;
  if (typeof value !== 'bigint' || Number.isSafeInteger(Number(value))) return undefined;
  return `${op === '-_' ? '-' : ''}${value}`;
}
