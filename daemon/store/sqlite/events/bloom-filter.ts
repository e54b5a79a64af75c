const BITS_PER_NAME = 16;
const PROBES = 4;
const FIRST_CAPACITY = 1 << 17;

/** Bloom filter over pairs of id and source. A false result of `mayContain` is certain; of the pairs that it does not contain, one in four hundred gives true. */
export class BloomFilter {
  readonly #bits: Uint32Array;
  readonly #mask: number;
  /** Number of names up to which the error rate holds. */
  readonly capacity: number;
  #left: number;

  /** Has space for twice as many names. */
  constructor(names: number) {
    let capacity = FIRST_CAPACITY;
    while (capacity < names * 2) capacity *= 2;
    this.capacity = capacity;
    this.#left = capacity;
    this.#mask = capacity * BITS_PER_NAME - 1;
    this.#bits = new Uint32Array((capacity * BITS_PER_NAME) / 32);
  }

  get isFull(): boolean {
    return this.#left <= 0;
  }

  /** Adds a name, given by two hashes of 53 bits. */
  add(id: number, source: number): void {
    this.#left -= 1;
    const step = stepOf(id, source);
    let position = id >>> 0;
    for (let probe = 0; probe < PROBES; probe += 1) {
      const bit = position & this.#mask;
      this.#bits[bit >>> 5]! |= 1 << (bit & 31);
      position = (position + step) >>> 0;
    }
  }

  mayContain(id: number, source: number): boolean {
    const step = stepOf(id, source);
    let position = id >>> 0;
    for (let probe = 0; probe < PROBES; probe += 1) {
      const bit = position & this.#mask;
      if ((this.#bits[bit >>> 5]! & (1 << (bit & 31))) === 0) return false;
      position = (position + step) >>> 0;
    }
    return true;
  }
}

/** Distance between the probes of one name; odd, so that they never coincide. */
function stepOf(id: number, source: number): number {
  return ((Math.imul(id / 4294967296, 0x9e3779b1) ^ source) | 1) >>> 0;
}
