import fc from 'fast-check';
import type { Schema } from '../../daemon/core/schema/json-schema.ts';

const anything = fc.oneof(
  fc.constantFrom(null, true, 0, 1.5, -1, 3, 70_000, '', 'a', 'ab', '😀', '😀😀😀', '10s', 'a/b', [], {}),
  fc.jsonValue({ maxDepth: 2 }),
);

/** Values that nearly fit a schema: examples, maps with known and unknown keys, lists, and sometimes any value. */
export function valueFor(schema: Schema): fc.Arbitrary<unknown> {
  const { properties = {}, patternProperties = {}, additionalProperties, items, anyOf, enum: words } = schema;
  const examples = [...(schema.examples ?? []), ...(words ?? [])];
  const fields = Object.entries(properties).map(([key, inner]) => [key, valueFor(inner)] as const);
  const others = [
    ...Object.values(patternProperties),
    ...(typeof additionalProperties === 'object' ? [additionalProperties] : []),
  ];
  const map = fc.record(Object.fromEntries(fields), { requiredKeys: [] });
  const more = fc.dictionary(
    fc.constantFrom('a', 'a/b', 'A', 'web', 'fields.x'),
    fc.oneof(anything, ...others.map(valueFor)),
    { maxKeys: 2 },
  );
  return fc.oneof(
    { arbitrary: anything, weight: 1 },
    ...(examples.length > 0 ? [{ arbitrary: fc.constantFrom(...examples), weight: 4 }] : []),
    ...(anyOf ?? []).map((branch) => ({ arbitrary: valueFor(branch), weight: 3 })),
    ...(items === undefined ? [] : [{ arbitrary: fc.array(valueFor(items), { maxLength: 3 }), weight: 4 }]),
    ...(fields.length + others.length > 0
      ? [
          { arbitrary: map, weight: 8 },
          { arbitrary: fc.tuple(map, more).map(([known, unknown]) => ({ ...known, ...unknown })), weight: 4 },
        ]
      : []),
  );
}
