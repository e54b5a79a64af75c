import { createReadStream } from 'node:fs';
import { type FileHandle, open, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { DeadLetter } from '../core/delivery.ts';
import { isObject } from '../core/json.ts';
import { syncFolder, writeAtomically } from '../lib/atomic-file.ts';
import type { Log } from '../lib/log.ts';
import type { Scrubber } from '../lib/scrubber.ts';

/** A line of the file: a record, or why it is none. Lines count from 1. */
export type DeadLine =
  | { readonly line: number; readonly record: DeadLetter }
  | { readonly line: number; readonly problem: string };

export interface DeadLetters {
  /** On disk when it resolves. */
  append(record: DeadLetter): Promise<void>;
  /** The file as it is now, oldest first. Of several lines with one id the last one counts; it stands where the last one stands. */
  read(): AsyncIterable<DeadLine>;
  find(id: string): Promise<DeadLetter | undefined>;
  /** Puts each record in the place of the one with its id, or takes that out (null). The rest stays as it is, also what does not parse and what was edited meanwhile. */
  change(changes: ReadonlyMap<string, DeadLetter | null>): Promise<void>;
  close(): Promise<void>;
}

interface Options {
  readonly path: string;
  readonly scrubber: Scrubber;
  readonly log: Log;
}

const NEWLINE = 0x0a;
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
    const last = new Map<string, number>();
    for await (const { line, record } of parsedLines(this.#path)) if (record !== undefined) last.set(record.id, line);
    for await (const { line, record, problem } of parsedLines(this.#path)) {
      if (record === undefined) yield { line, problem: problem! };
      else if (last.get(record.id) === line) yield { line, record };
    }
  }

  async find(id: string): Promise<DeadLetter | undefined> {
    let found: DeadLetter | undefined;
    for await (const line of this.read()) if ('record' in line && line.record.id === id) found = line.record;
    return found;
  }

  async change(changes: ReadonlyMap<string, DeadLetter | null>): Promise<void> {
    if (changes.size === 0) return;
    const lines = new Map([...changes].map(([id, record]) => [id, record === null ? undefined : this.#lineOf(record)]));
    await this.#rewrite((record) => (lines.has(record.id) ? lines.get(record.id) : 'keep'));
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
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (!existed) await syncFolder(path.dirname(this.#path));
  }

  /** `change` gives each record's new line, `keep`, or undefined to take it out. An edit made while this reads is not lost: it reads again. */
  #rewrite(change: (record: DeadLetter) => string | 'keep' | undefined): Promise<void> {
    return this.#inTurn(async () => {
      for (let tries = 1; ; tries += 1) {
        const before = await versionOf(this.#path);
        if (before === undefined) return;
        const text = await readFile(this.#path);
        const changed = rewritten(text, change);
        if (changed === undefined) return;
        if ((await versionOf(this.#path)) !== before && tries < REWRITE_TRIES) continue;
        await writeAtomically(this.#path, changed, 0o600);
        return;
      }
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

function rewritten(text: Buffer, change: (record: DeadLetter) => string | 'keep' | undefined): Buffer | undefined {
  const parts: Buffer[] = [];
  let touched = false;
  for (const { bytes } of linesOf(text)) {
    const { record } = parseLine(bytes.toString('utf8'));
    const next = record === undefined ? 'keep' : change(record);
    if (next === 'keep') parts.push(bytes, Buffer.of(NEWLINE));
    else {
      touched = true;
      if (next !== undefined) parts.push(Buffer.from(next));
    }
  }
  return touched ? Buffer.concat(parts) : undefined;
}

function* linesOf(text: Buffer): Iterable<{ bytes: Buffer; whole: boolean }> {
  for (let from = 0; from < text.length; ) {
    const end = text.indexOf(NEWLINE, from);
    yield { bytes: text.subarray(from, end === -1 ? text.length : end), whole: end !== -1 };
    from = end === -1 ? text.length : end + 1;
  }
}

async function* parsedLines(file: string): AsyncIterable<{ line: number; record?: DeadLetter; problem?: string }> {
  if (!(await exists(file))) return;
  let rest: Buffer = Buffer.alloc(0);
  let line = 0;
  for await (const chunk of createReadStream(file)) {
    rest = rest.length === 0 ? (chunk as Buffer) : Buffer.concat([rest, chunk as Buffer]);
    for (let end = rest.indexOf(NEWLINE); end !== -1; end = rest.indexOf(NEWLINE)) {
      line += 1;
      if (end > 0) yield { line, ...parseLine(rest.subarray(0, end).toString('utf8')) };
      rest = rest.subarray(end + 1);
    }
  }
  if (rest.length > 0) yield { line: line + 1, ...parseLine(rest.toString('utf8')) };
}

/** What a record cannot do without; the rest may have been edited away. */
function parseLine(text: string): { record?: DeadLetter; problem?: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { problem: `it is not JSON (${(error as Error).message})` };
  }
  if (!isObject(value)) return { problem: 'it is not a JSON object' };
  for (const name of ['id', 'channel', 'rule'] as const)
    if (typeof value[name] !== 'string') return { problem: `\`${name}\` is missing` };
  for (const name of ['message', 'event'] as const)
    if (!isObject(value[name])) return { problem: `\`${name}\` is missing` };
  const { message } = value as { message: Record<string, unknown> };
  if (typeof message.title !== 'string' || typeof message.body !== 'string')
    return { problem: '`message.title` or `message.body` is missing' };
  return {
    record: {
      attempts: [],
      ...value,
      message: { format: 'text', priority: 'normal', tags: [], ...message },
    } as unknown as DeadLetter,
  };
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

async function exists(file: string): Promise<boolean> {
  return (await versionOf(file)) !== undefined;
}
