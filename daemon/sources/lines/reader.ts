import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, open, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { begunAnew, type LineRecord, lengthOf, type Print, printOf } from './record.ts';
import { type Line, LineSplitter, TRAIL } from './splitter.ts';

const CHUNK = 64 * 1024;
const NEWLINE = 0x0a;

export type Opened =
  | { readonly kind: 'open'; readonly reader: LineReader; readonly record: LineRecord }
  /** What lies there, if anything, is not this file. */
  | { readonly kind: 'elsewhere' }
  | { readonly kind: 'closed'; readonly code: string };

/** There is no such file, rather than that it cannot be read. */
const GONE = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG']);

export interface OpenParts {
  readonly place: string;
  readonly record: LineRecord;
  /** Bytes kept of a line. */
  readonly maxLine: number;
  /** Whether what lies there now is to be read even if it is not what was there before. */
  readonly anew: boolean;
}

/** A file that is open, at the line after those that were told. Whoever gets it closes it. */
export async function openReader(parts: OpenParts): Promise<Opened> {
  let handle: FileHandle;
  try {
    // A pipe put in its place would otherwise hold up whoever opens it.
    handle = await open(parts.place, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    return refusalOf(error);
  }
  try {
    const opened = await begin(handle, parts);
    if (opened.kind !== 'open') await handle.close();
    return opened;
  } catch (error) {
    await handle.close();
    return refusalOf(error);
  }
}

function refusalOf(error: unknown): Opened {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
  return GONE.has(code) ? { kind: 'elsewhere' } : { kind: 'closed', code };
}

async function begin(handle: FileHandle, { place, record, maxLine, anew }: OpenParts): Promise<Opened> {
  const found = await handle.stat({ bigint: true });
  if (!found.isFile() || String(found.ino) !== record.ino) return { kind: 'elsewhere' };
  const folder = path.dirname(await realpath(place));
  const birth = birthOf(found, await stat(folder, { bigint: true }));
  const isSame = await agrees(handle, record, found, birth);
  if (!isSame && !anew) return { kind: 'elsewhere' };
  const now = isSame ? { ...record, folder, birth: birth || record.birth } : begunAnew(record, place, birth);
  return { kind: 'open', reader: await LineReader.at(handle, now, maxLine), record: now };
}

/** Where no time of birth is known the system may give that of the last change instead; then the folder's are the same too. */
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
  return printOf(first) === head && printOf(before) === last;
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

/** Reads on from where it is, a chunk at a time, and notices when the file is not the one it was. */
export class LineReader {
  readonly #handle: FileHandle;
  readonly #maxLine: number;
  #splitter: LineSplitter;
  /** The first bytes of the file, as far as they were read, and those read last. */
  #head: Buffer;
  #trail: Buffer;
  /** While the lines before the place to begin at are counted: up to where, how many, and where the last of them ended. */
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

  /** Whether it holds what was read before: the file may have been emptied and written anew meanwhile, even beyond that place. */
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

  /** Where no time of birth was known when it was opened it is that of now. */
  restart(): void {
    this.#splitter = new LineSplitter(this.#maxLine, 0);
    this.#head = Buffer.alloc(0);
    this.#trail = Buffer.alloc(0);
    this.#counted = { to: 0, lines: 0, end: 0 };
  }

  /** Up to `most` complete lines, and fewer only at the end of the file or when they are longer than `bytes` together. */
  async lines(most: number, bytes: number): Promise<readonly Line[]> {
    const lines: Line[] = [];
    for (let length = 0; lines.length < most && length < bytes; ) {
      const line = this.#splitter.next();
      if (line !== undefined) {
        lines.push(line);
        length += line.text.length;
      } else if (this.#splitter.isHungry && !(await this.#fill())) break;
    }
    return lines;
  }

  /** What stands after the last newline, when nothing will come any more. */
  last(): Line | undefined {
    return this.#splitter.last();
  }

  /** The print of the first bytes, none of them after `offset`. */
  headUpTo(offset: number): Print {
    return printOf(this.#head.subarray(0, Math.min(offset, TRAIL)));
  }

  /** Counts the lines before the place to begin at, `bytes` at most in one go; undefined: there are more. */
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
    return { ...counted, offset: end, number: lines, head: this.headUpTo(end), last: printOf(this.#trail) };
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
