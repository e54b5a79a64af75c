import type { Schema } from '../json-schema.ts';

const scalar: Schema = { type: ['string', 'number', 'boolean', 'null'] };
const pattern: Schema = { $ref: '#/$defs/pattern' };
const texts = (description: string, ...examples: readonly unknown[]): Schema => ({
  anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' }, minItems: 1 }],
  description,
  examples,
});
const limit = (description: string, example: number): Schema => ({
  type: ['number', 'string'],
  description,
  examples: [example],
});

/** The operators of a pattern, for editors and the reference; `match/pattern.ts` compiles them. */
export const OPERATORS: Readonly<Record<string, Schema>> = {
  not: {
    ...pattern,
    description: 'The pattern must not hold.',
    examples: ['success', ['a', 'b'], { prefix: 'test-' }],
  },
  prefix: texts('Text that begins with this.', 'release/'),
  suffix: texts('Text that ends with this.', '.log'),
  contains: texts('Text that contains this.', 'error'),
  glob: texts('A path pattern: `*`, `**`, `?`, `{a,b}`.', '/srv/**/*.csv'),
  regex: texts('An RE2 expression, found anywhere in the text.', '^v[0-9]+$'),
  gt: limit('Greater than.', 500),
  gte: limit('Greater than or equal.', 500),
  lt: limit('Less than.', 10),
  lte: limit('Less than or equal.', 10),
  exists: { type: 'boolean', description: 'True: the field exists. False: it does not.', examples: [false] },
  cidr: texts('An address within this network.', '10.0.0.0/8'),
  equals_ignore_case: texts('Equal, where upper and lower case do not differ.', 'error'),
};

/** Definitions that `belfry: 'match'` refers to in the editor's schema. */
export const MATCH_DEFINITIONS: Readonly<Record<string, Schema>> = {
  pattern: {
    anyOf: [
      scalar,
      { type: 'array', items: { $ref: '#/$defs/pattern' } },
      { type: 'object', properties: OPERATORS, additionalProperties: false, minProperties: 1 },
    ],
  },
  match: {
    type: 'object',
    properties: Object.fromEntries(
      [
        ['any', 'At least one of these maps holds.'],
        ['all', 'All of these maps hold.'],
        ['none', 'None of these maps holds.'],
      ].map(([word, description]) => [
        word!,
        {
          type: 'array',
          items: { $ref: '#/$defs/match' },
          minItems: 1,
          description: description!,
          examples: [[{ subject: { prefix: '/srv/' } }]],
        },
      ]),
    ),
    additionalProperties: { $ref: '#/$defs/pattern' },
  },
};
