import { hashOf, type Sequence, seqOfId } from '../engine/keys.ts';
import { NameFilter } from './bloom-filter.ts';
import type { Reader } from '../engine/query-client.ts';

/**
 * Knows of most events that they have never been here, so that the disk need not be asked. What the disk holds is learnt beside
 * everything else after a start; until then nothing is certain.
 */
export class KnownNames {
  readonly #eventSeqs: Sequence;
  /** Each twice as large as the one before, which is full. */
  readonly #filters: NameFilter[] = [new NameFilter(0)];
  #isWhole = false;

  constructor(eventSeqs: Sequence) {
    this.#eventSeqs = eventSeqs;
  }

  /** Nothing on disk or on its way there has this id and source; from now on something has. Ids that may be of our own making lie where they say. */
  hear(id: string, source: string): boolean {
    const [idHash, sourceHash] = [hashOf(id), hashOf(source)];
    const isNew = this.#isWhole && !this.#mayHave(idHash, sourceHash);
    this.#add(idHash, sourceHash);
    if (!isNew) return false;
    const seq = seqOfId(id);
    return seq === undefined || seq > this.#eventSeqs.last;
  }

  /** Resolves when it knows what is on disk. */
  async learn(reader: Reader): Promise<void> {
    const [row] = await reader.rows('namesCount');
    if (Number(row![0]) > 0) this.#filters.push(new NameFilter(Number(row![0])));
    let last = [0, 0, 0];
    for (;;) {
      const rows = (await reader.rows('namesAfter', ...last)) as unknown as [number, number, number][];
      for (const [id, source] of rows) this.#add(id, source);
      if (rows.length === 0) break;
      last = rows.at(-1)!;
    }
    this.#isWhole = true;
  }

  #mayHave(idHash: number, sourceHash: number): boolean {
    return this.#filters.some((filter) => filter.mayHave(idHash, sourceHash));
  }

  #add(idHash: number, sourceHash: number): void {
    const newest = this.#filters.at(-1)!;
    newest.add(idHash, sourceHash);
    if (newest.isFull) this.#filters.push(new NameFilter(newest.capacity));
  }
}
