import type { EventInput } from '../../core/event/event.ts';
import type { LineFile, ReadLine } from './file.ts';
import type { LinePattern } from './pattern.ts';
import { encodeRecord } from './record.ts';
import { Patience } from '../../lib/async/retry.ts';
import type { Checkpoint, SourceIo } from '../source.ts';

/** So many go into one commit together. */
const MOST_AT_ONCE = 128;

interface Telling {
  readonly event: EventInput;
  readonly checkpoint: Checkpoint & { readonly value: string };
  readonly read: ReadLine;
}

export interface TellingParts {
  readonly io: SourceIo;
  readonly pattern: LinePattern;
  readonly signal: AbortSignal;
  /** Why lines are not taken; undefined: they are. */
  readonly refused: (why: string | undefined) => void;
}

/** Hands lines over until they are taken, those of one file in their order. How far it came is stored with each of them. */
export class LineTelling {
  readonly #parts: TellingParts;
  readonly #patience = new Patience();

  constructor(parts: TellingParts) {
    this.#parts = parts;
  }

  /** Resolves when all have been taken, or those that have been before `signal` aborted. The file's record says how far. */
  async tell(file: LineFile, lines: readonly ReadLine[]): Promise<void> {
    const tellings = lines.flatMap((read) => this.#telling(file, read) ?? []);
    for (let from = 0; from < tellings.length; ) {
      if (this.#parts.signal.aborted) return;
      from += await this.#hand(file, tellings.slice(from, from + file.pace));
    }
    // What comes after the last one that was told is of no interest.
    const last = lines.at(-1);
    if (last !== undefined) file.settle(last.record);
  }

  /** Returns how many were taken before the first that was not. */
  async #hand(file: LineFile, tellings: readonly Telling[]): Promise<number> {
    const { io, refused, signal } = this.#parts;
    file.isTelling = true;
    const results = await Promise.allSettled(tellings.map(({ event, checkpoint }) => io.emit(event, [checkpoint])));
    file.isTelling = false;
    const first = results.findIndex(({ status }) => status === 'rejected');
    const taken = first === -1 ? tellings : tellings.slice(0, first);
    const last = taken.at(-1);
    if (last !== undefined) {
      file.settle(last.read.record);
      file.stored = last.checkpoint.value;
    }
    const refusal = results[first];
    if (refusal?.status !== 'rejected') {
      this.#patience.reset();
      refused(undefined);
      // Begun with one at a time, so that a refusal does not let later ones go first.
      file.pace = Math.min(2 * file.pace, MOST_AT_ONCE);
      return taken.length;
    }
    file.pace = 1;
    const isHole = results.slice(first).some(({ status }) => status === 'fulfilled');
    // The checkpoint is that of a later line. What was taken already is a repetition then, and known by its id.
    if (isHole) await io.saveCheckpoints([{ key: file.key, value: file.stored ?? null }]).catch(() => undefined);
    refused(`a line was not taken: ${(refusal.reason as Error).message}`);
    await this.#patience.wait(io.clock, signal);
    return taken.length;
  }

  #telling(file: LineFile, read: ReadLine): Telling | undefined {
    const { io, pattern } = this.#parts;
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
    const id = `${io.name}:${record.life}:${line.start}`;
    const event = { id, type: 'line', subject: record.path, data };
    return { event, checkpoint: { key: file.key, value: encodeRecord(record) }, read };
  }
}
