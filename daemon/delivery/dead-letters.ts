import { type FileHandle, open, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { DeadLetter } from '../core/delivery.ts';
import { BelfryError, EXIT } from '../core/failure.ts';
import { syncFolder, writeAtomically } from '../lib/atomic-file.ts';
import type { Log } from '../lib/log.ts';
import type { Scrubber } from '../lib/scrubber.ts';
import { NEWLINE, parseLine, parsedLines, type Rewrite, rewritten } from './letter-lines.ts';

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

/** Opens `dead-letters.jsonl`, mending a last line that a crash tore: what was never promised to be there is set aside, not parsed over. */
export async function openDeadLetters(options: Options): Promise<DeadLetters> {
  await mendTail(options);
  return new DeadLetterFile(options);
}

class DeadLetterFile implements DeadLetters {
  readonly #path: string;
  readonly #scrubber: Scrubber;
  #waiting: { readonly line: string; readonly done: () => void; readonly failed: (error: unknown) => void }[] = [];
  /** Appends and rewrites take turns. */
  #turn: Promise<unknown> = Promise.resolve();
  #flushing = false;
  readonly #fatal: ((error: BelfryError) => void)[] = [];
  #failure: BelfryError | undefined;

  constructor({ path: file, scrubber }: Options) {
    this.#path = file;
    this.#scrubber = scrubber;
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
    const handle = await open(this.#path).catch(unlessMissing);
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

  /** Opened anew each time: an editor that saves by rename has put another file in its place. A write cut short by a full disk is taken back. */
  async #write(text: string): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    const existed = await exists(this.#path);
    const handle = await open(this.#path, 'a', 0o600);
    try {
      const { size } = await handle.stat();
      const glued = size > 0 && (await lastByte(this.#path, size)) !== NEWLINE;
      try {
        await handle.appendFile(glued ? `\n${text}` : text);
      } catch (error) {
        await handle.truncate(size).catch(() => undefined);
        throw error;
      }
      await handle.sync().catch((cause: unknown) => this.#fail(cause));
    } finally {
      await handle.close();
    }
    if (!existed) await syncFolder(path.dirname(this.#path)).catch((cause: unknown) => this.#fail(cause));
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
        const before = await versionOf(this.#path);
        if (before === undefined) return;
        const changed = rewritten(await readFile(this.#path), change);
        if (changed === undefined) return;
        const unchanged = async (): Promise<boolean> => (await versionOf(this.#path)) === before;
        if (await writeAtomically(this.#path, changed, 0o600, unchanged)) return;
      }
      throw new BelfryError(
        'dead_letters.busy',
        'somebody keeps writing to the dead-letter file; it was left as it is',
      );
    });
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

async function mendTail({ path: file, log }: Options): Promise<void> {
  if (!(await exists(file))) return;
  const handle = await open(file, 'r+');
  try {
    await handle.chmod(0o600);
    const { size } = await handle.stat();
    const tail = await tailOf(handle, size);
    if (tail.length === 0) return;
    if (parseLine(tail.toString('utf8')).record !== undefined) await handle.write('\n', size);
    else {
      const aside = await asideName(file);
      await writeAtomically(aside, tail, 0o600);
      await handle.truncate(size - tail.length);
      log.warn(
        { file: path.basename(aside), bytes: tail.length },
        'dead letters: the last line was torn; it is set aside',
      );
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** What stands after the last newline. */
async function tailOf(handle: FileHandle, size: number): Promise<Buffer> {
  let tail: Buffer = Buffer.alloc(0);
  for (let from = size; from > 0; ) {
    const length = Math.min(64 * 1024, from);
    from -= length;
    const { buffer } = await handle.read(Buffer.alloc(length), 0, length, from);
    const end = buffer.lastIndexOf(NEWLINE);
    tail = Buffer.concat([buffer.subarray(end + 1), tail]);
    if (end !== -1) break;
  }
  return tail;
}

async function asideName(file: string): Promise<string> {
  const base = path.join(path.dirname(file), path.basename(file, '.jsonl'));
  for (let number = 1; ; number += 1) if (!(await exists(`${base}.torn-${number}`))) return `${base}.torn-${number}`;
}

async function lastByte(file: string, size: number): Promise<number | undefined> {
  const handle = await open(file, 'r');
  try {
    const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
    return buffer[0];
  } finally {
    await handle.close();
  }
}

async function versionOf(file: string): Promise<string | undefined> {
  const found = await stat(file, { bigint: true }).catch(() => undefined);
  return found && `${found.ino} ${found.size} ${found.mtimeNs}`;
}

/** No file is no letters. */
function unlessMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT') return undefined;
  throw error;
}

async function exists(file: string): Promise<boolean> {
  return (await versionOf(file)) !== undefined;
}
