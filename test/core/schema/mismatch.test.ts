import { Ajv } from 'ajv';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadChannelTypes } from '../../../daemon/channels/index.ts';
import { type Schema, schemaOf } from '../../../daemon/core/schema/json-schema.ts';
import { fits, type Mismatch, mismatchesOf } from '../../../daemon/core/schema/mismatch.ts';
import { deadLetterSchema } from '../../../daemon/core/schema/sections/dead-letter.ts';
import { eventSchema } from '../../../daemon/core/schema/sections/event.ts';
import { settingsSchemas } from '../../../daemon/core/schema/validators/known-schemas.ts';
import { sourceTypes } from '../../../daemon/sources/index.ts';
import { valueFor } from '../../support/schema-values.ts';

const channelTypes = await loadChannelTypes();

const known = [
  ...settingsSchemas({ channels: channelTypes, sources: sourceTypes }),
  schemaOf(eventSchema),
  schemaOf(deadLetterSchema),
].map((schema) => [Object.keys(schema.properties ?? {}).join(' '), schema] as const);

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

/** Mismatch as ajv by itself reports it. `verbose` makes ajv report the data and the schema, which Mismatch finds by the pointers. */
const reference = new Ajv({ allErrors: true, verbose: true, strict: false, ownProperties: true, messages: false });

const reported = ({ keyword, instancePath, params, data, parentSchema }: Omit<Mismatch, 'schemaPath'>) => ({
  keyword,
  instancePath,
  params,
  data,
  parentSchema,
});

function agreesWithReference(schema: Schema): void {
  const validate = reference.compile(schema);
  fc.assert(
    fc.property(valueFor(schema), (value) => {
      const expected = validate(value) ? [] : (validate.errors ?? []);
      expect(mismatchesOf(schema, value).map(reported)).toEqual(
        expected.map((error) => reported(error as unknown as Mismatch)),
      );
      expect(fits(schema, value)).toBe(expected.length === 0);
    }),
    { numRuns: 150 },
  );
}

describe('mismatches have the data and the schema that ajv itself reports', () => {
  it.each(known)('for settings: %s', (_keys, schema) => agreesWithReference(schema));
  it.each(keywords)('for %j', (schema) => agreesWithReference(schema));
});

it.each([
  [{ format: 'date' }, 'unknown format "date"'],
  [{ mimimum: 1 }, 'unknown keyword: "mimimum"'],
])('a schema with %j is refused, because nothing would check it', (word, message) => {
  expect(() => mismatchesOf({ type: 'object', properties: { when: { type: 'string', ...word } } }, {})).toThrow(
    message,
  );
});

it('keys that every object inherits are unknown settings', () => {
  const schema = { type: 'object', properties: { a: {} }, required: ['constructor'], additionalProperties: false };
  expect(mismatchesOf(schema, JSON.parse('{ "toString": 1 }')).map(({ params }) => params)).toEqual([
    { missingProperty: 'constructor' },
    { additionalProperty: 'toString' },
  ]);
});
