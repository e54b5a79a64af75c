import { isLongInteger } from '../../values/json.ts';
import type { Finds } from './candidates.ts';
import type { Clue } from './requirement.ts';
import { Ranges } from './ranges.ts';
import { NONE, type TextTable } from './string-table.ts';
import { TextEnds, WholeTexts } from './string-index.ts';

/** Values of one kind of clue, each with the bucket of those that are found by it. */
export type Filed<V = Clue['value']> = readonly (readonly [value: V, bucket: number])[];

/** What is filed under the values of one path; most have one kind of it. */
export class Shelf {
  /** The bucket that anything leads to. */
  present = NONE;
  #texts: WholeTexts | undefined;
  #folded: WholeTexts | undefined;
  #prefixes: TextEnds | undefined;
  #suffixes: TextEnds | undefined;
  #ranges: Ranges | undefined;
  /** By number, true, false and null. */
  #others: ReadonlyMap<unknown, number> | undefined;

  /** How each kind of clue is found again. */
  static readonly #ADD: {
    readonly [K in Clue['kind']]: (shelf: Shelf, filed: Filed<ValueOf<K>>, table: TextTable) => void;
  } = {
    value(shelf, filed, table) {
      const texts = filed.filter((one): one is readonly [string, number] => typeof one[0] === 'string');
      if (texts.length > 0) shelf.#texts = new WholeTexts(table, texts);
      if (texts.length < filed.length) shelf.#others = new Map(filed.filter(([value]) => typeof value !== 'string'));
    },
    folded: (shelf, filed, table) => (shelf.#folded = new WholeTexts(table, filed)),
    prefix: (shelf, filed, table) => (shelf.#prefixes = new TextEnds(table, filed, false)),
    suffix: (shelf, filed, table) => (shelf.#suffixes = new TextEnds(table, filed, true)),
    range: (shelf, filed) => (shelf.#ranges = new Ranges(filed)),
    present: (shelf, filed) => (shelf.present = filed[0]![1]),
  };

  /** Once for a kind; `filed` has values of it. */
  add(kind: Clue['kind'], filed: Filed, table: TextTable): void {
    (Shelf.#ADD[kind] as (shelf: Shelf, filed: Filed, table: TextTable) => void)(this, filed, table);
  }

  get isPresenceAlone(): boolean {
    return [this.#texts, this.#folded, this.#prefixes, this.#suffixes, this.#ranges, this.#others].every(
      (kind) => kind === undefined,
    );
  }

  /** A value at the path. */
  meet(value: unknown, finds: Finds): void {
    if (this.present !== NONE) finds.take(this.present);
    if (!Array.isArray(value)) this.#meetOne(value, finds);
    else for (const one of value) this.#meetOne(one, finds);
  }

  #meetOne(value: unknown, finds: Finds): void {
    if (typeof value === 'string') this.#meetText(value, finds);
    else if (typeof value !== 'object' || value === null) this.#meetOther(value, finds);
  }

  #meetText(text: string, finds: Finds): void {
    this.#texts?.meet(text, finds);
    this.#prefixes?.meet(text, finds);
    this.#suffixes?.meet(text, finds);
    this.#folded?.meet(text.toLowerCase(), finds);
    // A bound that is filed is smaller than any of these, so that rounding changes nothing.
    if (this.#ranges !== undefined && isLongInteger(text)) this.#ranges.meet(Number(text), finds);
  }

  #meetOther(value: unknown, finds: Finds): void {
    if (typeof value === 'number') this.#ranges?.meet(value, finds);
    const bucket = this.#others?.get(value);
    if (bucket !== undefined) finds.take(bucket);
  }
}

type ValueOf<K extends Clue['kind']> = Extract<Clue, { readonly kind: K }>['value'];
