import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { curves } from './curves/index.ts';
import { lines } from './lines/index.ts';
import { measureCurve, measureLine, type Say } from './measure.ts';
import { peerLines } from './peers/index.ts';
import { writeDocument } from './report/document.ts';
import { thisMachine } from './report/machine.ts';
import { type CurveResult, failures, type LineResult, merged, type Results } from './report/results.ts';
import { curveText, table } from './report/table.ts';
import { now } from './tools/clock.ts';
import { chosen, type Wanted, wantedOf } from './wanted.ts';

const say: Say = (text) => void process.stderr.write(`${text}\n`);
const readResults = (file: string): Results => JSON.parse(readFileSync(file, 'utf8')) as Results;

async function measure(wanted: Extract<Wanted, { kind: 'measure' }>): Promise<Results> {
  const lineResults: LineResult[] = [];
  const curveResults: CurveResult[] = [];
  const wantedLines = [...chosen(lines, wanted.lines), ...(wanted.peers ? peerLines(say) : [])];
  const wantedCurves = chosen(curves, wanted.curves);
  for (const line of wantedLines) lineResults.push(await measureLine(line, wanted.size, say));
  for (const curve of wantedCurves) curveResults.push(await measureCurve(curve, wanted.size, say));
  return {
    at: new Date().toISOString(),
    size: wanted.size,
    machine: thisMachine(),
    lines: lineResults,
    curves: curveResults,
  };
}

function keep(file: string, results: Results): void {
  const all = existsSync(file) ? merged(readResults(file), results) : results;
  writeFileSync(file, `${JSON.stringify(all, null, 1)}\n`);
}

const text = (results: Results): string =>
  [
    ...(results.lines.length > 0 ? [table(results.lines, results.size)] : []),
    ...results.curves.map(curveText),
    ...failures(results).map((failure) => `FAILED ${failure}`),
  ].join('\n\n');

async function run(wanted: Wanted): Promise<number> {
  if (wanted.kind === 'document') {
    for (const file of writeDocument(readResults(wanted.from))) process.stdout.write(`${file}\n`);
    return 0;
  }
  const startedAt = now();
  const results = await measure(wanted);
  if (wanted.json !== undefined) keep(wanted.json, results);
  process.stdout.write(`\n${text(results)}\n\n${Math.round((now() - startedAt) / 1000)} s\n`);
  return failures(results).length > 0 ? 1 : 0;
}

try {
  process.exitCode = await run(wantedOf(process.argv.slice(2)));
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 64;
}
