const BITS_A_NAME = 16;
const PROBES = 4;
const FIRST_CAPACITY = 1 << 17;

/**
 * Which names may have been here before, as a Bloom filter: `false` is certain, `true` is wrong for one in four hundred. It says
 * of nearly every new event that the disk need not be asked. 2 to 4 bytes a name; what is forgotten stays in until the next start.
 */
export class NameFilter {
  readonly #bits: Uint32Array;
  readonly #mask: number;
  /** How many it can tell apart. */
  readonly capacity: number;
  #left: number;

  /** With room for so many, and as many again. */
  constructor(names: number) {
    let capacity = FIRST_CAPACITY;
    while (capacity < names * 2) capacity *= 2;
    this.capacity = capacity;
    this.#left = capacity;
    this.#mask = capacity * BITS_A_NAME - 1;
    this.#bits = new Uint32Array((capacity * BITS_A_NAME) / 32);
  }

  /** Time for a larger one. */
  get isFull(): boolean {
    return this.#left <= 0;
  }

  /** The hashes are 53 bits each. */
  add(id: number, source: number): void {
    this.#left -= 1;
    const step = stepOf(id, source);
    let place = id >>> 0;
    for (let probe = 0; probe < PROBES; probe += 1) {
      const bit = place & this.#mask;
      this.#bits[bit >>> 5]! |= 1 << (bit & 31);
      place = (place + step) >>> 0;
    }
  }

  mayHave(id: number, source: number): boolean {
    const step = stepOf(id, source);
    let place = id >>> 0;
    for (let probe = 0; probe < PROBES; probe += 1) {
      const bit = place & this.#mask;
      if ((this.#bits[bit >>> 5]! & (1 << (bit & 31))) === 0) return false;
      place = (place + step) >>> 0;
    }
    return true;
  }
}

/** Odd, so that the probes of one name never fall together. */
function stepOf(id: number, source: number): number {
  return ((Math.imul(id / 4294967296, 0x9e3779b1) ^ source) | 1) >>> 0;
}
