import type { Clue } from './need.ts';
import { Ranges } from './ranges.ts';
import { FROM_END, FROM_START, SortedTexts } from './sorted-texts.ts';

/** What an event leads to, while its fields are gone through. */
export interface Finds<T> {
  take(filed: T): void;
  /** A number met at a path: what counts is the range from the least to the greatest that is there. */
  span(ranges: Ranges<T>, value: number): void;
}

/** What is filed under the values of one path. */
export interface Shelf<T> {
  /** A value at the path, or an element of one. */
  meet(value: unknown, finds: Finds<T>): void;
}

export type Filed<T, V> = readonly (readonly [value: V, filed: T])[];

function byValue<T>(filed: Filed<T, unknown>): Shelf<T> {
  const known = new Map(filed);
  return {
    meet(value, finds) {
      const found = known.get(value);
      if (found !== undefined) finds.take(found);
    },
  };
}

function byFoldedText<T>(filed: Filed<T, string>): Shelf<T> {
  const folded = byValue(filed);
  return {
    meet(value, finds) {
      if (typeof value === 'string') folded.meet(value.toLowerCase(), finds);
    },
  };
}

function present<T>(filed: Filed<T, null>): Shelf<T> {
  return {
    meet: (_value, finds) => filed.forEach(([, found]) => finds.take(found)),
  };
}

/** How each kind of clue is found again. */
export const SHELVES: { readonly [K in Clue['kind']]: <T>(filed: Filed<T, ValueOf<K>>) => Shelf<T> } = {
  value: byValue,
  folded: byFoldedText,
  prefix: (filed) => new SortedTexts(filed, FROM_START),
  suffix: (filed) => new SortedTexts(filed, FROM_END),
  range: (filed) => new Ranges(filed),
  present,
};

type ValueOf<K extends Clue['kind']> = Extract<Clue, { readonly kind: K }>['value'];

/** `filed` has values of that kind of clue. */
export const shelfOf = <T>(kind: Clue['kind'], filed: Filed<T, Clue['value']>): Shelf<T> =>
  (SHELVES[kind] as <F>(filed: Filed<F, Clue['value']>) => Shelf<F>)(filed);
