import { type FileHandle, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import type { DeadLetter } from '../../core/delivery/delivery.ts';
import { BelfryError, EXIT } from '../../core/problems/failure.ts';
import { syncFolder, writeAtomically } from '../../lib/files/atomic-file.ts';
import type { Log } from '../../lib/log.ts';
import type { Scrubber } from '../../lib/secrets/scrubber.ts';
import { isDiskFull, messageOf } from '../../lib/machine/system-error.ts';
import { checkFile, openToAppend, openToRead, repairFile } from './file.ts';
import { type DeadLetterSnapshot, snapshotDeadLetters } from './snapshot.ts';
import { hasUniqueIds, NEWLINE, parsedLines, type Rewrite, rewrittenBlocks } from './records.ts';

/** Line of the file: a record, or the reason why it is none. Lines count from 1. */
export type DeadLine =
  | { readonly line: number; readonly record: DeadLetter }
  | { readonly line: number; readonly problem: string };

/** null removes a record; a function computes its replacement from the record that is in the file now. */
export type DeadLetterChange = null | ((record: DeadLetter) => DeadLetter);

export interface DeadLetters {
  /** Durable when it resolves. */
  append(record: DeadLetter): Promise<void>;
  /** Reads the file in its order, oldest first. Of several lines with one id only the last one is returned. */
  read(): AsyncIterable<DeadLine>;
  find(id: string): Promise<DeadLetter | undefined>;
  /** Changes the records with these ids. All other lines stay unchanged, also lines that do not parse or were edited meanwhile. */
  change(changes: ReadonlyMap<string, DeadLetterChange>): Promise<void>;
  /**
   * Opens the file and calls `during` while nothing is written to it; the snapshot is undefined if there is no file. Later writes only
   * append to the file or replace it, so the snapshot stays as it is.
   */
  snapshot<T>(during: (snapshot: DeadLetterSnapshot | undefined) => Promise<T>): Promise<T>;
  /** Reason why the file cannot be written now (the disk is full, the path is not a regular file); undefined if it can. */
  readonly fault: string | undefined;
  /** Checks the file while nothing is written: updates `fault` and resets the file's mode. Never rejects. To be called each second. */
  check(): Promise<void>;
  /** Calls `listener` when the disk has failed: from then on nothing about this file is guaranteed. */
  onFatal(listener: (error: BelfryError) => void): void;
  close(): Promise<void>;
}

interface Options {
  readonly path: string;
  readonly scrubber: Scrubber;
  readonly log: Log;
}

const MAX_REWRITE_TRIES = 5;
/** Code of an append that failed and may succeed later. */
export const UNWRITABLE = 'dead_letters.unwritable';

function faultText(error: unknown): string {
  const reason = isDiskFull(error) ? 'the disk is full' : messageOf(error);
  return `dead letters: ${reason}; deliveries that end there stay pending until it can be written`;
}

/** Opens `dead-letters.jsonl`. Rejects with `dead_letters.not_a_file` (exit 78) if the path is not a regular file. */
export async function openDeadLetters(options: Options): Promise<DeadLetters> {
  await repairFile(options.path, options.log);
  return new DeadLetterFile(options);
}

/** Reads the file in its order, oldest first. Of several lines with one id only the last one is returned. */
export async function* readDeadLetters(file: string): AsyncIterable<DeadLine> {
  const handle = await openToRead(file);
  if (handle === undefined) return;
  // Both passes read the same file, even if a rewrite replaces it meanwhile.
  try {
    const last = (await hasUniqueIds(handle)) ? NO_LINES : await lastLines(handle);
    for await (const { line, record, problem } of parsedLines(handle)) {
      if (record === undefined) yield { line, problem: problem! };
      // A line appended between the passes is not in `last`, and is the last one with its id.
      else if ((last.get(record.id) ?? line) <= line) yield { line, record };
    }
  } finally {
    await handle.close();
  }
}

const NO_LINES: ReadonlyMap<string, number> = new Map();

/** Last line of each id. */
async function lastLines(handle: FileHandle): Promise<ReadonlyMap<string, number>> {
  const last = new Map<string, number>();
  for await (const { line, record } of parsedLines(handle)) if (record !== undefined) last.set(record.id, line);
  return last;
}

class DeadLetterFile implements DeadLetters {
  readonly #path: string;
  readonly #scrubber: Scrubber;
  readonly #log: Log;
  #queue: { readonly line: string; readonly done: () => void; readonly failed: (error: unknown) => void }[] = [];
  /** Last append or rewrite; they run one after another. */
  #lastWrite: Promise<unknown> = Promise.resolve();
  #isFlushing = false;
  readonly #fatalListeners: ((error: BelfryError) => void)[] = [];
  #failure: BelfryError | undefined;
  /** Error of the last write, and of the last check. */
  #writeError: string | undefined;
  #checkError: string | undefined;

  constructor({ path: file, scrubber, log }: Options) {
    this.#path = file;
    this.#scrubber = scrubber;
    this.#log = log;
  }

  append(record: DeadLetter): Promise<void> {
    return new Promise((done, failed) => {
      this.#queue.push({ line: this.#lineOf(record), done, failed });
      if (this.#isFlushing) return;
      this.#isFlushing = true;
      void this.#exclusively(() => this.#flush());
    });
  }

  async *read(): AsyncIterable<DeadLine> {
    await this.#lastWrite;
    yield* readDeadLetters(this.#path);
  }

  async find(id: string): Promise<DeadLetter | undefined> {
    let found: DeadLetter | undefined;
    for await (const line of this.read()) if ('record' in line && line.record.id === id) found = line.record;
    return found;
  }

  async change(changes: ReadonlyMap<string, DeadLetterChange>): Promise<void> {
    if (changes.size === 0) return;
    await this.#rewrite((record) => {
      const change = changes.get(record.id);
      return change === undefined || change === null ? change : this.#lineOf(change(record));
    });
  }

  snapshot<T>(during: (snapshot: DeadLetterSnapshot | undefined) => Promise<T>): Promise<T> {
    return this.#exclusively(async () => during(await snapshotDeadLetters(this.#path)));
  }

  get fault(): string | undefined {
    return this.#checkError ?? this.#writeError;
  }

  async check(): Promise<void> {
    this.#checkError = await checkFile(this.#path, this.#log).then(() => undefined, faultText);
  }

  onFatal(listener: (error: BelfryError) => void): void {
    this.#fatalListeners.push(listener);
  }

  async close(): Promise<void> {
    await this.#lastWrite;
  }

  /** Makes one write and one fsync for all records that were appended during the previous write. */
  async #flush(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#queue;
      this.#queue = [];
      try {
        await this.#write(batch.map(({ line }) => line).join(''));
        for (const { done } of batch) done();
      } catch (error) {
        for (const { failed } of batch) failed(error);
      }
    }
    this.#isFlushing = false;
  }

  /** Rejects with `dead_letters.unwritable` if the write may succeed later. */
  async #write(text: string): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      while (!(await this.#appendTo(text)));
      this.#writeError = undefined;
    } catch (cause) {
      if (this.#failure !== undefined) throw this.#failure;
      this.#writeError = faultText(cause);
      throw new BelfryError(UNWRITABLE, this.#writeError, { exit: EXIT.failed, cause });
    }
  }

  /** Opens the file anew each time, because an editor that saves by rename replaces it. Resolves to false if it was replaced meanwhile. */
  async #appendTo(text: string): Promise<boolean> {
    const isNew = !(await checkFile(this.#path, this.#log));
    const handle = await openToAppend(this.#path);
    try {
      const { size } = await handle.stat();
      try {
        await handle.appendFile((await endsMidLine(handle, size)) ? `\n${text}` : text);
      } catch (error) {
        // Removes the part that was written before the disk was full.
        await handle.truncate(size).catch(() => undefined);
        throw error;
      }
      await handle.sync().catch((cause: unknown) => this.#fail(cause));
      if (isNew) await this.#syncEntry().catch((cause: unknown) => this.#fail(cause));
      return await isInPlace(handle, this.#path);
    } finally {
      await handle.close();
    }
  }

  /** Makes the directory entry of a new file durable, in the target's folder if the path is a symbolic link. */
  async #syncEntry(): Promise<void> {
    await syncFolder(path.dirname(await realpath(this.#path)));
  }

  /** Treats a failed fsync as fatal: the kernel reports it once and may have dropped the data, so another fsync would succeed without them. */
  #fail(cause: unknown): never {
    this.#failure ??= new BelfryError(
      'dead_letters.failed',
      'the disk failed; the dead-letter file is not safe any more',
      {
        exit: EXIT.disk,
        cause,
      },
    );
    for (const listener of this.#fatalListeners) listener(this.#failure);
    throw this.#failure;
  }

  /** Rewrites the file. Starts over if it was edited meanwhile, so that no edit is lost. */
  #rewrite(change: Rewrite): Promise<void> {
    return this.#exclusively(async () => {
      if (this.#failure !== undefined) throw this.#failure;
      for (let tries = 1; tries <= MAX_REWRITE_TRIES; tries += 1) {
        if ((await this.#replaceBy(change)) !== 'edited meanwhile') return;
      }
      throw new BelfryError(
        'dead_letters.busy',
        'the dead-letter file was edited during each of 5 tries to change it; it was left unchanged',
      );
    });
  }

  async #replaceBy(change: Rewrite): Promise<'done' | 'nothing to do' | 'edited meanwhile'> {
    const before = await versionOf(this.#path);
    const handle = await openToRead(this.#path);
    if (handle === undefined) return 'nothing to do';
    let changes = 0;
    const isWanted = async (): Promise<boolean> => changes > 0 && (await versionOf(this.#path)) === before;
    try {
      const blocks = rewrittenBlocks(handle, change, () => (changes += 1));
      const replaced = await writeAtomically(await realpath(this.#path), blocks, 0o600, isWanted);
      return replaced ? 'done' : changes === 0 ? 'nothing to do' : 'edited meanwhile';
    } finally {
      await handle.close();
    }
  }

  #exclusively<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#lastWrite.then(work);
    this.#lastWrite = next.catch(() => undefined);
    return next;
  }

  /** Line of a record. U+2028 and U+2029 are escaped, because some readers split lines at them. */
  #lineOf(record: DeadLetter): string {
    const text = JSON.stringify(this.#scrubber.scrubJson(record));
    return `${text.replace(/[\u2028\u2029]/g, (character) => (character === '\u2028' ? '\\u2028' : '\\u2029'))}\n`;
  }
}

/** Identifies the state of a file: it differs after every edit. */
async function versionOf(file: string): Promise<string | undefined> {
  const found = await stat(file, { bigint: true }).catch(() => undefined);
  return found && `${found.dev} ${found.ino} ${found.size} ${found.mtimeNs}`;
}

/** Whether the open file is still the one at its path. */
async function isInPlace(handle: FileHandle, file: string): Promise<boolean> {
  const [open, found] = await Promise.all([
    handle.stat({ bigint: true }),
    stat(file, { bigint: true }).catch(() => undefined),
  ]);
  return found !== undefined && found.ino === open.ino && found.dev === open.dev;
}

async function endsMidLine(handle: FileHandle, size: number): Promise<boolean> {
  if (size === 0) return false;
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0] !== NEWLINE;
}
