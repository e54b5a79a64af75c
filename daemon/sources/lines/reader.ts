import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, open, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { restartedRecord, type LineRecord, lengthOf, type Fingerprint, fingerprintOf } from './record.ts';
import { codeOf, isGone } from '../watching/scan.ts';
import { type Line, LineSplitter, TRAIL } from './splitter.ts';

const CHUNK = 64 * 1024;
const NEWLINE = 0x0a;

export type OpenedReader =
  | { readonly kind: 'open'; readonly reader: LineReader; readonly record: LineRecord }
  /** The path has no file or another one. */
  | { readonly kind: 'elsewhere' }
  | { readonly kind: 'closed'; readonly code: string };

export interface OpenInput {
  readonly file: string;
  readonly record: LineRecord;
  /** Bytes kept of a line. */
  readonly maxLine: number;
  /** Read from the start if the content differs from what was read before. */
  readonly mayRestart: boolean;
}

/** Opens a file at the position of its record. The caller closes the reader. */
export async function openReader(input: OpenInput): Promise<OpenedReader> {
  let handle: FileHandle;
  try {
    // O_NONBLOCK: a pipe that replaced the file would block the open.
    handle = await open(input.file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    return refusalOf(error);
  }
  try {
    const opened = await identify(handle, input);
    if (opened.kind !== 'open') await handle.close();
    return opened;
  } catch (error) {
    await handle.close();
    return refusalOf(error);
  }
}

function refusalOf(error: unknown): OpenedReader {
  return isGone(error) ? { kind: 'elsewhere' } : { kind: 'closed', code: codeOf(error) };
}

async function identify(handle: FileHandle, { file, record, maxLine, mayRestart }: OpenInput): Promise<OpenedReader> {
  const found = await handle.stat({ bigint: true });
  if (!found.isFile() || String(found.ino) !== record.ino) return { kind: 'elsewhere' };
  const folder = path.dirname(await realpath(file));
  const birth = birthOf(found, await stat(folder, { bigint: true }));
  const isSame = await agrees(handle, record, found, birth);
  if (!isSame && !mayRestart) return { kind: 'elsewhere' };
  const now = isSame ? { ...record, folder, birth: birth || record.birth } : restartedRecord(record, file, birth);
  return { kind: 'open', reader: await LineReader.at(handle, now, maxLine), record: now };
}

/** Birth time, or empty if the file system has none. Then the system reports the time of the last change instead, also for the folder. */
function birthOf(file: BigIntStats, folder: BigIntStats): string {
  const isKnown = [file, folder].some(({ birthtimeNs, ctimeNs }) => birthtimeNs > 0n && birthtimeNs !== ctimeNs);
  return isKnown ? String(file.birthtimeNs) : '';
}

async function agrees(handle: FileHandle, record: LineRecord, found: BigIntStats, birth: string): Promise<boolean> {
  if (birth !== '' && record.birth !== '' && birth !== record.birth) return false;
  const { offset, from = 0, head, last } = record;
  if (found.size < BigInt(Math.max(offset, from))) return false;
  const [first, before] = await Promise.all([
    bytesAt(handle, 0, lengthOf(head)),
    bytesAt(handle, offset - lengthOf(last), lengthOf(last)),
  ]);
  return fingerprintOf(first) === head && fingerprintOf(before) === last;
}

async function bytesAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  if (length === 0) return Buffer.alloc(0);
  const buffer = Buffer.allocUnsafe(length);
  let read = 0;
  while (read < length) {
    const { bytesRead } = await handle.read(buffer, read, length - read, position + read);
    if (bytesRead === 0) break;
    read += bytesRead;
  }
  return buffer.subarray(0, read);
}

/** Reads an open file chunk by chunk, and detects that its earlier content has changed. */
export class LineReader {
  readonly #handle: FileHandle;
  readonly #maxLine: number;
  #splitter: LineSplitter;
  /** The first and the last bytes that were read, at most `TRAIL` each. */
  #head: Buffer;
  #trail: Buffer;
  /** Progress of counting the lines before the start position: bytes counted, lines, and the end of the last line. */
  #counted: { readonly to: number; readonly lines: number; readonly end: number } = { to: 0, lines: 0, end: 0 };

  private constructor(handle: FileHandle, maxLine: number, offset: number, head: Buffer, trail: Buffer) {
    this.#handle = handle;
    this.#maxLine = maxLine;
    this.#splitter = new LineSplitter(maxLine, offset);
    this.#head = head;
    this.#trail = trail;
  }

