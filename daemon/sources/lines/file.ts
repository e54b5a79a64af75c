import type { FileState } from '../watching/scan.ts';
import { type LineReader, type Opened, openReader } from './reader.ts';
import { advanced, begunAnew, encodeRecord, type LineRecord, lengthOf } from './record.ts';
import { type Line, TRAIL } from './splitter.ts';
import type { Checkpoint } from '../source.ts';

/** One line, and what is stored of the file when it has been told. */
export interface ReadLine {
  readonly line: Line;
  readonly record: LineRecord;
}

export type Ready = { readonly kind: 'ready' } | Exclude<Opened, { readonly kind: 'open' }>;

/** A file that is followed, under whatever name it lies. */
export class LineFile {
  /** Of its checkpoint. */
  readonly key: string;
  /** Device and inode. */
  readonly id: string;
  /** Where it lies now; undefined: it was deleted, or is not found. */
  place: string | undefined;
  /** As it was last seen. */
  state: FileState | undefined;
  /** Some of its lines are being taken, and their checkpoints with them. */
  isTelling = false;
  /** How many lines go out together. */
  pace = 1;
  /** When something last happened to it, monotonic. */
  stirredAt = 0;
  /** The value of its checkpoint, as last written. */
  stored: string | undefined;
  #record: LineRecord;
  #reader: LineReader | undefined;

  constructor(key: string, id: string, place: string, record: LineRecord, stored: string | undefined) {
    this.key = key;
    this.id = id;
    this.place = place;
    this.#record = record;
    this.stored = stored;
  }

  get record(): LineRecord {
    return this.#record;
  }

  /** It lies elsewhere than under the name its lines are told by. */
  get isMoved(): boolean {
    return this.place !== this.#record.path;
  }

  get isOpen(): boolean {
    return this.#reader !== undefined;
  }

  /** Bytes read. */
  get position(): number {
    return this.#reader?.position ?? this.#record.offset;
  }

  /** Its checkpoint, if that is not yet stored, nor about to be. */
  get unstored(): Checkpoint | undefined {
    if (this.isTelling) return undefined;
    const value = encodeRecord(this.#record);
    return value === this.stored ? undefined : { key: this.key, value };
  }

  /** Its lines come before those of `other`, which has the same name, or had it. */
  isBefore(other: LineFile): boolean {
    const [mine, its] = [this.#record.since, other.#record.since];
    return mine < its || (mine === its && this.key < other.key);
  }

  /** The lines up to here have been told. */
  settle(record: LineRecord): void {
    this.#record = record;
  }

  /** From now on its lines are told by the name it has. */
  takeName(path: string): void {
    this.#record = { ...this.#record, path };
  }

  /** Opens it unless it is open, and begins at its start if what is there is not what was read before. `anew`: whether it may. */
  async open(maxLine: number, anew: boolean): Promise<Ready> {
    if (this.#reader !== undefined) {
      if (!(await this.#reader.isSame(this.#record))) this.#restart();
      return { kind: 'ready' };
    }
    if (this.place === undefined) return { kind: 'elsewhere' };
    const opened = await openReader({ place: this.place, record: this.#record, maxLine, anew });
    if (opened.kind !== 'open') return opened;
    this.#reader = opened.reader;
    this.#record = opened.record;
    return { kind: 'ready' };
  }

  /** Finds where to begin; false: there is more to count. */
  async begin(bytes: number): Promise<boolean> {
    const { from } = this.#record;
    if (from === undefined) return true;
    const begun = await this.#reader!.count(this.#record, from, bytes);
    if (begun !== undefined) this.#record = begun;
    return begun !== undefined;
  }

  /** The next complete lines; none at the end of the file. They count as told when the last one's record is settled. */
  async read(most: number, bytes: number): Promise<readonly ReadLine[]> {
    let record = this.#record;
    return (await this.#reader!.lines(most, bytes)).map((line) => {
      record = this.#after(record, line);
      return { line, record };
    });
  }

  /** The line that has no newline, when none will come any more. */
  readLast(): readonly ReadLine[] {
    const line = this.#reader?.last();
    return line === undefined ? [] : [{ line, record: this.#after(this.#record, line) }];
  }

  /** What was read and not told is read again when it is opened again. */
  async close(): Promise<void> {
    const reader = this.#reader;
    this.#reader = undefined;
    await reader?.close();
  }

  #after(record: LineRecord, line: Line): LineRecord {
    const isComplete = lengthOf(record.head) === TRAIL;
    return advanced(record, line, isComplete ? record.head : this.#reader!.headUpTo(line.end));
  }

  #restart(): void {
    this.#record = begunAnew(this.#record, this.#record.path, this.#record.birth);
    this.#reader!.restart();
  }
}
