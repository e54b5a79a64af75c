import path from 'node:path';
import {
  type AuditChain,
  type AuditLine,
  type AuditPage,
  type AuditQuery,
  matchesAudit,
} from '../../../core/audit/entry.ts';
import { readRegularFile } from '../../../lib/files/regular-file.ts';
import { sha256 } from '../../../lib/sha256.ts';
import { auditFiles, parseAuditLine } from './files.ts';

/** Lines that are examined before other work of the event loop gets its turn. */
const LINES_PER_TURN = 500;

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Whole lines of a file; none if it is gone. What follows the last line break is being written. */
async function linesOf(file: string): Promise<readonly string[]> {
  const content = await readRegularFile(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  });
  return content.toString('utf8').split('\n').slice(0, -1);
}

/** One page of the lines that match, the newest first. */
export async function auditPage(state: string, query: AuditQuery): Promise<AuditPage> {
  const found: AuditLine[] = [];
  for (const file of (await auditFiles(state)).toReversed()) {
    const lines = await linesOf(file);
    for (let index = lines.length - 1; index >= 0; index -= 1) {
      if (index % LINES_PER_TURN === 0) await nextTurn();
      const line = parseAuditLine(lines[index]!);
      if (line === undefined || !matchesAudit(line, query)) continue;
      if (found.length === query.limit) return { entries: found, next: found.at(-1)!.seq };
      found.push(line);
    }
  }
  return { entries: found };
}

/** Place and content of a line. */
interface Placed {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

/** Checks that each line follows from the one before it, and that no line is missing. */
export async function auditChain(state: string): Promise<AuditChain> {
  let lines = 0;
  let before: string | undefined;
  let seq = 0;
  /** Lines that are missing at the beginning, until a line says that they were deleted for their size. */
  let deleted = 0;
  let broken: AuditChain['broken'];
  const check = (placed: Placed): void => {
    const parsed = parseAuditLine(placed.text);
    const message = before === undefined ? firstFault(parsed) : faultAfter(before, seq, parsed);
    if (message !== undefined) broken ??= { file: path.basename(placed.file), line: placed.line, message };
    if (before === undefined && parsed !== undefined) deleted = parsed.seq - 1;
    if (parsed?.action === 'audit.rotated' && parsed.details?.to === deleted) deleted = 0;
    before = placed.text;
    seq = parsed?.seq ?? seq + 1;
    lines += 1;
  };
  for (const file of await auditFiles(state)) {
    for (const [index, text] of (await linesOf(file)).entries()) {
      if (index % LINES_PER_TURN === 0) await nextTurn();
      check({ file, line: index + 1, text });
    }
  }
  if (deleted > 0)
    broken ??= { file: 'audit.jsonl', line: 1, message: `the lines 1 to ${deleted} are missing, and no line says why` };
  return { lines, ok: broken === undefined, ...(broken !== undefined && { broken }) };
}

const NOT_PARSED = 'it is no line of the audit log';

function firstFault(line: AuditLine | undefined): string | undefined {
  if (line === undefined) return NOT_PARSED;
  return line.seq === 1 && line.prev !== sha256('') ? 'it was changed, or lines before it are missing' : undefined;
}

function faultAfter(before: string, seq: number, line: AuditLine | undefined): string | undefined {
  if (line === undefined) return NOT_PARSED;
  if (line.seq > seq + 1) return `the lines ${seq + 1} to ${line.seq - 1} are missing`;
  if (line.seq !== seq + 1) return `its number is ${line.seq} and not ${seq + 1}: lines were moved or repeated`;
  return line.prev === sha256(before) ? undefined : 'the line before it was changed';
}
