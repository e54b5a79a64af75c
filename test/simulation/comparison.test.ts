import { expect, test } from 'vitest';
import { Comparison } from '../../daemon/simulation/comparison.ts';

test('ten thousand rules have all their counts, and as many examples as one answer can carry', () => {
  const comparison = new Comparison();
  const rules = Array.from({ length: 10_000 }, (_, index) => `r${index}`);
  for (const rule of rules)
    comparison.add('would', { rule, channel: 'ops', event: 'e', key: 'k', status: 'firing', title: 't', at: 0 });
  const results = comparison.results(rules);
  expect(results.reduce((sum, { added }) => sum + added, 0)).toBe(10_000);
  expect(results.reduce((sum, { examples }) => sum + examples.length, 0)).toBe(2_000);
});
