import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { INVARIANTS, passes, readRows, type ReportRow, ROWS_FILE } from './report.ts';

/** Collects the rows of all test files, prints them as a table at the end, and writes them to `$BELFRY_FAULT_REPORT`. */
export function setup(): () => void {
  const folder = mkdtempSync(path.join(tmpdir(), 'belfry-faults-'));
  const file = path.join(folder, 'rows.jsonl');
  writeFileSync(file, '');
  process.env[ROWS_FILE] = file;
  return () => {
    const rows = readRows(file).toSorted(byInvariant);
    rmSync(folder, { recursive: true });
    const target = process.env['BELFRY_FAULT_REPORT'];
    if (target !== undefined) writeFileSync(target, `${JSON.stringify({ invariants: INVARIANTS, rows }, null, 2)}\n`);
    if (rows.length > 0) process.stderr.write(`\n${table(rows)}\n`);
  };
}

const byInvariant = (a: ReportRow, b: ReportRow): number =>
  Number(a.invariant.slice(1)) - Number(b.invariant.slice(1)) || a.fault.localeCompare(b.fault);

/** One heading for each invariant, with its faults below. */
function table(rows: readonly ReportRow[]): string {
  const lines: string[] = [];
  let last = '';
  const width = Math.max(...rows.map(({ fault }) => fault.length));
  for (const row of rows) {
    if (row.invariant !== last) lines.push(`${row.invariant}  ${INVARIANTS[row.invariant]}`);
    last = row.invariant;
    const rounds = `${row.rounds.toLocaleString('en')} rounds`.padStart(14);
    lines.push(`  ${resultOf(row).padEnd(7)} ${row.fault.padEnd(width)} ${rounds}  ${row.figures}`);
  }
  return lines.join('\n');
}

function resultOf(row: ReportRow): string {
  if (row.planted === true) return row.violations > 0 ? 'found' : 'MISSED';
  return passes(row) ? 'holds' : `${row.violations} BAD`;
}
