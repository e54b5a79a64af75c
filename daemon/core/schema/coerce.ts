import { isObject } from '../values/json.ts';
import { joinPointer } from '../values/pointer.ts';
import type { Schema } from './json-schema.ts';

const READINGS: Readonly<Record<string, (text: string) => unknown>> = {
  integer: (text) => (/^[-+]?\d+$/.test(text) ? Number(text) : text),
  number: (text) => (/^[-+]?(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : text),
  boolean: (text) => (text === 'true' ? true : text === 'false' ? false : text),
};

/** A reference always brings text in; where the schema wants a number or a boolean, the text is read as one. What was written out as text stays text. */
export function coerceReferenced(
  schema: Schema,
  value: unknown,
  pointer: string,
  referenced: (pointer: string) => boolean,
): unknown {
  if (typeof value === 'string') {
    const reading = typeof schema.type === 'string' ? READINGS[schema.type] : undefined;
    return reading !== undefined && referenced(pointer) ? reading(value) : value;
  }
  if (Array.isArray(value)) {
    const { items } = schema;
    return items === undefined
      ? value
      : value.map((item, index) => coerceReferenced(items, item, joinPointer(pointer, index), referenced));
  }
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => {
      const property = schema.properties?.[name];
      return [
        name,
        property === undefined ? item : coerceReferenced(property, item, joinPointer(pointer, name), referenced),
      ];
    }),
  );
}
