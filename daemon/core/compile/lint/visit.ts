import { isObject } from '../../values/json.ts';
import { joinPointer } from '../../values/pointer.ts';
import type { Schema } from '../../schema/json-schema.ts';
import { fits } from '../../schema/mismatch.ts';

/** Walks a value along its schema, and calls `see` with each text and each value with a `belfry` keyword, such as a template or a secret. */
export function visit(
  schema: Schema,
  value: unknown,
  pointer: string,
  see: (meaning: string, value: unknown, pointer: string) => void,
): void {
  if (value === undefined || value === null) return;
  const { belfry, anyOf } = schema;
  if (belfry !== undefined && belfry !== 'list') return see(belfry, value, pointer);
  if (anyOf !== undefined) {
    const branch = anyOf.find((candidate) => fits(candidate, value));
    if (branch !== undefined) visit(branch, value, pointer, see);
    return;
  }
  if (Array.isArray(value)) {
    if (schema.items !== undefined)
      value.forEach((item, index) => visit(schema.items!, item, joinPointer(pointer, index), see));
  } else if (isObject(value)) {
    for (const [name, item] of Object.entries(value)) {
      const inner = partFor(schema, name);
      if (inner !== undefined) visit(inner, item, joinPointer(pointer, name), see);
    }
  } else if (typeof value === 'string' && schema.enum === undefined) see('text', value, pointer);
}

function partFor(schema: Schema, name: string): Schema | undefined {
  const { properties = {}, patternProperties = {}, additionalProperties } = schema;
  if (Object.hasOwn(properties, name)) return properties[name];
  for (const [pattern, inner] of Object.entries(patternProperties))
    if (new RegExp(pattern, 'u').test(name)) return inner;
  return typeof additionalProperties === 'object' ? additionalProperties : undefined;
}
