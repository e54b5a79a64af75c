import type { Context, Liquid, Operators } from 'liquidjs';
import { indexOfText, lastIndexOfText, splitText } from '../match/text-search.ts';

/** Characters that a comparison of two elements is counted as. */
const ELEMENT_WORK = 20;

type Filter = (this: { readonly context: Context }, value: unknown, ...rest: unknown[]) => unknown;
type Search = (text: string, part: string, replacement: string) => unknown;
type Operator = Operators[string];
type BinaryOperator = (left: unknown, right: unknown, context: Context) => ReturnType<Operator>;

/** Filters that search a text, with the search that replaces that of the engine. */
const SEARCHES: Readonly<Record<string, Search>> = {
  split: (text, separator) => withoutEmptyEnd(splitText(text, separator)),
  remove: (text, part) => splitText(text, part).join(''),
  remove_first: (text, part) => replaceAt(text, indexOfText(text, part), part, ''),
  remove_last: (text, part) => replaceAt(text, lastIndexOfText(text, part), part, ''),
  replace: (text, part, replacement) => splitText(text, part).join(replacement),
  replace_first: (text, part, replacement) => replaceAt(text, indexOfText(text, part), part, replacement),
  replace_last: (text, part, replacement) => replaceAt(text, lastIndexOfText(text, part), part, replacement),
};

/**
 * Replaces the filters that search one text of an event for another: the time of the engine's own grows with the product of the
 * lengths. Short texts keep the filter of the engine.
 */
export function boundSearches(engine: Liquid): void {
  for (const [name, search] of Object.entries(SEARCHES)) {
    const original = engine.filters[name] as Filter;
    const bounded: Filter = function bounded(value, part, replacement) {
      if (typeof value !== 'string' || typeof part !== 'string' || isShort(value, part))
        return original.call(this, value, part, replacement);
      const inserted = typeof replacement === 'string' ? replacement : (JSON.stringify(replacement) ?? '');
      this.context.memoryLimit.use(value.length * 2 + (value.length / part.length) * inserted.length);
      return search(value, part, inserted);
    };
    engine.registerFilter(name, bounded);
  }
}

/** Texts for which the filters of the engine are quick. */
const isShort = (text: string, part: string): boolean => part.length === 0 || text.length * part.length <= 1_000_000;

/**
 * The operator `contains`, with a search in linear time. `count` gets the number of characters that are searched, because a loop may
 * search a long text for every element of a list.
 */
export function boundedContains(
  original: Operator,
  count: (context: Context, characters: number) => void,
): BinaryOperator {
  return (left, right, context) => {
    if (typeof left === 'string' && typeof right === 'string') {
      count(context, left.length + right.length);
      return indexOfText(left, right) !== -1;
    }
    if (Array.isArray(left)) count(context, left.length * ELEMENT_WORK);
    return (original as BinaryOperator)(left, right, context);
  };
}

function replaceAt(text: string, at: number, part: string, replacement: string): string {
  return at === -1 ? text : text.slice(0, at) + replacement + text.slice(at + part.length);
}

/** The parts up to the last one that is not empty, as the engine returns them. */
function withoutEmptyEnd(parts: string[]): string[] {
  const last = parts.findLastIndex((part) => part !== '');
  return parts.slice(0, last + 1);
}
