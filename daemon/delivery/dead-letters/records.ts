import type { FileHandle } from 'node:fs/promises';
import type { DeadLetter } from '../../core/delivery/delivery.ts';
import { schemaOf } from '../../core/schema/json-schema.ts';
import { sendableLetterSchema } from '../../core/schema/sections/dead-letter.ts';
import { validate } from '../../core/schema/validate.ts';
import { isDeeper, isObject, parseJson } from '../../core/values/json.ts';

export const NEWLINE = 0x0a;
const BYTE_ORDER_MARK = '\ufeff';

/** Upper bound of a record. Longer lines stay in the file and are not parsed, so memory stays bounded. */
export const MAX_LINE_BYTES = 16 * 1024 * 1024;
/** Approximate size of the blocks in which the file is read and rewritten. */
const BLOCK_BYTES = 256 * 1024;
/** Above that of any accepted event. */
const MAX_DEPTH = 100;

/** Returns the new line of a record; null removes the record, undefined keeps it unchanged. */
export type Rewrite = (record: DeadLetter) => string | null | undefined;

/** Line without its newline, or a part of a line longer than `MAX_LINE_BYTES`. Lines count from 1. */
interface LinePiece {
  readonly line: number;
  readonly bytes: Buffer;
  readonly isWhole: boolean;
  readonly isLast: boolean;
}

/** Splits at the byte 0x0A only. */
async function* linePieces(handle: FileHandle): AsyncIterable<LinePiece> {
  let parts: Buffer[] = [];
  let length = 0;
  let line = 1;
  for await (const read of handle.createReadStream({ start: 0, autoClose: false, highWaterMark: BLOCK_BYTES })) {
    const chunk = read as Buffer;
    for (let from = 0, end = 0; end !== -1; from = end + 1) {
      end = chunk.indexOf(NEWLINE, from);
      const part = chunk.subarray(from, end === -1 ? chunk.length : end);
      parts.push(part);
      length += part.length;
      const isWhole = length <= MAX_LINE_BYTES;
      if (end === -1 && isWhole) break;
      yield { line, bytes: Buffer.concat(parts), isWhole, isLast: end !== -1 };
      parts = [];
      if (end === -1) break;
      line += 1;
      length = 0;
    }
  }
  if (length > 0) yield { line, bytes: Buffer.concat(parts), isWhole: length <= MAX_LINE_BYTES, isLast: true };
}

/** Beginning of a line as this daemon writes it. */
const ID_FIRST = /^\{"id":"([^"\\]+)"/;
const MAX_ID_BYTES = 256;

/**
 * Whether no two lines have the same id, as far as their beginnings show without parsing them; parsing the whole file takes as long
 * as all else. False also for a line that begins in another way, such as after an edit by hand.
 */
export async function hasUniqueIds(handle: FileHandle): Promise<boolean> {
  const seen = new Set<string>();
  let lines = 0;
  // Read to its end: a stream that is left early closes the file, which is read again.
  for await (const { bytes } of linePieces(handle)) {
    lines += 1;
    if (seen.size < lines - 1) continue;
    const id = ID_FIRST.exec(bytes.toString('utf8', 0, MAX_ID_BYTES))?.[1];
    if (id !== undefined) seen.add(id);
  }
  return seen.size === lines;
}

/** Parses every line that is not blank into a record, or into the reason why it is none. */
export async function* parsedLines(
  handle: FileHandle,
): AsyncIterable<{ line: number; record?: DeadLetter; problem?: string }> {
  let reported = 0;
  for await (const { line, bytes, isWhole } of linePieces(handle)) {
    const text = isWhole ? textOf(bytes, line) : '';
    if (isWhole && text.trim() !== '') yield { line, ...parseLine(text) };
    if (isWhole || reported === line) continue;
    reported = line;
    yield { line, problem: `it is longer than ${MAX_LINE_BYTES / 1024 / 1024} MiB` };
  }
}

/** Rewrites each record of the file and yields the new content in blocks. `onChange` is called for each record that is changed or removed. Lines that do not parse stay byte for byte. */
export async function* rewrittenBlocks(
  handle: FileHandle,
  rewrite: Rewrite,
  onChange: () => void,
): AsyncIterable<Buffer> {
  let parts: Buffer[] = [];
  let length = 0;
  for await (const { line, bytes, isWhole, isLast } of linePieces(handle)) {
    const { record } = isWhole ? parseLine(textOf(bytes, line)) : {};
    const next = record && rewrite(record);
    if (next === undefined) parts.push(bytes, ...(isLast ? [Buffer.of(NEWLINE)] : []));
    else if (next !== null) parts.push(Buffer.from(next));
    if (next !== undefined) onChange();
    length += bytes.length;
    if (length < BLOCK_BYTES) continue;
    yield Buffer.concat(parts);
    parts = [];
    length = 0;
  }
  yield Buffer.concat(parts);
}

/** Text of a line, without the byte order mark that some editors write at the beginning of a file. */
function textOf(bytes: Buffer, line: number): string {
  const text = bytes.toString('utf8');
  return line === 1 && text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text;
}

/** Whether the bytes are complete JSON, and not the beginning of a record that was cut off. */
export function isComplete(bytes: Buffer): boolean {
  return parsed(bytes.toString('utf8')) !== undefined;
}

function parsed(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

/** Parses a record. Only the members that a resend needs are required; others may have been edited away. */
export function parseLine(text: string): { record?: DeadLetter; problem?: string } {
  const value = parsed(text);
  if (value === undefined) return { problem: 'it is not JSON' };
  if (!isObject(value)) return { problem: 'it is not a JSON object' };
  if (isDeeper(value, MAX_DEPTH)) return { problem: `it is nested deeper than ${MAX_DEPTH}` };
  const [found] = validate(schemaOf(sendableLetterSchema), value, RECORD);
  if (found !== undefined)
    return { problem: found.pointer === '' ? found.message : `${found.pointer}: ${found.message}` };
  const { message } = value as { message: Record<string, unknown> };
  return {
    record: {
      ...value,
      attempts: value.attempts ?? [],
      message: { format: 'text', priority: 'normal', tags: [], ...message },
    } as unknown as DeadLetter,
  };
}

const RECORD = { pointer: '', noun: 'the record', hidden: () => true };
