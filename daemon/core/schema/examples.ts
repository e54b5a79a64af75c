import { segmentsOf } from '../values/pointer.ts';
import type { Schema } from './json-schema.ts';

/** Texts of the examples of a setting, with references replaced. `pointer` is relative to `schema`. */
export function exampleTexts(schema: Schema, pointer: string): readonly string[] {
  let reached: readonly Schema[] = [schema];
  const texts = segmentsOf(pointer).flatMap((segment) => {
    reached = reached.flatMap((parent) => partsNamed(parent, segment));
    return reached.flatMap(({ examples = [] }) => examples.flat());
  });
  return texts.filter((text) => typeof text === 'string').map((text) => text.replace(/\$\{[^}]*\}/g, 'placeholder'));
}

/** Schemas of a property or an entry, also in the variants of a schema. */
function partsNamed({ properties = {}, items, additionalProperties, anyOf = [] }: Schema, segment: string): Schema[] {
  const part = properties[segment] ?? items ?? additionalProperties;
  return [...(typeof part === 'object' ? [part] : []), ...anyOf.flatMap((variant) => partsNamed(variant, segment))];
}
