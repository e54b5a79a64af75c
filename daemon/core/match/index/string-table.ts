/** No bucket. */
export const NONE = -1;

/** A hash is begun with whose texts it is of, and goes on from one character to the next. */
export const hashOf = (code: number): number => Math.imul(code, 0x9e3779b1);
export const hashOn = (hash: number, unit: number): number => Math.imul(hash ^ unit, 0x01000193);

/**
 * Texts of all the fields of an index, and the buckets that they lead to, in two arrays of numbers and one text. With many rules hardly
 * anything that belongs to one of them is in the processor's cache: a Map would fetch the text itself, and what stands beside it
 * in its chain, from memory, which takes longer than all the rest of a look.
 */
export class TextTable {
  /** Those that were added, until they are put where they stay. */
  #added = nothingAdded();
  /** Pairs of a hash and one more than the number of a text; 0 where there is none. */
  #slots = new Int32Array(2);
  #mask = 0;
  /** Of each text what it is looked up by and leads to, side by side: whose it is, its bucket, where its characters begin and end. */
  #entries = new Int32Array(0);
  /** All of them, one after the other. */
  #all = '';

  #given = 0;

  /** For those who look up their own. */
  newCode(): number {
    this.#given += 1;
    return this.#given;
  }

  /** `code`: whose it is, so that one table serves all who look up texts. Nothing is found before `seal`. */
  add(code: number, text: string, hash: number, bucket: number): void {
    const { texts, codes, buckets } = this.#added;
    this.#added.hashes = withRoom(this.#added.hashes, texts.length);
    this.#added.hashes[texts.length] = mix(hash);
    texts.push(text);
    codes.push(code);
    buckets.push(bucket);
  }

  seal(): void {
    const { texts, codes, hashes, buckets } = this.#added;
    const places = 2 ** Math.ceil(Math.log2(2 * texts.length + 1));
    this.#mask = places - 1;
    this.#slots = new Int32Array(2 * places);
    this.#entries = new Int32Array(WIDTH * texts.length);
    this.#all = texts.join('');
    for (let at = 0, start = 0; at < texts.length; at += 1) {
      const end = start + texts[at]!.length;
      this.#entries[WIDTH * at] = codes[at]!;
      this.#entries[WIDTH * at + 1] = buckets[at]!;
      this.#entries[WIDTH * at + 2] = start;
      this.#entries[WIDTH * at + 3] = end;
      this.#place(hashes[at]!, at);
      start = end;
    }
    this.#added = nothingAdded();
  }

  #place(mixed: number, at: number): void {
    let slot = mixed & this.#mask;
    while (this.#slots[2 * slot + 1] !== 0) slot = (slot + 1) & this.#mask;
    this.#slots[2 * slot] = mixed;
    this.#slots[2 * slot + 1] = at + 1;
  }

  /** The bucket of a part of a text, from its hash; or `NONE`. */
  find(hash: number, code: number, text: string, from: number, to: number): number {
    const mixed = mix(hash);
    for (let slot = mixed & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const at = this.#slots[2 * slot + 1]! - 1;
      if (at < 0) return NONE;
      if (this.#slots[2 * slot] === mixed && this.#is(WIDTH * at, code, text, from, to)) {
        return this.#entries[WIDTH * at + 1]!;
      }
    }
  }

  #is(entry: number, code: number, text: string, from: number, to: number): boolean {
    if (this.#entries[entry] !== code) return false;
    const start = this.#entries[entry + 2]!;
    if (this.#entries[entry + 3]! - start !== to - from) return false;
    for (let unit = 0; unit < to - from; unit += 1) {
      if (this.#all.charCodeAt(start + unit) !== text.charCodeAt(from + unit)) return false;
    }
    return true;
  }
}

/** Numbers of an entry. */
const WIDTH = 4;

/** The low bits choose the slot, and the last characters must change all of them. */
const mix = (hash: number): number => Math.imul(hash ^ (hash >>> 15), 0x85ebca6b) ^ (hash >>> 13);

interface Added {
  readonly texts: string[];
  readonly codes: number[];
  readonly buckets: number[];
  /** With room for more. */
  hashes: Int32Array;
}

const nothingAdded = (): Added => ({ texts: [], codes: [], buckets: [], hashes: new Int32Array(16) });

function withRoom(numbers: Int32Array, at: number): Int32Array {
  if (at < numbers.length) return numbers;
  const more = new Int32Array(2 * numbers.length);
  more.set(numbers);
  return more;
}
