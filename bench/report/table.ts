import type { Row, Size } from '../line.ts';
import { axisText, figureText } from './numbers.ts';
import type { CurveResult, LineResult } from './results.ts';
import { summarise, type Summary } from './summary.ts';

const HEAD = ['what', 'median (min–max)', 'floor', 'ratio (min–max)', 'goal', '', 'noise'] as const;

/** Table as Markdown with aligned columns, so that it is readable in a terminal, too. */
export function table(lines: readonly LineResult[], size: Size): string {
  const summaries = lines.flatMap(summarise);
  return aligned([HEAD, ...summaries.map((summary) => cells(summary, size))]);
}

/** A curve for a terminal, with a line for each size. */
export function curveText({ title, x, y, points }: CurveResult): string {
  const lines = points.map(({ size, values }) => {
    const series = Object.entries(values).map(([name, value]) => `${name} ${figureText(value)}`);
    return `${axisText(size).padStart(8)} ${x}: ${series.join(', ')}`;
  });
  return [`${title} (${y})`, ...lines].join('\n');
}

function cells(summary: Summary, size: Size): readonly string[] {
  const { row, value, floor, ratio } = summary;
  const range = value.min === value.max ? '' : ` (${figureText(value.min)}–${figureText(value.max)})`;
  return [
    row.title,
    `${withUnit(value.median, row.unit)}${range}`,
    floor === undefined ? '' : withUnit(floor, row.unit),
    ratio === undefined ? '' : `${figureText(ratio.median)} (${figureText(ratio.min)}–${figureText(ratio.max)})`,
    goalText(row),
    (size === 'full' && summary.result) || '',
    summary.noise.toFixed(2),
  ];
}

const withUnit = (value: number, unit: string): string =>
  unit === '' || unit === '1/s' ? figureText(value) : `${figureText(value)} ${unit}`;

function goalText({ goal, unit }: Row): string {
  if (goal === undefined) return '';
  const sign = goal.is === 'at least' ? '≥' : '≤';
  return goal.of === 'ratio' ? `${sign} ${goal.limit} ×` : `${sign} ${withUnit(goal.limit, unit)}`;
}

function aligned(rows: readonly (readonly string[])[]): string {
  const widths = HEAD.map((_, column) => Math.max(3, ...rows.map((row) => row[column]!.length)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join(' | ')} |`;
  const rule = `|${widths.map((width, column) => (column === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  const [head, ...body] = rows;
  return [line(head!), rule, ...body.map(line)].join('\n');
}
