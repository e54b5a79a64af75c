import { expect, test } from 'vitest';
import type { Row } from '../../bench/line.ts';
import { between } from '../../bench/report/document.ts';
import { axisText, figureText } from '../../bench/report/numbers.ts';
import { type LineResult, merged, type Results } from '../../bench/report/results.ts';
import { summarise } from '../../bench/report/summary.ts';
import { curveText, table } from '../../bench/report/table.ts';

const ROW: Row = {
  name: 'rate',
  title: 'delivered/s',
  unit: '1/s',
  floor: 'the least',
  goal: { of: 'ratio', is: 'at least', limit: 0.8 },
};

const line = (rows: readonly Row[], ...rounds: readonly (readonly [number, number?])[]): LineResult => ({
  name: 'line',
  rows,
  rounds: rounds.map(([value, floor]) => ({
    noise: 0.1,
    figures: [{ row: rows[0]!.name, value, ...(floor !== undefined && { floor }) }],
  })),
});

const results = (...lines: readonly LineResult[]): Results => ({
  at: '2026-11-23T10:00:00.000Z',
  size: 'full',
  machine: { processor: '2 × AMD EPYC', memoryGb: 24, system: 'Linux 6', node: 'v20.20.2' },
  lines,
  curves: [],
});

test('ratios are computed within a round, and their median is compared with the goal', () => {
  const [summary] = summarise(line([ROW], [900, 1000], [100, 200], [850, 1000]));
  expect(summary).toMatchObject({ value: { median: 850 }, floor: 1000, ratio: { median: 0.85, min: 0.5, max: 0.9 } });
  expect(summary!.result).toBe('met');
});

test('a goal on the value is compared with the value; "at most" is an upper bound', () => {
  const row: Row = { ...ROW, unit: 'MB', goal: { of: 'value', is: 'at most', limit: 160 } };
  expect(summarise(line([row], [160, 1]))[0]!.result).toBe('met');
  expect(summarise(line([row], [161, 1000]))[0]!.result).toBe('missed');
});

test('a row without measurements is not in the table', () => {
  expect(summarise(line([ROW]))).toEqual([]);
});

test('the table is Markdown in columns', () => {
  expect(table([line([ROW], [7500, 9000], [8000, 10_000])], 'full').split('\n')).toEqual([
    '| what        |    median (min–max) | floor |  ratio (min–max) |    goal |     | noise |',
    '|-------------|--------------------:|------:|-----------------:|--------:|----:|------:|',
    '| delivered/s | 7,750 (7,500–8,000) | 9,500 | 0.82 (0.80–0.83) | ≥ 0.8 × | met |  0.10 |',
  ]);
});

test('the short form has no goals', () => {
  expect(table([line([ROW], [1, 1000])], 'short')).not.toContain('missed');
});

test('a curve is a line for each size', () => {
  const points = [
    { size: 10, values: { Belfry: 4321, floor: 5000 } },
    { size: 10_000, values: { Belfry: 4300 } },
  ];
  expect(curveText({ name: 'rules', title: 'Cost of rules', x: 'rules', y: '1/s', points }).split('\n')).toEqual([
    'Cost of rules (1/s)',
    '      10 rules: Belfry 4,321, floor 5,000',
    '     10k rules: Belfry 4,300',
  ]);
});

test('figures have three significant digits', () => {
  expect([0.04321, 0.8123, 1.678, 23.45, 7536.4, 0].map(figureText)).toEqual([
    '0.04',
    '0.81',
    '1.68',
    '23.4',
    '7,536',
    '0.00',
  ]);
  expect([1, 250, 1000, 2500, 1e6].map(axisText)).toEqual(['1', '250', '1k', '2.5k', '1M']);
});

test('new results replace earlier ones, and the rest stays', () => {
  const long = { ...line([ROW], [1]), name: 'long' };
  const all = merged(results(long, line([ROW], [1])), results(line([ROW], [2])));
  expect(all.lines.map((one) => [one.name, one.rounds[0]!.figures[0]!.value])).toEqual([
    ['long', 1],
    ['line', 2],
  ]);
});

test('text between two markers is replaced, and the rest of the document stays', () => {
  const text = 'before\n<!-- bench:table -->\nold\n<!-- /bench:table -->\nafter\n';
  const replaced = between(text, 'table', 'new');
  expect(replaced).toBe('before\n<!-- bench:table -->\nnew\n<!-- /bench:table -->\nafter\n');
  expect(between(replaced, 'table', 'new')).toBe(replaced);
  expect(() => between(text, 'machine', '')).toThrow('bench:machine');
});