  static async at(handle: FileHandle, { offset }: LineRecord, maxLine: number): Promise<LineReader> {
    const size = Math.min(offset, TRAIL);
    const head = await bytesAt(handle, 0, size);
    return new LineReader(handle, maxLine, offset, head, await bytesAt(handle, offset - size, size));
  }

  /** Bytes read so far. */
  get position(): number {
    return this.#splitter.position;
  }

  /** Whether the file still has the bytes that were read: it may have been truncated and rewritten, even beyond the position. */
  async isSame({ from = 0 }: LineRecord): Promise<boolean> {
    const { size } = await this.#handle.stat();
    if (size < Math.max(this.position, from)) return false;
    const before = this.position - this.#trail.length;
    const [head, trail] = await Promise.all([
      bytesAt(this.#handle, 0, this.#head.length),
      bytesAt(this.#handle, before, this.#trail.length),
    ]);
    return head.equals(this.#head) && trail.equals(this.#trail);
  }

  /** Starts again at the first byte. */
  restart(): void {
    this.#splitter = new LineSplitter(this.#maxLine, 0);
    this.#head = Buffer.alloc(0);
    this.#trail = Buffer.alloc(0);
    this.#counted = { to: 0, lines: 0, end: 0 };
  }

  /** Up to `maxLines` complete lines; fewer at the end of the file or when they exceed `bytes` together. */
  async lines(maxLines: number, bytes: number): Promise<readonly Line[]> {
    const lines: Line[] = [];
    for (let length = 0; lines.length < maxLines && length < bytes; ) {
      const line = this.#splitter.next();
      if (line !== undefined) {
        lines.push(line);
        length += line.text.length;
      } else if (this.#splitter.needsChunk && !(await this.#fill())) break;
    }
    return lines;
  }

  /** The bytes after the last newline as a line. Call it when nothing more will be written. */
  last(): Line | undefined {
    return this.#splitter.last();
  }

  /** Fingerprint of the first bytes before `offset`. */
  headUpTo(offset: number): Fingerprint {
    return fingerprintOf(this.#head.subarray(0, Math.min(offset, TRAIL)));
  }

  /** Counts the lines before `from` in at most `bytes`, and moves after the last of them; undefined: not finished, call it again. */
  async count(record: LineRecord, from: number, bytes: number): Promise<LineRecord | undefined> {
    for (let left = bytes; left > 0 && this.#counted.to < from; left -= CHUNK) {
      const { to, lines, end } = this.#counted;
      const chunk = await bytesAt(this.#handle, to, Math.min(CHUNK, from - to));
      const found = newlinesIn(chunk);
      this.#counted = {
        to: chunk.length === 0 ? from : to + chunk.length,
        lines: lines + found.count,
        end: found.last === -1 ? end : to + found.last + 1,
      };
    }
    if (this.#counted.to < from) return undefined;
    const { lines, end } = this.#counted;
    const reader = await LineReader.at(this.#handle, { ...record, offset: end }, this.#maxLine);
    this.#splitter = reader.#splitter;
    this.#head = reader.#head;
    this.#trail = reader.#trail;
    const { from: _, ...counted } = record;
    return { ...counted, offset: end, number: lines, head: this.headUpTo(end), last: fingerprintOf(this.#trail) };
  }

  close(): Promise<void> {
    return this.#handle.close();
  }

  async #fill(): Promise<boolean> {
    const { position } = this;
    const buffer = Buffer.allocUnsafe(CHUNK);
    const { bytesRead } = await this.#handle.read(buffer, 0, CHUNK, position);
    if (bytesRead === 0) return false;
    const chunk = buffer.subarray(0, bytesRead);
    if (this.#head.length < TRAIL)
      this.#head = Buffer.concat([this.#head, chunk.subarray(0, TRAIL - this.#head.length)]);
    this.#trail = Buffer.concat([this.#trail, chunk.subarray(-TRAIL)]).subarray(-TRAIL);
    this.#splitter.feed(chunk);
    return true;
  }
}

function newlinesIn(chunk: Buffer): { readonly count: number; readonly last: number } {
  let count = 0;
  let last = -1;
  for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, at + 1)) {
    count += 1;
    last = at;
  }
  return { count, last };
}
