import type { LineFile } from './file.ts';
import type { LineFiles } from './files.ts';
import type { LineTelling } from './emitter.ts';
import type { SourceIo } from '../source.ts';

export interface LineReadingParts {
  readonly io: SourceIo;
  readonly files: LineFiles;
  readonly telling: LineTelling;
  /** Bytes kept of a line. */
  readonly maxLine: number;
  readonly signal: AbortSignal;
  /** Which files cannot be read, and why. */
  readonly trouble: (text: string | undefined) => void;
}

const FILES_AT_ONCE = 8;
/** Bytes of a file that are read before it is another one's turn, and of lines that are held at once. */
const TURN = 1024 * 1024;
const COUNTED_IN_TURN = 16 * 1024 * 1024;
const MOST_OPEN = 128;
/** How long nothing must have happened to a file that was renamed or deleted before it is left, milliseconds. */
const LEFT_AFTER = 60_000;
const MOST_TOLD = 3;

/** Reads the files that are due, a few at a time and each for a turn, and has their lines told. */
export class LineReading {
  readonly #parts: LineReadingParts;
  readonly #turns = new Map<LineFile, Promise<void>>();
  /** Those that cannot be read, and why. */
  readonly #closed = new Map<LineFile, string>();
  /** The one that was read last comes last. */
  readonly #open = new Set<LineFile>();

  constructor(parts: LineReadingParts) {
    this.#parts = parts;
  }

  /** Begins with what is due. It goes on by itself as long as there is more. */
  start(): void {
    const { files, signal } = this.#parts;
    while (this.#turns.size < FILES_AT_ONCE && !signal.aborted) {
      const file = files.takeDue((each) => this.#turns.has(each));
      if (file === undefined) return;
      const turn = this.#turn(file).then(() => {
        this.#turns.delete(file);
        this.start();
      });
      this.#turns.set(file, turn);
    }
  }

  /** Has what could not be read tried again. */
  retry(): void {
    for (const file of this.#closed.keys()) this.#parts.files.wake(file);
  }

  /** Resolves when nothing is read any more, after `signal` has aborted. */
  async ended(): Promise<void> {
    while (this.#turns.size > 0) await Promise.all(this.#turns.values());
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open].map((file) => this.#close(file)));
  }

  async #turn(file: LineFile): Promise<void> {
    try {
      await this.#read(file);
      const surplus = [...this.#open].slice(0, Math.max(0, this.#open.size - MOST_OPEN));
      const idle = surplus.filter((each) => !this.#turns.has(each));
      await Promise.all(idle.map((each) => this.#close(each)));
    } catch (error) {
      await this.#cannotRead(file, (error as NodeJS.ErrnoException).code ?? 'unknown').catch(() => undefined);
      this.#parts.io.log.debug({ err: error, file: file.place }, 'a file could not be read');
    }
    this.#parts.trouble(troubleOf(this.#closed));
  }

  async #read(file: LineFile): Promise<void> {
    const { files, telling, maxLine, signal, io } = this.#parts;
    const ready = await file.open(maxLine, !files.isStray(file));
    if (ready.kind === 'elsewhere') return this.#missed(file);
    if (ready.kind === 'closed') return this.#cannotRead(file, ready.code);
    this.#closed.delete(file);
    this.#open.delete(file);
    this.#open.add(file);
    if (!(await file.begin(COUNTED_IN_TURN))) return files.wake(file);
    for (const until = file.position + TURN; file.position < until && !signal.aborted; ) {
      const lines = await file.read(file.pace, TURN);
      if (lines.length === 0) return this.#atEnd(file);
      await telling.tell(file, lines);
      file.stirredAt = io.clock.monotonic();
    }
    files.wake(file);
  }

  /** It was read to its end, for now. */
  async #atEnd(file: LineFile): Promise<void> {
    const { files, telling, io } = this.#parts;
    file.pace = 1;
    files.ended(file);
    if (!files.isStray(file) || io.clock.monotonic() - file.stirredAt < LEFT_AFTER) return;
    // What has no newline yet will have none.
    await telling.tell(file, file.readLast());
    await this.#leave(file);
  }

  /** It is not where it was. */
  async #missed(file: LineFile): Promise<void> {
    const { files, io } = this.#parts;
    const { place } = file;
    await files.seek(file, io.clock.monotonic());
    if (file.place === undefined || file.place === place) await this.#leave(file);
  }

  #cannotRead(file: LineFile, code: string): Promise<void> {
    this.#closed.set(file, code);
    // It does not keep others waiting.
    this.#parts.files.ended(file);
    return this.#close(file);
  }

  async #leave(file: LineFile): Promise<void> {
    const { files, signal, io } = this.#parts;
    if (signal.aborted) return;
    this.#closed.delete(file);
    files.retire(file, io.clock.now());
    await this.#close(file);
  }

  async #close(file: LineFile): Promise<void> {
    this.#open.delete(file);
    await file.close();
  }
}

function troubleOf(closed: ReadonlyMap<LineFile, string>): string | undefined {
  if (closed.size === 0) return undefined;
  const told = [...closed].slice(0, MOST_TOLD).map(([{ record }, code]) => `${record.path} cannot be read (${code})`);
  return [...told, ...(closed.size > MOST_TOLD ? [`and ${closed.size - MOST_TOLD} more`] : [])].join('; ');
}
