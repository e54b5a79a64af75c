import { Ajv } from 'ajv';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { channelTypes } from '../../../daemon/channels/index.ts';
import { daemonSchema } from '../../../daemon/core/schema/sections/daemon.ts';
import { deadLetterSchema } from '../../../daemon/core/schema/sections/dead-letter.ts';
import { deliverySchema } from '../../../daemon/core/schema/sections/delivery.ts';
import { eventSchema } from '../../../daemon/core/schema/sections/event.ts';
import { hoursSchema } from '../../../daemon/core/schema/sections/hours.ts';
import { type Schema, schemaOf } from '../../../daemon/core/schema/json-schema.ts';
import { checkOf, type Mismatch } from '../../../daemon/core/schema/mismatch.ts';
import { defaultsSchema } from '../../../daemon/core/schema/sections/rule-file.ts';
import { testFileSchema } from '../../../daemon/core/schema/sections/rule-tests.ts';
import { ruleSchema } from '../../../daemon/core/schema/sections/rule.ts';
import { silenceSchema } from '../../../daemon/core/schema/sections/silence.ts';
import { sourceTypes } from '../../../daemon/sources/index.ts';

const all: readonly (readonly [string, Schema])[] = [
  ['daemon', schemaOf(daemonSchema)],
  ['defaults', schemaOf(defaultsSchema)],
  ['delivery', schemaOf(deliverySchema)],
  ['rule', schemaOf(ruleSchema)],
  ['rule tests', schemaOf(testFileSchema)],
  ['hours', schemaOf(hoursSchema)],
  ['silence', schemaOf(silenceSchema)],
  ['event', schemaOf(eventSchema)],
  ['dead letter', schemaOf(deadLetterSchema)],
  ...channelTypes.map(({ type, settings }) => [`channel ${type}`, schemaOf(settings)] as const),
  ...sourceTypes.map(({ type, settings }) => [`source ${type}`, schemaOf(settings)] as const),
];

const keywords: readonly Schema[] = [
  { type: ['integer', 'null'], minimum: -1, maximum: 3 },
  { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 2 },
  { type: 'string', minLength: 2, maxLength: 3 },
  { type: 'object', minProperties: 1, maxProperties: 2, patternProperties: { '^a/': { type: 'string' } } },
  {
    type: 'object',
    properties: { 'a/b~c': { type: 'string' }, d: {} },
    required: ['a/b~c', 'd'],
    additionalProperties: true,
  },
  {
    anyOf: [
      { type: 'string', enum: ['a'] },
      { type: 'array', items: { type: 'integer' }, minItems: 1, maxItems: 2 },
    ],
  },
];

const anything = fc.oneof(
  fc.constantFrom(null, true, 0, 1.5, -1, 3, 70_000, '', 'a', 'ab', '😀', '😀😀😀', '10s', 'a/b', [], {}),
  fc.jsonValue({ maxDepth: 2 }),
);

/** Values that are about right: examples, maps with known and with unknown keys, lists, and now and then anything at all. */
function valueFor(schema: Schema): fc.Arbitrary<unknown> {
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

const told = ({
  keyword,
  instancePath,
  params,
  data,
}: Pick<Mismatch, 'keyword' | 'instancePath' | 'params' | 'data'>) => ({
  keyword,
  instancePath,
  params,
  data,
});

function agreesWithAjv(schema: Schema): void {
  const reference = new Ajv({
    allErrors: true,
    verbose: true,
    strict: false,
    ownProperties: true,
    validateFormats: false,
  }).compile(schema);
  const check = checkOf(schema);
  fc.assert(
    fc.property(valueFor(schema), (value) => {
      const found: Mismatch[] = [];
      check(value, '', found);
      const wanted = reference(value) ? [] : (reference.errors ?? []);
      expect(found.map(told)).toEqual(wanted.map((error) => told({ ...error, data: error.data })));
    }),
    { numRuns: 150 },
  );
}

describe('what does not fit is what another validator of JSON Schema says', () => {
  it.each(all)('of the settings of %s', (_name, schema) => agreesWithAjv(schema));
  it.each(keywords)('of %j', (schema) => agreesWithAjv(schema));
});

it('a keyword that nothing checks is refused', () => {
  expect(() => checkOf({ type: 'object', properties: { when: { type: 'string', format: 'date' } } })).toThrow(
    'the schema at #/properties/when has a keyword that nothing checks: format',
  );
});
