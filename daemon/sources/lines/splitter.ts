const NEWLINE = 0x0a;
const RETURN = 0x0d;
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);

export interface Line {
  readonly text: string;
  /** It is longer, and was cut. */
  readonly truncated: boolean;
  /** Where it begins in the file, bytes. */
  readonly start: number;
  /** Where the one after it begins. */
  readonly end: number;
  /** The last bytes before `end`, at most `TRAIL` of them. */
  readonly trail: Buffer;
}

/** So many bytes before a place in a file tell it from another one. */
export const TRAIL = 1024;

/**
 * Bytes in, lines out; what comes after the last newline waits for its own. Holds no more than one chunk and the line begun.
 * A carriage return before the newline is dropped, and so are a byte order mark at the start of the file and NULs at the
 * start of a line: the hole that a writer leaves who goes on where it was in a file that was emptied under it.
 */
export class LineSplitter {
  readonly #most: number;
  #chunk: Buffer = Buffer.alloc(0);
  #at = 0;
  /** What is kept of the line begun. */
  #kept: Buffer[] = [];
  #length = 0;
  /** More of it came than is kept. */
  #isCut = false;
  #start: number;
  #position: number;

  /** `most`: bytes that are kept of a line; `start`: where in the file the first chunk begins, which is where a line does. */
  constructor(most: number, start: number) {
    this.#most = most;
    this.#start = start;
    this.#position = start;
  }

  /** Where in the file the next chunk has to begin. */
  get position(): number {
    return this.#position;
  }

  /** All of the chunk has been looked at: what is left needs a newline first. */
  get isHungry(): boolean {
    return this.#at >= this.#chunk.length;
  }

  /** Whether a line has been begun that has no newline yet. */
  get isWithinLine(): boolean {
    return this.#start < this.#position - (this.#chunk.length - this.#at);
  }

  /** Only when it is hungry. It keeps the chunk until it is hungry again. */
  feed(chunk: Buffer): void {
    this.#chunk = chunk;
    this.#at = 0;
    this.#position += chunk.length;
  }

  /** The next complete line of the chunk. */
  next(): Line | undefined {
    if (this.isHungry) return undefined;
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

  /** The line begun, as it is: nothing will come any more. */
  last(): Line | undefined {
    return this.isHungry && this.isWithinLine ? this.#end(Buffer.alloc(0)) : undefined;
  }

  /** One byte more than `most`, since a carriage return may be it. `isShared`: only until the line is made. */
  #keep(piece: Buffer, isShared: boolean): void {
    let from = 0;
    if (this.#length === 0) while (from < piece.length && piece[from] === 0) from += 1;
    const room = this.#most + 1 + (this.#start === 0 ? BOM.length : 0) - this.#length;
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
    const truncated = this.#isCut || bytes.length > this.#most;
    if (truncated) bytes = bytes.subarray(0, wholeCharacters(bytes, this.#most));
    return { text: bytes.toString('utf8'), truncated };
  }
}

/** At most `most` bytes that do not end within a character. */
function wholeCharacters(bytes: Buffer, most: number): number {
  if (bytes.length <= most) return bytes.length;
  let to = most;
  while (to > 0 && to > most - 4 && (bytes[to]! & 0xc0) === 0x80) to -= 1;
  return (bytes[to]! & 0xc0) === 0x80 ? most : to;
}
