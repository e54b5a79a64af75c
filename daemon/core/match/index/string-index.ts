import type { Finds } from './candidates.ts';
import { hashOf, hashOn, NONE, type TextTable } from './string-table.ts';

type Filed = readonly (readonly [text: string, bucket: number])[];

/** Texts that a value is one of. */
export class WholeTexts {
  readonly #table: TextTable;
  readonly #code: number;
  readonly #longest: number;

  constructor(table: TextTable, filed: Filed) {
    this.#table = table;
    this.#code = table.newCode();
    for (const [text, bucket] of filed) table.add(this.#code, text, this.#hash(text), bucket);
    this.#longest = filed.reduce((most, [{ length }]) => Math.max(most, length), 0);
  }

  meet(text: string, finds: Finds): void {
    if (text.length > this.#longest) return;
    const bucket = this.#table.find(this.#hash(text), this.#code, text, 0, text.length);
    if (bucket !== NONE) finds.take(bucket);
  }

  #hash(text: string): number {
    let hash = hashOf(this.#code);
    for (let at = 0; at < text.length; at += 1) hash = hashOn(hash, text.charCodeAt(at));
    return hash;
  }
}

/** Texts that a value begins with, or ends with. */
export class TextEnds {
  readonly #table: TextTable;
  readonly #code: number;
  readonly #fromEnd: boolean;
  /** Those that there are, in order: a value is gone through once and looked up at each. */
  readonly #lengths: readonly number[];

  constructor(table: TextTable, filed: Filed, fromEnd: boolean) {
    this.#table = table;
    this.#code = table.newCode();
    this.#fromEnd = fromEnd;
    for (const [text, bucket] of filed) {
      table.add(this.#code, text, this.#hashOn(hashOf(this.#code), text, 0, text.length), bucket);
    }
    this.#lengths = [...new Set(filed.map(([{ length }]) => length))].toSorted((a, b) => a - b);
  }

  meet(text: string, finds: Finds): void {
    let hash = hashOf(this.#code);
    let hashed = 0;
    for (const length of this.#lengths) {
      if (length > text.length) return;
      hash = this.#hashOn(hash, text, hashed, length);
      hashed = length;
      const from = this.#fromEnd ? text.length - length : 0;
      const bucket = this.#table.find(hash, this.#code, text, from, from + length);
      if (bucket !== NONE) finds.take(bucket);
    }
  }

  /** `from` and `to` count from the end when texts end so. */
  #hashOn(hash: number, text: string, from: number, to: number): number {
    const [first, step] = this.#fromEnd ? [text.length - 1, -1] : [0, 1];
    let on = hash;
    for (let at = from; at < to; at += 1) on = hashOn(on, text.charCodeAt(first + step * at));
    return on;
  }
}
