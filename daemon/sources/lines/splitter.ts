const NEWLINE = 0x0a;
const RETURN = 0x0d;
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);

export interface Line {
  readonly text: string;
  /** The line is longer than the text. */
  readonly truncated: boolean;
  /** Offset of its first byte in the file. */
  readonly start: number;
  /** Offset of the next line. */
  readonly end: number;
  /** The last bytes before `end`, at most `TRAIL` of them. */
  readonly trail: Buffer;
}

/** Bytes from which a fingerprint is computed: two logs rarely have this many in common. */
export const TRAIL = 1024;

/**
 * Splits bytes into lines. Bytes after the last newline are kept until their newline arrives; memory holds one chunk and the
 * unfinished line. Drops a carriage return before the newline, a byte order mark at the start of the file, and NULs at the start
 * of a line: a writer that continues at its old offset in a truncated file leaves such a hole.
 */
export class LineSplitter {
  readonly #maxBytes: number;
  #chunk: Buffer = Buffer.alloc(0);
  #at = 0;
  /** Kept bytes of the unfinished line. */
  #kept: Buffer[] = [];
  #length = 0;
  /** The unfinished line has more bytes than are kept. */
  #isCut = false;
  #start: number;
  #position: number;

  /** `maxBytes` are kept of a line; `start` is the file offset of the first chunk, at the start of a line. */
  constructor(maxBytes: number, start: number) {
    this.#maxBytes = maxBytes;
    this.#start = start;
    this.#position = start;
  }

  /** File offset of the next chunk. */
  get position(): number {
    return this.#position;
  }

  /** The chunk is used up, so `feed` may be called. */
  get needsChunk(): boolean {
    return this.#at >= this.#chunk.length;
  }

  /** Whether there is an unfinished line. */
  get isWithinLine(): boolean {
    return this.#start < this.#position - (this.#chunk.length - this.#at);
  }

  /** Adds a chunk. Call it only when `needsChunk`; the buffer must not change until `needsChunk` again. */
  feed(chunk: Buffer): void {
    this.#chunk = chunk;
    this.#at = 0;
    this.#position += chunk.length;
  }

  /** The next complete line of the chunk. */
  next(): Line | undefined {
    if (this.needsChunk) return undefined;
    const newline = this.#chunk.indexOf(NEWLINE, this.#at);
    const to = newline === -1 ? this.#chunk.length : newline;
    this.#keep(this.#chunk.subarray(this.#at, to), newline !== -1);
    const trail = this.#chunk.subarray(Math.max(this.#at, to + 1 - TRAIL), to + 1);
    this.#at = to + 1;
    if (newline !== -1) return this.#end(trail);
    this.#chunk = Buffer.alloc(0);
    this.#at = 0;
    return undefined;
  }

  /** The unfinished line. Call it when no more bytes will follow. */
  last(): Line | undefined {
    return this.needsChunk && this.isWithinLine ? this.#end(Buffer.alloc(0)) : undefined;
  }

  /** Keeps up to one byte more than the limit, because it may be a carriage return. `isShared`: the bytes are used before the next chunk. */
  #keep(piece: Buffer, isShared: boolean): void {
    let from = 0;
    if (this.#length === 0) while (from < piece.length && piece[from] === 0) from += 1;
    const room = this.#maxBytes + 1 + (this.#start === 0 ? BOM.length : 0) - this.#length;
    const kept = piece.subarray(from, from + room);
    if (from + room < piece.length) this.#isCut = true;
    if (kept.length === 0) return;
    this.#kept.push(isShared ? kept : Buffer.from(kept));
    this.#length += kept.length;
  }

  #end(trail: Buffer): Line {
    const start = this.#start;
    const end = this.#position - (this.#chunk.length - this.#at);
    const { text, truncated } = this.#text();
    this.#kept = [];
    this.#length = 0;
    this.#isCut = false;
    this.#start = end;
    return { text, truncated, start, end, trail };
  }

  #text(): Pick<Line, 'text' | 'truncated'> {
    let bytes = this.#kept.length === 1 ? this.#kept[0]! : Buffer.concat(this.#kept);
    if (this.#start === 0 && bytes.subarray(0, BOM.length).equals(BOM)) bytes = bytes.subarray(BOM.length);
    if (!this.#isCut && bytes.at(-1) === RETURN) bytes = bytes.subarray(0, -1);
    const truncated = this.#isCut || bytes.length > this.#maxBytes;
    if (truncated) bytes = bytes.subarray(0, wholeCharacters(bytes, this.#maxBytes));
    return { text: bytes.toString('utf8'), truncated };
  }
}

/** The greatest length up to `max` that does not split a character. */
function wholeCharacters(bytes: Buffer, max: number): number {
  if (bytes.length <= max) return bytes.length;
  let to = max;
  while (to > 0 && to > max - 4 && (bytes[to]! & 0xc0) === 0x80) to -= 1;
  return (bytes[to]! & 0xc0) === 0x80 ? max : to;
}
