import { ATTRIBUTE, type ValueKind } from '../values/value-kind.ts';
import { compileGlob } from './glob.ts';

/** Whether a filter by the type of an event has a wildcard. */
export const isTypeGlob = (filter: string): boolean => filter.includes('*');

/** Test of a filter by the type of an event: a glob if it has a `*`, otherwise the type itself. Throws if the glob is not valid. */
export const typeTest = (filter: string): ((type: string) => boolean) =>
  isTypeGlob(filter) ? compileGlob(filter) : (type) => type === filter;

/** A filter by the type of an event. */
export const TYPE_FILTER: ValueKind<string> = {
  ...ATTRIBUTE,
  allowed: 'a type, or a pattern such as `backup.*`, of 1 to 1024 characters without control characters',
  read(text) {
    if (ATTRIBUTE.read(text) === undefined) return undefined;
    try {
      typeTest(text);
      return text;
    } catch {
      return undefined;
    }
  },
};
