import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { now, sleep, until } from './clock.ts';
import { eventId } from './events.ts';
import { removeFolder, temporaryFolder } from './folder.ts';
import type { Sink } from './sink.ts';

const IN_A_FOLDER = 500;
const WRITTEN_AT_ONCE = 64;
const TIMEOUT_MS = 60_000;
/** Wait after a notification in which a second one would arrive. */
const AFTERMATH_MS = 300;

/** A tree of small files with event numbers as names: the first `count` ones, and one more to check that watching has begun. */
export class WatchedFiles {
  readonly folder: string;
  readonly count: number;
  #writes = 0;

  private constructor(folder: string, count: number) {
    this.folder = folder;
    this.count = count;
  }

  static async create(count: number): Promise<WatchedFiles> {
    const files = new WatchedFiles(await temporaryFolder(), count);
    for (const folder of files.folders()) await mkdir(folder);
    for (let from = 0; from <= count; from += WRITTEN_AT_ONCE)
      await Promise.all(
        Array.from({ length: Math.min(WRITTEN_AT_ONCE, count + 1 - from) }, (_, index) => files.write(from + index)),
      );
    return files;
  }

  folders(): readonly string[] {
    return Array.from({ length: Math.floor(this.count / IN_A_FOLDER) + 1 }, (_, folder) =>
      path.join(this.folder, String(folder)),
    );
  }

  /** New content of another length. */
  write(number: number): Promise<void> {
    const folder = String(Math.floor(number / IN_A_FOLDER));
    this.#writes += 1;
    return writeFile(path.join(this.folder, folder, `${eventId(number)}.txt`), `${this.#writes}`);
  }

  /** Writes the last file until the sink is notified. Returns the time of the notification. */
  async watched(sink: Sink): Promise<number> {
    sink.reset();
    const end = now() + TIMEOUT_MS;
    while (sink.unique === 0) {
      if (now() > end) throw new Error('no change of the files was reported');
      await this.write(this.count);
      await sleep(100);
    }
    const at = now();
    await sleep(2 * AFTERMATH_MS);
    return at;
  }

  /** Writes each file but the last, one after another. */
  async change(sink: Sink, gapMs: number): Promise<Changes> {
    sink.reset();
    const sent: number[] = [];
    for (let number = 0; number < this.count; number += 1) {
      sent.push(now());
      await this.write(number);
      await sleep(gapMs);
    }
    // A missing notification is counted, and is not an error.
    await until('all changes', () => sink.unique >= this.count, 5000).catch(() => undefined);
    await sleep(AFTERMATH_MS);
    const { counts, received } = sink.memory;
    const numbers = sent.map((_, number) => number);
    return {
      latencies: numbers.filter((number) => counts[number]! > 0).map((number) => received[number]! - sent[number]!),
      missed: numbers.filter((number) => counts[number] === 0).length,
      twice: numbers.filter((number) => counts[number]! > 1).length,
    };
  }

  close(): Promise<void> {
    return removeFolder(this.folder);
  }
}

export interface Changes {
  /** Milliseconds from the write of a file to its first notification. */
  readonly latencies: readonly number[];
  readonly missed: number;
  readonly twice: number;
}
