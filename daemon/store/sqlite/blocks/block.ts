import type { Term } from './terms.ts';

/** Pairs of a term and a row after which a block ends early: an event of thousands of rules has thousands of terms. */
const MAX_POSTINGS = 50_000;

/** A block as it is stored. Numbers are in the byte order of the machine, little-endian everywhere. */
export interface StoredBlock {
  readonly first: number;
  readonly last: number;
  readonly rows: number;
  /** Earliest and latest time of its rows. */
  readonly minAt: number;
  readonly maxAt: number;
  /** JSON array of its types of events. */
  readonly types: string;
  /** Sorted terms, 32 bits each. */
  readonly terms: Buffer;
  /** For each term the end of its positions (32 bits each), then the positions (16 bits each). */
  readonly postings: Buffer;
  /** Row numbers by position, 64-bit floating point. */
  readonly seqs: Buffer;
}

/** Collects rows, in their order, for one block. */
export class BlockBuilder {
  readonly #seqs: number[] = [];
  readonly #positions = new Map<Term, number[]>();
  readonly #types = new Set<string>();
  #postings = 0;
  #minAt = Number.POSITIVE_INFINITY;
  #maxAt = Number.NEGATIVE_INFINITY;

  get rows(): number {
    return this.#seqs.length;
  }

  get isFull(): boolean {
    return this.#postings >= MAX_POSTINGS;
  }

  add(seq: number, at: number, type: string, terms: readonly Term[]): void {
    const position = this.#seqs.push(seq) - 1;
    this.#types.add(type);
    this.#minAt = Math.min(this.#minAt, at);
    this.#maxAt = Math.max(this.#maxAt, at);
    for (const term of terms) {
      const positions = this.#positions.get(term);
      if (positions === undefined) this.#positions.set(term, [position]);
      else if (positions.at(-1) !== position) positions.push(position);
      else continue;
      this.#postings += 1;
    }
  }

  /** Undefined when no row was added. */
  build(): StoredBlock | undefined {
    const [first, last] = [this.#seqs[0], this.#seqs.at(-1)];
    if (first === undefined || last === undefined) return undefined;
    const terms = Uint32Array.from(this.#positions.keys()).sort();
    const ends = new Uint32Array(terms.length);
    const positions = new Uint16Array(this.#postings);
    let end = 0;
    for (const [index, term] of terms.entries()) {
      const found = this.#positions.get(term)!;
      positions.set(found, end);
      end += found.length;
      ends[index] = end;
    }
    return {
      first,
      last,
      rows: this.rows,
      minAt: this.#minAt,
      maxAt: this.#maxAt,
      types: JSON.stringify([...this.#types].toSorted()),
      terms: bytesOf(terms),
      postings: Buffer.concat([bytesOf(ends), bytesOf(positions)]),
      seqs: bytesOf(Float64Array.from(this.#seqs)),
    };
  }
}

/** Number of bytes of a block. */
export function sizeOf({ types, terms, postings, seqs }: StoredBlock): number {
  return types.length + terms.length + postings.length + seqs.length;
}

/** Index of a term in the sorted terms; negative when it is not there. */
export function indexOf(terms: Uint32Array, wanted: Term): number {
  let low = 0;
  let high = terms.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const term = terms[middle]!;
    if (term === wanted) return middle;
    if (term < wanted) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}

/** Positions of the rows that have the term at `index`. */
export function positionsAt(postings: Buffer, terms: number, index: number): Uint16Array {
  const ends = numbersOf(Uint32Array, postings.subarray(0, terms * 4));
  const from = index === 0 ? 0 : ends[index - 1]!;
  const at = terms * 4;
  return numbersOf(Uint16Array, postings.subarray(at + from * 2, at + ends[index]! * 2));
}

type Numbers = Uint16Array | Uint32Array | Float64Array;

function bytesOf({ buffer, byteOffset, byteLength }: Numbers): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** The numbers in a buffer; copied when the buffer does not begin where the machine can read such a number. */
export function numbersOf<T extends Numbers>(
  type: { new (buffer: ArrayBufferLike, offset: number, length: number): T; readonly BYTES_PER_ELEMENT: number },
  bytes: Buffer,
): T {
  const size = type.BYTES_PER_ELEMENT;
  const whole = bytes.byteOffset % size === 0 ? bytes : Buffer.from(Uint8Array.from(bytes).buffer);
  return new type(whole.buffer, whole.byteOffset, whole.byteLength / size);
}
