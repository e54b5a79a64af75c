import { type FileHandle, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import type { DeadLetter } from '../../core/delivery/delivery.ts';
import { BelfryError, EXIT } from '../../core/problems/failure.ts';
import { syncFolder, writeAtomically } from '../../lib/files/atomic-file.ts';
import type { Log } from '../../lib/log.ts';
import type { Scrubber } from '../../lib/secrets/scrubber.ts';
import { checkLetterFile, mendLetterFile, openToAppend, openToRead } from './file.ts';
import { NEWLINE, parsedLines, type Rewrite, rewrittenBlocks } from './records.ts';

/** A line of the file: a record, or why it is none. Lines count from 1. */
export type DeadLine =
  | { readonly line: number; readonly record: DeadLetter }
  | { readonly line: number; readonly problem: string };

/** null takes a record out; a function gives what comes in its place, from the record as the file has it now. */
export type LetterChange = null | ((letter: DeadLetter) => DeadLetter);

export interface DeadLetters {
  /** On disk when it resolves. */
  append(record: DeadLetter): Promise<void>;
  /** The file as it is now, oldest first. Of several lines with one id the last one counts; it stands where the last one stands. */
  read(): AsyncIterable<DeadLine>;
  find(id: string): Promise<DeadLetter | undefined>;
  /** Changes the records with these ids. The rest stays as it is, also what does not parse and what was edited meanwhile. */
  change(changes: ReadonlyMap<string, LetterChange>): Promise<void>;
  /** Why nothing can be written to it at present (the disk is full, something else stands there); undefined when it can. */
  readonly trouble: string | undefined;
  /** Looks at the file while nothing is written: sets or ends `trouble`, and mends its mode. Never rejects. To be called each second. */
  check(): Promise<void>;
  /** Called when the disk failed: nothing about this file can be promised any more. */
  onFatal(listener: (error: BelfryError) => void): void;
  close(): Promise<void>;
}

interface Options {
  readonly path: string;
  readonly scrubber: Scrubber;
  readonly log: Log;
}

const REWRITE_TRIES = 5;
/** The code of an append that failed in a way that may pass. */
export const UNWRITABLE = 'dead_letters.unwritable';
const NO_ROOM: readonly unknown[] = ['ENOSPC', 'EDQUOT'];

function troubleText(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const reason = NO_ROOM.includes(code) ? 'the disk is full' : message;
  return `dead letters: ${reason}; what is to go there stays owed until it can be written`;
}

/** Opens `dead-letters.jsonl`. Rejects with `dead_letters.not_a_file` (exit 78) when something else stands there. */
export async function openDeadLetters(options: Options): Promise<DeadLetters> {
  await mendLetterFile(options.path, options.log);
  return new DeadLetterFile(options);
}

class DeadLetterFile implements DeadLetters {
  readonly #path: string;
  readonly #scrubber: Scrubber;
  readonly #log: Log;
  #waiting: { readonly line: string; readonly done: () => void; readonly failed: (error: unknown) => void }[] = [];
  /** Appends and rewrites take turns. */
  #turn: Promise<unknown> = Promise.resolve();
  #flushing = false;
  readonly #fatal: ((error: BelfryError) => void)[] = [];
  #failure: BelfryError | undefined;
  /** Of the last write, and of the last look. */
  #unwritable: string | undefined;
  #inTheWay: string | undefined;

  constructor({ path: file, scrubber, log }: Options) {
    this.#path = file;
    this.#scrubber = scrubber;
    this.#log = log;
  }

  append(record: DeadLetter): Promise<void> {
    return new Promise((done, failed) => {
      this.#waiting.push({ line: this.#lineOf(record), done, failed });
      if (this.#flushing) return;
      this.#flushing = true;
      void this.#inTurn(() => this.#flush());
    });
  }

  async *read(): AsyncIterable<DeadLine> {
    await this.#turn;
    const handle = await openToRead(this.#path);
    if (handle === undefined) return;
    // Both passes see the same file, also when a rewrite puts another one in its place meanwhile.
    try {
      const last = new Map<string, number>();
      for await (const { line, record } of parsedLines(handle)) if (record !== undefined) last.set(record.id, line);
      for await (const { line, record, problem } of parsedLines(handle)) {
        if (record === undefined) yield { line, problem: problem! };
        // A line that came in between is not in the first pass, and is the last with its id.
        else if ((last.get(record.id) ?? line) <= line) yield { line, record };
      }
    } finally {
      await handle.close();
    }
  }

  async find(id: string): Promise<DeadLetter | undefined> {
    let found: DeadLetter | undefined;
    for await (const line of this.read()) if ('record' in line && line.record.id === id) found = line.record;
    return found;
  }

  async change(changes: ReadonlyMap<string, LetterChange>): Promise<void> {
    if (changes.size === 0) return;
    await this.#rewrite((record) => {
      const change = changes.get(record.id);
      return change === undefined || change === null ? change : this.#lineOf(change(record));
    });
  }

  get trouble(): string | undefined {
    return this.#inTheWay ?? this.#unwritable;
  }

  async check(): Promise<void> {
    this.#inTheWay = await checkLetterFile(this.#path, this.#log).then(() => undefined, troubleText);
  }

  onFatal(listener: (error: BelfryError) => void): void {
    this.#fatal.push(listener);
  }

  async close(): Promise<void> {
    await this.#turn;
  }

  /** One write and one fsync for all that came while the last one ran. */
  async #flush(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        await this.#write(batch.map(({ line }) => line).join(''));
        for (const { done } of batch) done();
      } catch (error) {
        for (const { failed } of batch) failed(error);
      }
    }
    this.#flushing = false;
  }

  /** Rejects with `dead_letters.unwritable` while that may pass. */
  async #write(text: string): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      while (!(await this.#appendTo(text)));
      this.#unwritable = undefined;
    } catch (cause) {
      if (this.#failure !== undefined) throw this.#failure;
      this.#unwritable = troubleText(cause);
      throw new BelfryError(UNWRITABLE, this.#unwritable, { exit: EXIT.failed, cause });
    }
  }

  /** Opens the file anew each time, since an editor that saves by rename puts another one in its place; false when that happened meanwhile. */
  async #appendTo(text: string): Promise<boolean> {
    const isNew = !(await checkLetterFile(this.#path, this.#log));
    const handle = await openToAppend(this.#path);
    try {
      const { size } = await handle.stat();
      try {
        await handle.appendFile((await endsMidLine(handle, size)) ? `\n${text}` : text);
      } catch (error) {
        // A write cut short by a full disk is taken back.
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

  /** Makes the entry of a new file durable, in the folder that a symbolic link leads to. */
  async #syncEntry(): Promise<void> {
    await syncFolder(path.dirname(await realpath(this.#path)));
  }

  /** The kernel tells of a failed fsync once and may have dropped what was written: trying again would lie. */
  #fail(cause: unknown): never {
    this.#failure ??= new BelfryError(
      'dead_letters.failed',
      'the disk failed; the dead-letter file is not safe any more',
      {
        exit: EXIT.disk,
        cause,
      },
    );
    for (const listener of this.#fatal) listener(this.#failure);
    throw this.#failure;
  }

  /** An edit made while this reads is not lost: it reads again. */
  #rewrite(change: Rewrite): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#failure !== undefined) throw this.#failure;
      for (let tries = 1; tries <= REWRITE_TRIES; tries += 1) {
        if ((await this.#replaceBy(change)) !== 'edited meanwhile') return;
      }
      throw new BelfryError(
        'dead_letters.busy',
        'somebody keeps writing to the dead-letter file; it was left as it is',
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

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#turn.then(work);
    this.#turn = next.catch(() => undefined);
    return next;
  }

  /** Other readers split at U+2028 and U+2029 too, so they are written as escapes. */
  #lineOf(record: DeadLetter): string {
    const text = JSON.stringify(this.#scrubber.scrubJson(record));
    return `${text.replace(/[\u2028\u2029]/g, (character) => (character === '\u2028' ? '\\u2028' : '\\u2029'))}\n`;
  }
}

/** Tells one state of a file from another. */
async function versionOf(file: string): Promise<string | undefined> {
  const found = await stat(file, { bigint: true }).catch(() => undefined);
  return found && `${found.dev} ${found.ino} ${found.size} ${found.mtimeNs}`;
}

/** Whether the file that is open is still the one at its path. */
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
