import { constants } from 'node:fs';
import { type FileHandle, chmod, rename, unlink } from 'node:fs/promises';
import path from 'node:path';
import { syncFolder } from '../../../lib/files/atomic-file.ts';
import { openRegularFile, readRegularFile, statRegularFile } from '../../../lib/files/regular-file.ts';
import { sha256 } from '../../../lib/sha256.ts';
import { AUDIT_FILE, MAX_AUDIT_FILE_BYTES, MAX_AUDIT_FILES, olderFiles, olderName, parseAuditLine } from './files.ts';

const OWNER_ONLY = 0o600;
/** Bytes at the end of a file in which its last line is searched: longer than any line. */
const TAIL_BYTES = 64 * 1024;
const NEWLINE = 0x0a;

/** End of the log, from which the next line follows. */
export interface AuditTail {
  /** Number of the last line; 0 when there is none. */
  readonly seq: number;
  /** SHA-256 of the last line. */
  readonly hash: string;
}

const NO_LINES: AuditTail = { seq: 0, hash: sha256('') };

/** Lines that are deleted with the oldest file. */
export interface RotatedLines {
  readonly from: number;
  readonly to: number;
}

/** The current file of the audit log, open for appending. A failed append leaves no part of its lines, and closes the file. */
export class AuditFile {
  readonly #state: string;
  readonly #handle: FileHandle;
  readonly #inode: number;
  #size: number;
  /** Number of the first line of the file; undefined while it is empty. */
  #first: number | undefined;
  /** End of the log at the opening. */
  readonly tail: AuditTail;
  /** Bytes of an incomplete last line, which were removed at the opening. */
  readonly torn: number;

  private constructor(state: string, handle: FileHandle, found: Found) {
    this.#state = state;
    this.#handle = handle;
    this.#inode = found.inode;
    this.#size = found.size;
    this.#first = found.first;
    this.tail = found.tail;
    this.torn = found.torn;
  }

  /** Opens the current file, and creates it if it is missing. */
  static async open(state: string): Promise<AuditFile> {
    const file = path.join(state, AUDIT_FILE);
    const { O_RDWR, O_APPEND, O_CREAT } = constants;
    const handle = await openRegularFile(file, O_RDWR | O_APPEND | O_CREAT, OWNER_ONLY);
    try {
      const found = await examine(handle, state);
      if ((found.mode & 0o777) !== OWNER_ONLY) await chmod(file, OWNER_ONLY);
      await syncFolder(state);
      return new AuditFile(state, handle, found);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  get isFull(): boolean {
    return this.#size >= MAX_AUDIT_FILE_BYTES;
  }

  /** False when the file was deleted or replaced by another program. */
  async isCurrent(): Promise<boolean> {
    return (await statRegularFile(path.join(this.#state, AUDIT_FILE)))?.ino === this.#inode;
  }

  /** Appends lines, of which the first has this number. They are on disk when it resolves. */
  async append(text: string, first: number): Promise<void> {
    const bytes = Buffer.from(text);
    try {
      await this.#handle.appendFile(bytes);
      await this.#handle.datasync();
    } catch (error) {
      // Part of a line must not stay before the next one.
      await this.#handle.truncate(this.#size).catch(() => undefined);
      throw error;
    }
    this.#size += bytes.length;
    this.#first ??= first;
  }

  /** Renames the full file, and deletes the oldest one when there are too many; returns the deleted lines. The file is closed then. */
  async rotate(): Promise<RotatedLines | undefined> {
    await this.close();
    const name = olderName(this.#first ?? this.tail.seq + 1);
    await rename(path.join(this.#state, AUDIT_FILE), path.join(this.#state, name));
    const older = await olderFiles(this.#state);
    const surplus = older.slice(0, Math.max(0, older.length - (MAX_AUDIT_FILES - 1)));
    for (const { name: old } of surplus) await unlink(path.join(this.#state, old));
    await syncFolder(this.#state);
    const [oldest] = surplus;
    return oldest && { from: oldest.first, to: older[surplus.length]!.first - 1 };
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

interface Found {
  readonly inode: number;
  readonly mode: number;
  readonly size: number;
  readonly first: number | undefined;
  readonly tail: AuditTail;
  readonly torn: number;
}

/** Finds the end of the log, and removes an incomplete last line. */
async function examine(handle: FileHandle, state: string): Promise<Found> {
  const { size, ino: inode, mode } = await handle.stat();
  const end = await readEnd(handle, size);
  const torn = end.length - (end.lastIndexOf(NEWLINE) + 1);
  if (torn > 0) {
    await handle.truncate(size - torn);
    await handle.sync();
  }
  const tail = tailOf(end.subarray(0, end.length - torn)) ?? (await tailOfOlder(state));
  const first = size === torn ? undefined : await firstOf(handle, size);
  return { inode, mode, size: size - torn, first, tail, torn };
}

async function readEnd(handle: FileHandle, size: number): Promise<Buffer> {
  const length = Math.min(size, TAIL_BYTES);
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, size - length);
  return buffer.subarray(0, bytesRead);
}

/** Number and hash of the last line; undefined when there is none. A line that does not parse counts, too. */
function tailOf(end: Buffer): AuditTail | undefined {
  const lines = end.toString('utf8').split('\n').slice(0, -1);
  const last = lines.at(-1);
  if (last === undefined) return undefined;
  const known = lines.findLastIndex((line) => parseAuditLine(line) !== undefined);
  const seq = known === -1 ? 0 : parseAuditLine(lines[known]!)!.seq;
  return { seq: seq + lines.length - 1 - known, hash: sha256(last) };
}

async function tailOfOlder(state: string): Promise<AuditTail> {
  const newest = (await olderFiles(state)).at(-1);
  if (newest === undefined) return NO_LINES;
  const content = await readRegularFile(path.join(state, newest.name));
  return tailOf(content.subarray(-TAIL_BYTES)) ?? { ...NO_LINES, seq: newest.first - 1 };
}

async function firstOf(handle: FileHandle, size: number): Promise<number | undefined> {
  const length = Math.min(size, TAIL_BYTES);
  const { buffer } = await handle.read(Buffer.alloc(length), 0, length, 0);
  const [line = ''] = buffer.toString('utf8').split('\n', 1);
  return parseAuditLine(line)?.seq;
}
