import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../tools/root.ts';
import type { Machine } from './machine.ts';
import { plot } from './plot.ts';
import type { CurveResult, Results } from './results.ts';
import { table } from './table.ts';

const DOCUMENT = 'docs/performance.md';

/** Writes the table, the machine and the plots into the document. Returns the written files, relative to the project. */
export function writeDocument(results: Results): readonly string[] {
  const curves = results.curves.filter((curve) => curve.points.length > 1);
  const file = path.join(ROOT, DOCUMENT);
  const parts = {
    table: table(results.lines, results.size),
    machine: machineText(results.machine, results.at),
    plots: curves.map(plotText).join('\n\n'),
  };
  const text = Object.entries(parts).reduce(
    (text, [name, part]) => between(text, name, part),
    readFileSync(file, 'utf8'),
  );
  writeFileSync(file, text);
  mkdirSync(path.join(ROOT, path.dirname(plotFile(''))), { recursive: true });
  for (const curve of curves) writeFileSync(path.join(ROOT, plotFile(curve.name)), plot(curve));
  return [DOCUMENT, ...curves.map((curve) => plotFile(curve.name))];
}

const plotFile = (name: string): string => `docs/performance/${name}.svg`;

const plotText = ({ name, title, says }: CurveResult): string =>
  [`![${title}](performance/${name}.svg)`, ...(says === undefined ? [] : [says])].join('\n\n');

const machineText = (machine: Machine, at: string): string =>
  `${machine.processor}, ${machine.memoryGb} GB, ${machine.system}, Node ${machine.node}; ${at.slice(0, 10)}.`;

/** Replaces the text between `<!-- bench:name -->` and `<!-- /bench:name -->`. */
export function between(text: string, name: string, content: string): string {
  const [start, end] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`];
  const from = text.indexOf(start);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`no ${start} ... ${end}`);
  return `${text.slice(0, from + start.length)}\n${content}\n${text.slice(to)}`;
}
