import type { EventInput } from '../../core/event/event.ts';
import { withHops } from '../../core/event/hops.ts';
import { Backoff } from '../../lib/async/retry.ts';
import type { Checkpoint, SourceIo } from '../source.ts';
import { codeOf, unreadableText } from '../watching/scan.ts';
import type { LinePattern } from './pattern.ts';
import { encodeRecord } from './record.ts';
import type { ReadLine, TrackedFile } from './tracked-file.ts';
import type { TrackedFiles } from './tracked-files.ts';

export interface ReadLoopDeps {
  readonly io: SourceIo;
  readonly files: TrackedFiles;
  readonly pattern: LinePattern;
  /** Bytes kept of a line. */
  readonly maxLine: number;
  readonly signal: AbortSignal;
  /** Files that cannot be read, and why; undefined: none. */
  readonly onReadFault: (text: string | undefined) => void;
  /** Called when lines are refused, with the reason; undefined: they are stored again. */
  readonly onRefused: (why: string | undefined) => void;
}

/** Files that are read in parallel. */
const MAX_PARALLEL = 8;
/** Bytes that are read of a file before the next file has its turn; also the limit of the lines of a file in memory. */
const TURN_BYTES = 1024 * 1024;
/** Bytes in which lines are counted per turn. */
const COUNT_BYTES = 16 * 1024 * 1024;
/** Open files; idle ones beyond are closed, the least recently read first. */
export const MAX_OPEN = 128;
/** Time without a write after which a renamed or deleted file is not followed any more. */
const ORPHAN_IDLE_MS = 60_000;
/** Lines of a file that are emitted in parallel, so that they share a commit. */
const MAX_BATCH = 128;

/** Reads the due files, a few in parallel and each for a turn, and emits an event for each matching line. */
export class ReadLoop {
  readonly #deps: ReadLoopDeps;
  readonly #emitter: LineEmitter;
  readonly #turns = new Map<TrackedFile, Promise<void>>();
  /** Files that cannot be read, with the error code. */
  readonly #unreadable = new Map<TrackedFile, string>();
  /** Open files, the most recently read last. */
  readonly #open = new Set<TrackedFile>();

  constructor(deps: ReadLoopDeps) {
    this.#deps = deps;
    this.#emitter = new LineEmitter(deps);
  }

  /** Starts turns for due files. Goes on by itself while files are due. */
  start(): void {
    const { files, signal } = this.#deps;
    while (this.#turns.size < MAX_PARALLEL && !signal.aborted) {
      const file = files.takeDue((each) => this.#turns.has(each));
      if (file === undefined) return;
      const turn = this.#turn(file).then(() => {
        this.#turns.delete(file);
        this.start();
      });
      this.#turns.set(file, turn);
    }
  }

  /** Makes the unreadable files due again. */
  retry(): void {
    for (const file of this.#unreadable.keys()) this.#deps.files.markDue(file);
  }

  /** Resolves when no turn is running. Call after `signal` has aborted. */
  async ended(): Promise<void> {
    while (this.#turns.size > 0) await Promise.all(this.#turns.values());
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open].map((file) => this.#close(file)));
  }

  async #turn(file: TrackedFile): Promise<void> {
    try {
      await this.#read(file);
      const surplus = [...this.#open].slice(0, Math.max(0, this.#open.size - MAX_OPEN));
      const idle = surplus.filter((each) => !this.#turns.has(each));
      await Promise.all(idle.map((each) => this.#close(each)));
    } catch (error) {
      await this.#setUnreadable(file, codeOf(error)).catch(() => undefined);
      this.#deps.io.log.debug({ err: error, file: file.currentPath }, 'a file could not be read');
    }
    const unreadable = [...this.#unreadable].map(([{ record }, code]) => [record.path, code] as const);
    this.#deps.onReadFault(unreadableText(unreadable));
  }

  async #read(file: TrackedFile): Promise<void> {
    const { files, maxLine, signal, io } = this.#deps;
    const opened = await file.open(maxLine, !files.isOrphan(file));
    if (opened.kind === 'elsewhere') return this.#locate(file);
    if (opened.kind === 'closed') return this.#setUnreadable(file, opened.code);
    this.#unreadable.delete(file);
    this.#open.delete(file);
    this.#open.add(file);
    if (!(await file.findStart(COUNT_BYTES))) return files.markDue(file);
    for (const until = file.position + TURN_BYTES; file.position < until && !signal.aborted; ) {
      const lines = await file.read(file.batchSize, TURN_BYTES);
      if (lines.length === 0) return this.#atEnd(file);
      await this.#emitter.emit(file, lines);
      file.lastActivity = io.clock.monotonic();
    }
    files.markDue(file);
  }

  async #atEnd(file: TrackedFile): Promise<void> {
    const { files, io } = this.#deps;
    file.batchSize = 1;
    files.endReached(file);
    if (!files.isOrphan(file) || io.clock.monotonic() - file.lastActivity < ORPHAN_IDLE_MS) return;
    // The last line will not get a newline any more.
    await this.#emitter.emit(file, file.readUnfinished());
    await this.#untrack(file);
  }

  /** Searches a file that is not at its path any more, and stops following it if it is not found. */
  async #locate(file: TrackedFile): Promise<void> {
    const { files, io } = this.#deps;
    const { currentPath } = file;
    await files.locate(file, io.clock.monotonic());
    if (file.currentPath === undefined || file.currentPath === currentPath) await this.#untrack(file);
  }

  #setUnreadable(file: TrackedFile, code: string): Promise<void> {
    this.#unreadable.set(file, code);
    // Files that took its name must not wait for it.
    this.#deps.files.endReached(file);
    return this.#close(file);
  }

  async #untrack(file: TrackedFile): Promise<void> {
    const { files, signal, io } = this.#deps;
    if (signal.aborted) return;
    this.#unreadable.delete(file);
    files.untrack(file, io.clock.now());
    await this.#close(file);
  }

  async #close(file: TrackedFile): Promise<void> {
    this.#open.delete(file);
    await file.close();
  }
}

