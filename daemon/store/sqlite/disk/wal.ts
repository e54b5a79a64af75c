import { closeSync, openSync, readSync, statSync } from 'node:fs';

/** https://www.sqlite.org/fileformat2.html#the_write_ahead_log */
const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
/** First bytes of a write-ahead log; the second is that of checksums in big-endian words. */
const MAGIC = 0x377f0682;
const MAGIC_BIG_ENDIAN = 0x377f0683;
const MIN_PAGE_BYTES = 512;
const MAX_PAGE_BYTES = 65_536;

/** Sums of the words before, as each frame continues them. */
type Sums = readonly [number, number];

/**
 * Damage of a write-ahead log, for which SQLite would drop acknowledged commits and report nothing; undefined if there is none. SQLite reads a
 * log up to the first frame whose checksum is wrong, and takes the rest for the remains of an earlier one. That is right for a damaged
 * last transaction, which a power cut may tear before anybody got an answer, and wrong for one that another has followed.
 */
export function damageOfLog(file: string): string | undefined {
  const { size } = statSync(file, { throwIfNoEntry: false }) ?? { size: 0 };
  if (size < 4) return undefined;
  const fd = openSync(file, 'r');
  try {
    const header = readAt(fd, 0, Math.min(size, HEADER_BYTES));
    const magic = header.readUInt32BE(0);
    // Zeros: a power cut may leave them before the first commit.
    if (magic === 0) return undefined;
    if (magic !== MAGIC && magic !== MAGIC_BIG_ENDIAN) return 'it is not a write-ahead log of SQLite';
    if (size < HEADER_BYTES + FRAME_HEADER_BYTES) return undefined;
    const log = new Log(fd, header, magic === MAGIC_BIG_ENDIAN);
    return log.isHeaderWhole ? log.damage(size) : 'its header is damaged';
  } finally {
    closeSync(fd);
  }
}

class Log {
  readonly isHeaderWhole: boolean;
  readonly #fd: number;
  readonly #pageBytes: number;
  readonly #salt: Buffer;
  readonly #read: (buffer: Buffer, at: number) => number;
  readonly #start: Sums;

  constructor(fd: number, header: Buffer, isBigEndian: boolean) {
    this.#fd = fd;
    this.#read = isBigEndian ? (buffer, at) => buffer.readUInt32BE(at) : (buffer, at) => buffer.readUInt32LE(at);
    this.#salt = header.subarray(16, 24);
    this.#start = [header.readUInt32BE(24), header.readUInt32BE(28)];
    const pageBytes = header.readUInt32BE(8);
    this.#pageBytes = pageBytes === 1 ? MAX_PAGE_BYTES : pageBytes;
    const isPageSize = this.#pageBytes >= MIN_PAGE_BYTES && this.#pageBytes <= MAX_PAGE_BYTES;
    this.isHeaderWhole = isPageSize && areEqual(this.#sum(header.subarray(0, 24), [0, 0]), this.#start);
  }

  /** Looks for a damaged frame that a later transaction of the same log has followed. */
  damage(size: number): string | undefined {
    const frameBytes = FRAME_HEADER_BYTES + this.#pageBytes;
    const frames = Math.floor((size - HEADER_BYTES) / frameBytes);
    let before = this.#start;
    let bad: number | undefined;
    let isCommitted = false;
    for (let number = 0; number < frames; number += 1) {
      const frame = readAt(this.#fd, HEADER_BYTES + number * frameBytes, frameBytes);
      const isOurs = frame.subarray(8, 16).equals(this.#salt);
      const stored: Sums = [frame.readUInt32BE(16), frame.readUInt32BE(20)];
      const isWhole =
        isOurs &&
        areEqual(this.#sum(frame.subarray(FRAME_HEADER_BYTES), this.#sum(frame.subarray(0, 8), before)), stored);
      before = stored;
      if (!isWhole) bad ??= number;
      if (bad === undefined || !isOurs) continue;
      if (isCommitted) return `frame ${bad + 1} of ${frames} is damaged, and commits follow it`;
      // Frames of an earlier log have another salt, and the frame that ends a transaction has the size of the database.
      isCommitted = frame.readUInt32BE(4) !== 0;
    }
    return undefined;
  }

  #sum(buffer: Buffer, [first, second]: Sums): Sums {
    for (let at = 0; at < buffer.length; at += 8) {
      first = (first + this.#read(buffer, at) + second) >>> 0;
      second = (second + this.#read(buffer, at + 4) + first) >>> 0;
    }
    return [first, second];
  }
}

const areEqual = (a: Sums, b: Sums): boolean => a[0] === b[0] && a[1] === b[1];

function readAt(fd: number, position: number, length: number): Buffer {
  const buffer = Buffer.alloc(length);
  readSync(fd, buffer, 0, length, position);
  return buffer;
}
