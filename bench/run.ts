import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { curves } from './curves/index.ts';
import { lines } from './lines/index.ts';
import { measureCurve, measureLine, type Say } from './measure.ts';
import { peerLines } from './peers/index.ts';
import { writeDocument } from './report/document.ts';
import { thisMachine } from './report/machine.ts';
import { failures, merged, type Results } from './report/results.ts';
import { curveText, table } from './report/table.ts';
import { now } from './tools/clock.ts';
import { chosen, type Wanted, wantedOf } from './wanted.ts';

const say: Say = (text) => void process.stderr.write(`${text}\n`);
const readResults = (file: string): Results => JSON.parse(readFileSync(file, 'utf8')) as Results;

async function measure(wanted: Extract<Wanted, { kind: 'measure' }>): Promise<Results> {
  const { size } = wanted;
  const wantedLines = [...chosen(lines, wanted.lines), ...(wanted.peers ? peerLines(say) : [])];
  const wantedCurves = chosen(curves, wanted.curves);
  // Lines with goals run alone; short ones may run side by side.
  const atOnce = size === 'full' ? 1 : 2;
  return {
    at: new Date().toISOString(),
    size,
    machine: thisMachine(),
    lines: await inOrder(wantedLines, atOnce, (line) => measureLine(line, size, say)),
    curves: await inOrder(wantedCurves, atOnce, (curve) => measureCurve(curve, size, say)),
  };
}

/** Measures up to `atOnce` items in parallel; the results are in the order of the items. */
async function inOrder<T, R>(items: readonly T[], atOnce: number, measure: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const waiting = items.entries();
  const work = async (): Promise<void> => {
    for (const [index, item] of waiting) results[index] = await measure(item);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return results;
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
