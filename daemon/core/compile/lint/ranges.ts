import type { Words } from './vocabulary.ts';

interface Limit {
  readonly operator: string;
  readonly value: number | string;
}

/** Operators of one pattern that no single value fits, such as `gte: 5, lt: 3`; the problem stands at the upper one. */
export function contradiction(
  pattern: Readonly<Record<string, unknown>>,
): { readonly operator: string; readonly words: Words } | undefined {
  const low = limitOf(pattern, ['gt', 'gte']);
  const high = limitOf(pattern, ['lt', 'lte']);
  if (low === undefined || high === undefined || typeof low.value !== typeof high.value) return undefined;
  const isTouching = low.value === high.value && low.operator === 'gte' && high.operator === 'lte';
  if (low.value < high.value || isTouching) return undefined;
  return {
    operator: high.operator,
    words: {
      message: `no value is both \`${low.operator}: ${low.value}\` and \`${high.operator}: ${high.value}\``,
      mend: 'swap them, or use a list of two patterns for one or the other',
    },
  };
}

function limitOf(pattern: Readonly<Record<string, unknown>>, operators: readonly string[]): Limit | undefined {
  for (const operator of operators) {
    const value = pattern[operator];
    if (typeof value === 'number' || typeof value === 'string') return { operator, value };
  }
  return undefined;
}
