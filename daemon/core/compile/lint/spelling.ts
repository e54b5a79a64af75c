import { isObject } from '../../values/json.ts';
import { joinPointer } from '../../values/pointer.ts';
import type { Warn } from './vocabulary.ts';

/** Returns the text of a scalar in the file, with its quotes; undefined if the text cannot be misread. */
export type Written = (pointer: string) => string | undefined;

/** Warns of typographic quotes around a text, which YAML takes as part of the text. */
export function lintQuotes(value: unknown, pointer: string, warn: Warn): void {
  if (Array.isArray(value)) value.forEach((item, index) => lintQuotes(item, joinPointer(pointer, index), warn));
  else if (isObject(value)) {
    for (const [name, item] of Object.entries(value)) lintQuotes(item, joinPointer(pointer, name), warn);
  } else if (typeof value === 'string' && /^(?:[\u201c\u201e].*[\u201c\u201d]|\u2018.*\u2019)$/s.test(value)) {
    const message = 'the typographic quotes are part of this text';
    warn({ pointer, at: 'value', code: 'yaml.quotes', message, mend: 'write it in straight ones: `"..."`' });
  }
}

const YAML_1_1_BOOLEAN = /^(?:yes|no|on|off|y|n)$/i;
const GROUPED_DIGITS = /^[+-]?\d{1,3}(?:_\d{3})+$/;
const ORDER: ReadonlySet<string> = new Set(['gt', 'gte', 'lt', 'lte']);

/** Warns of values in a match whose type in YAML 1.2 is not the type that a reader expects. */
export function lintSpelling(value: unknown, pointer: string, written: Written, warn: Warn, operator = ''): void {
  if (Array.isArray(value)) {
    value.forEach((item, index) => lintSpelling(item, joinPointer(pointer, index), written, warn, operator));
  } else if (isObject(value)) {
    for (const [name, item] of Object.entries(value))
      lintSpelling(item, joinPointer(pointer, name), written, warn, name);
  } else {
    const advice = misread(value, written(pointer), operator);
    if (advice !== undefined) warn({ pointer, at: 'value', code: 'yaml.spelling', ...advice });
  }
}

function misread(
  value: unknown,
  written: string | undefined,
  operator: string,
): { readonly message: string; readonly mend: string } | undefined {
  if (written === undefined || /^["'|>&*!]/.test(written)) return undefined;
  if (typeof value === 'number') {
    const isPlain = written === String(value) || /^[+-]?0[xo]/.test(written);
    const isLimit = ORDER.has(operator) && !/^[+-]?0\d/.test(written);
    if (isPlain || isLimit) return undefined;
    return {
      message: `\`${written}\` is the number ${value} in YAML`,
      mend: `write \`"${written}"\` if it is text, or \`${value}\``,
    };
  }
  if (typeof value === 'string' && YAML_1_1_BOOLEAN.test(value)) {
    const truth = /^(?:yes|on|y)$/i.test(value);
    return {
      message: `\`${written}\` is text in YAML 1.2, not ${truth}`,
      mend: `write \`${truth}\`, or \`"${written}"\` if it is text`,
    };
  }
  if (typeof value === 'string' && GROUPED_DIGITS.test(value)) {
    const digits = value.replaceAll('_', '');
    return {
      message: `\`${written}\` is text in YAML 1.2, not a number`,
      mend: `write \`${digits}\`, or \`"${written}"\` if it is text`,
    };
  }
  return undefined;
}
