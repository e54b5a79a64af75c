/** No bucket. */
export const NONE = -1;

/** A text on its way into the table, or out of it: `code` says whose it is, so that one table serves all who look up texts. */
interface Text {
  readonly code: number;
  readonly text: string;
  readonly hash: number;
  readonly bucket: number;
}

/** A hash is begun with whose texts it is of, and goes on from one character to the next. */
export const hashOf = (code: number): number => Math.imul(code, 0x9e3779b1);
export const hashOn = (hash: number, unit: number): number => Math.imul(hash ^ unit, 0x01000193);

/**
 * Texts of all the fields of an index, and the buckets that they lead to, in a few arrays of numbers. With many rules hardly
 * anything that belongs to one of them is in the processor's cache: a Map would fetch the text itself, and what stands beside it
 * in its chain, from memory, which takes longer than all the rest of a look.
 */
export class TextTable {
  #texts: Text[] = [];
  /** Pairs of a hash and one more than the number of a text; 0 where there is none. */
  #slots = new Int32Array(2);
  #mask = 0;
  /** By number of a text. */
  #codes = new Int32Array(0);
  #buckets = new Int32Array(0);
  /** Where its characters begin; the next one's beginning is its end. */
  #starts = new Int32Array(1);
  #units = new Uint16Array(0);

  #given = 0;

  /** For those who look up their own. */
  newCode(): number {
    this.#given += 1;
    return this.#given;
  }

  /** Nothing is found before `seal`. */
  add(code: number, text: string, hash: number, bucket: number): void {
    this.#texts.push({ code, text, hash, bucket });
  }

  seal(): void {
    const texts = this.#texts;
    const places = 2 ** Math.ceil(Math.log2(2 * texts.length + 1));
    this.#mask = places - 1;
    this.#slots = new Int32Array(2 * places);
    this.#codes = Int32Array.from(texts, ({ code }) => code);
    this.#buckets = Int32Array.from(texts, ({ bucket }) => bucket);
    this.#starts = new Int32Array(texts.length + 1);
    texts.forEach(({ text }, at) => (this.#starts[at + 1] = this.#starts[at]! + text.length));
    this.#units = new Uint16Array(this.#starts[texts.length]!);
    texts.forEach((text, at) => this.#put(text, at));
    this.#texts = [];
  }

  #put({ text, hash }: Text, at: number): void {
    const start = this.#starts[at]!;
    for (let unit = 0; unit < text.length; unit += 1) this.#units[start + unit] = text.charCodeAt(unit);
    const mixed = mix(hash);
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
      if (this.#slots[2 * slot] === mixed && this.#codes[at] === code && this.#is(at, text, from, to)) {
        return this.#buckets[at]!;
      }
    }
  }

  #is(at: number, text: string, from: number, to: number): boolean {
    const start = this.#starts[at]!;
    if (this.#starts[at + 1]! - start !== to - from) return false;
    for (let unit = 0; unit < to - from; unit += 1) {
      if (this.#units[start + unit] !== text.charCodeAt(from + unit)) return false;
    }
    return true;
  }
}

/** The low bits choose the slot, and the last characters must change all of them. */
const mix = (hash: number): number => Math.imul(hash ^ (hash >>> 15), 0x85ebca6b) ^ (hash >>> 13);
