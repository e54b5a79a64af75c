import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../tools/root.ts';
import type { Machine } from './machine.ts';
import { plot } from './plot.ts';
import type { Results } from './results.ts';
import { table } from './table.ts';

const DOCUMENT = 'docs/performance.md';
const PLOTS = 'docs/performance';

/** Puts the table and the machine into the document, and draws the plots. Returns what it wrote, relative to the project. */
export function writeDocument(results: Results): readonly string[] {
  const file = path.join(ROOT, DOCUMENT);
  const text = readFileSync(file, 'utf8');
  const withTable = between(text, 'table', table(results.lines, results.size));
  writeFileSync(file, between(withTable, 'machine', machineText(results.machine, results.at)));
  mkdirSync(path.join(ROOT, PLOTS), { recursive: true });
  const drawn = results.curves.filter((curve) => curve.points.length > 1);
  for (const curve of drawn) writeFileSync(path.join(ROOT, PLOTS, `${curve.name}.svg`), plot(curve));
  return [DOCUMENT, ...drawn.map((curve) => `${PLOTS}/${curve.name}.svg`)];
}

const machineText = (machine: Machine, at: string): string =>
  `${machine.processor}, ${machine.memoryGb} GB, ${machine.system}, Node ${machine.node}; ${at.slice(0, 10)}.`;

/** Replaces what stands between `<!-- bench:name -->` and `<!-- /bench:name -->`. */
export function between(text: string, name: string, content: string): string {
  const [start, end] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`];
  const from = text.indexOf(start);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`no ${start} ... ${end}`);
  return `${text.slice(0, from + start.length)}\n${content}\n${text.slice(to)}`;
}