interface PendingLine {
  readonly event: EventInput;
  readonly checkpoint: Checkpoint & { readonly value: string };
  readonly read: ReadLine;
}

/** Emits the lines of a file in their order and retries refused ones. The position after each line is saved with its event. */
class LineEmitter {
  readonly #deps: ReadLoopDeps;
  readonly #backoff = new Backoff();

  constructor(deps: ReadLoopDeps) {
    this.#deps = deps;
  }

  /** Resolves when all lines are durable, or earlier when `signal` aborts. The record of the file has the position reached. */
  async emit(file: TrackedFile, lines: readonly ReadLine[]): Promise<void> {
    const pending = lines.flatMap((read) => this.#pendingLine(file, read) ?? []);
    for (let from = 0; from < pending.length; ) {
      if (this.#deps.signal.aborted) return;
      from += await this.#emitBatch(file, pending.slice(from, from + file.batchSize));
    }
    // Lines after the last matching one are skipped.
    const last = lines.at(-1);
    if (last !== undefined) file.advanceTo(last.record);
  }

  /** Returns how many lines were stored before the first refused one. */
  async #emitBatch(file: TrackedFile, batch: readonly PendingLine[]): Promise<number> {
    const { io, onRefused, signal } = this.#deps;
    file.isEmitting = true;
    const results = await Promise.allSettled(batch.map(({ event, checkpoint }) => io.emit(event, [checkpoint])));
    file.isEmitting = false;
    const first = results.findIndex(({ status }) => status === 'rejected');
    const stored = first === -1 ? batch : batch.slice(0, first);
    const last = stored.at(-1);
    if (last !== undefined) {
      file.advanceTo(last.read.record);
      file.stored = last.checkpoint.value;
    }
    const refusal = results[first];
    if (refusal?.status !== 'rejected') {
      this.#backoff.reset();
      onRefused(undefined);
      // Batches begin with one line, so that after a refusal no later line is stored first.
      file.batchSize = Math.min(2 * file.batchSize, MAX_BATCH);
      return stored.length;
    }
    file.batchSize = 1;
    const isHole = results.slice(first).some(({ status }) => status === 'fulfilled');
    // The stored checkpoint is that of a later line, so it is set back. Lines that are emitted again are duplicates by their ids.
    if (isHole) await io.saveCheckpoints([{ key: file.key, value: file.stored ?? null }]).catch(() => undefined);
    onRefused(`a line was not accepted: ${(refusal.reason as Error).message}`);
    await this.#backoff.wait(io.clock, signal);
    return stored.length;
  }

  /** The event of a line; undefined when the line does not match. */
  #pendingLine(file: TrackedFile, read: ReadLine): PendingLine | undefined {
    const { io, pattern } = this.#deps;
    const { line, record } = read;
    const fields = pattern(line.text);
    if (fields === undefined) return undefined;
    const data = {
      ...fields,
      line: line.text,
      path: record.path,
      number: record.number,
      ...(line.truncated && { truncated: true }),
    };
    const id = `${io.name}:${record.generation}:${line.start}`;
    const event = withHops({ id, type: 'line', subject: record.path, data }, io.writes.hopsOfByte(file.id, line.start));
    return { event, checkpoint: { key: file.key, value: encodeRecord(record) }, read };
  }
}
