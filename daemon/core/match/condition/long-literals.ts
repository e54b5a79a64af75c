import type { ASTNode } from '@marcbachmann/cel-js';

/** Fields of the event: what they hold has no type until an event comes. */
const FIELDS: ReadonlySet<string> = new Set(['id', '.', '[]']);
const OPERATORS: ReadonlySet<string> = new Set(['==', '!=', 'in']);

/**
 * Makes texts of integers beyond 2^53 that a field is compared with: JSON from outside has the digits of such a number as text.
 * Tells whether there was one.
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
      // A list has elements of one type.
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

/** Of a literal beyond 2^53. */
function digitsOf({ op, args }: ASTNode): string | undefined {
  const value: unknown = op === '-_' ? args.args : args;
  if (typeof value !== 'bigint' || Number.isSafeInteger(Number(value))) return undefined;
  return `${op === '-_' ? '-' : ''}${value}`;
}
