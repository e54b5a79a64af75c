import type { FileState } from '../watching/scan.ts';
import { type LineReader, type OpenedReader, openReader } from './reader.ts';
import { advancedRecord, restartedRecord, encodeRecord, type LineRecord, lengthOf } from './record.ts';
import { type Line, TRAIL } from './splitter.ts';
import type { Checkpoint } from '../source.ts';

/** A line, and the record of the file after it. */
export interface ReadLine {
  readonly line: Line;
  readonly record: LineRecord;
}

export type OpenResult = { readonly kind: 'ready' } | Exclude<OpenedReader, { readonly kind: 'open' }>;

/** A file that is followed under its present name. */
export class TrackedFile {
  /** The key of its checkpoint. */
  readonly key: string;
  /** Device and inode. */
  readonly id: string;
  /** Present path; undefined: the file was deleted or is not found. */
  currentPath: string | undefined;
  /** Its state at the last scan. */
  state: FileState | undefined;
  /** Lines are being stored with checkpoints, so no other checkpoint of the file may be saved. */
  isEmitting = false;
  /** Lines that are emitted in parallel. */
  batchSize = 1;
  /** Monotonic time of the last change or read. */
  lastActivity = 0;
  /** The value of its checkpoint as last saved. */
  stored: string | undefined;
  #record: LineRecord;
  #reader: LineReader | undefined;

  constructor(key: string, id: string, currentPath: string, record: LineRecord, stored: string | undefined) {
    this.key = key;
    this.id = id;
    this.currentPath = currentPath;
    this.#record = record;
    this.stored = stored;
  }

  get record(): LineRecord {
    return this.#record;
  }

  /** Whether the present path differs from the `path` of its events. */
  get isRenamed(): boolean {
    return this.currentPath !== this.#record.path;
  }

  /** Bytes read. */
  get position(): number {
    return this.#reader?.position ?? this.#record.offset;
  }

  /** Its checkpoint, unless it is saved already or is being saved with a line. */
  get unstored(): Checkpoint | undefined {
    if (this.isEmitting) return undefined;
    const value = encodeRecord(this.#record);
    return value === this.stored ? undefined : { key: this.key, value };
  }

  /** Whether its lines come before those of `other`, a file that has or had the same name. */
  precedes(other: TrackedFile): boolean {
    const [mine, its] = [this.#record.since, other.#record.since];
    return mine < its || (mine === its && this.key < other.key);
  }

  /** Sets the position after lines that were emitted or skipped. */
  advanceTo(record: LineRecord): void {
    this.#record = record;
  }

  /** Sets the `path` of its further events. */
  rename(path: string): void {
    this.#record = { ...this.#record, path };
  }

  /** Opens the file unless it is open. Content that differs from what was read is read from the start, if `mayRestart` is set. */
  async open(maxLine: number, mayRestart: boolean): Promise<OpenResult> {
    if (this.#reader !== undefined) {
      if (!(await this.#reader.isSame(this.#record))) this.#restart();
      return { kind: 'ready' };
    }
    if (this.currentPath === undefined) return { kind: 'elsewhere' };
    const opened = await openReader({ file: this.currentPath, record: this.#record, maxLine, mayRestart });
    if (opened.kind !== 'open') return opened;
    this.#reader = opened.reader;
    this.#record = opened.record;
    return { kind: 'ready' };
  }

  /** Finds the position to start from, counting lines in at most `bytes`; false: call it again. */
  async findStart(bytes: number): Promise<boolean> {
    const { from } = this.#record;
    if (from === undefined) return true;
    const begun = await this.#reader!.count(this.#record, from, bytes);
    if (begun !== undefined) this.#record = begun;
    return begun !== undefined;
  }

  /** The next complete lines; none at the end of the file. The caller advances the record when they are handled. */
  async read(maxLines: number, bytes: number): Promise<readonly ReadLine[]> {
    let record = this.#record;
    return (await this.#reader!.lines(maxLines, bytes)).map((line) => {
      record = this.#after(record, line);
      return { line, record };
    });
  }

  /** The last line without a newline. Call it when nothing more will be written. */
  readUnfinished(): readonly ReadLine[] {
    const line = this.#reader?.last();
    return line === undefined ? [] : [{ line, record: this.#after(this.#record, line) }];
  }

  /** Closes the file. Lines after the record are read again when it is reopened. */
  async close(): Promise<void> {
    const reader = this.#reader;
    this.#reader = undefined;
    await reader?.close();
  }

  #after(record: LineRecord, line: Line): LineRecord {
    const isComplete = lengthOf(record.head) === TRAIL;
    return advancedRecord(record, line, isComplete ? record.head : this.#reader!.headUpTo(line.end));
  }

  #restart(): void {
    this.#record = restartedRecord(this.#record, this.#record.path, this.#record.birth);
    this.#reader!.restart();
  }
}
