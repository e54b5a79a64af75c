import type { ASTNode } from '@marcbachmann/cel-js';
import { memoize } from '../../../lib/memoize.ts';
import type { NamedPath } from '../../message/template.ts';
import { parseCondition } from './condition.ts';
import { childrenOf, MACROS } from './nodes.ts';

/** Comparison of a value with a literal. */
export interface Comparison extends NamedPath {
  readonly operator: string;
  readonly literal: string | number | boolean | null;
}

export interface ConditionNames {
  readonly paths: readonly NamedPath[];
  readonly comparisons: readonly Comparison[];
}

const NOTHING: ConditionNames = { paths: [], comparisons: [] };
const COMPARISONS: ReadonlySet<string> = new Set(['==', '!=', '<', '<=', '>', '>=']);

/** Values that an expression names, and their comparisons with literals; none if it does not compile. */
export const conditionNames = memoize((source): ConditionNames => {
  const root = parseCondition(source);
  if (root === undefined) return NOTHING;
  const paths: NamedPath[] = [];
  const comparisons: Comparison[] = [];
  walk(root, new Set(), paths, comparisons);
  return { paths, comparisons };
});

/** Visits a node. `bound` has the variables of the surrounding macros, which are not fields. */
function walk(node: ASTNode, bound: ReadonlySet<string>, paths: NamedPath[], comparisons: Comparison[]): void {
  const found = pathOf(node);
  if (found !== undefined) {
    if (!bound.has(found.path[0]!)) paths.push(found);
    return;
  }
  // `!has(...)` shows that the field may be missing.
  if (node.op === '!_' && node.args.op === 'call' && node.args.args[0] === 'has') return;
  if (COMPARISONS.has(node.op)) compare(node, bound, comparisons);
  if (node.op === 'rcall' && MACROS.has(node.args[0])) {
    const [, list, [variable, ...inside]] = node.args;
    walk(list, bound, paths, comparisons);
    const inner = variable?.op === 'id' ? new Set([...bound, variable.args]) : bound;
    for (const part of inside) walk(part, inner, paths, comparisons);
    return;
  }
  for (const child of childrenOf(node)) walk(child, bound, paths, comparisons);
}

/** Path of a node: `data.a["b"]` is `data`, `a`, `b`. A computed key ends the path. */
function pathOf(node: ASTNode): NamedPath | undefined {
  if (node.op === 'id') return { path: [node.args], offset: node.start };
  if (node.op === '.') {
    const before = pathOf(node.args[0]);
    return before && { ...before, path: [...before.path, node.args[1]] };
  }
  if (node.op !== '[]') return undefined;
  const before = pathOf(node.args[0]);
  const step = literalOf(node.args[1]);
  return before === undefined || step === undefined ? undefined : { ...before, path: [...before.path, String(step)] };
}

function compare(node: ASTNode, bound: ReadonlySet<string>, comparisons: Comparison[]): void {
  const [left, right] = node.args as readonly [ASTNode, ASTNode];
  for (const [value, other] of [
    [left, right],
    [right, left],
  ] as const) {
    const named = pathOf(value);
    const literal = literalOf(other);
    if (named !== undefined && literal !== undefined && !bound.has(named.path[0]!))
      comparisons.push({ ...named, operator: node.op, literal });
  }
}

function literalOf(node: ASTNode): Comparison['literal'] | undefined {
  if (node.op !== 'value') return undefined;
  const { args } = node;
  if (typeof args === 'bigint') return Number(args);
  return args === null || ['string', 'number', 'boolean'].includes(typeof args)
    ? (args as Comparison['literal'])
    : undefined;
}
