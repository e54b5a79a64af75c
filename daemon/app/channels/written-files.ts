import type { FileWrite, FileWrites, WriteEnd } from '../../core/event/file-writes.ts';

/** Files that are remembered; the one with the oldest last write is forgotten first. */
const MAX_FILES = 10_000;
/** Ranges of different hops that are remembered for a file. */
const MAX_RANGES = 1000;

interface Range {
  readonly from: number;
  to: number;
  readonly hops: number;
}

interface Written {
  readonly device: string;
  /** Hops of the last write. */
  hops: number;
  /** State that the last write left; undefined while it goes on. */
  state: string | undefined;
  /** Sorted by `from`. */
  readonly ranges: Range[];
}

/**
 * Bytes that channels have written to files since the start, by inode. A source that finds them passes their hops on. They are not
 * stored: after a restart a loop over a file begins to count anew, and is stopped again after ten more turns.
 */
export class WrittenFiles implements FileWrites {
  readonly #files = new Map<string, Written>();

  begin({ device, inode, from, to, hops }: FileWrite): WriteEnd {
    const known = this.#files.get(inode);
    const file = known?.device === device ? known : { device, hops, state: undefined, ranges: [] };
    file.hops = hops;
    file.state = undefined;
    addRange(file.ranges, { from, to, hops });
    this.#files.delete(inode);
    this.#files.set(inode, file);
    if (this.#files.size > MAX_FILES) this.#files.delete(this.#files.keys().next().value!);
    return (state) => {
      if (state === undefined) this.#files.delete(inode);
      else file.state = state;
    };
  }

  hopsOfState(state: string): number {
    const file = this.#files.get(state.slice(state.lastIndexOf(',') + 1));
    return file !== undefined && (file.state === undefined || file.state === state) ? file.hops : 0;
  }

  hopsOfByte(id: string, offset: number): number {
    const cut = id.indexOf(':');
    const file = this.#files.get(id.slice(cut + 1));
    if (file?.device !== id.slice(0, cut)) return 0;
    return file.ranges.findLast(({ from, to }) => from <= offset && offset < to)?.hops ?? 0;
  }
}

/** Adds a range. One that continues the last range with the same hops extends it; after a truncation the ranges behind are gone. */
function addRange(ranges: Range[], added: Range): void {
  while ((ranges.at(-1)?.to ?? 0) > added.from) ranges.pop();
  const last = ranges.at(-1);
  if (last?.to === added.from && last.hops === added.hops) last.to = added.to;
  else ranges.push(added);
  if (ranges.length > MAX_RANGES) ranges.shift();
}
