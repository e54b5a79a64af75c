import type { Registry } from '../compile/registry.ts';
import { RULE_OUTCOMES } from '../flow/outcomes.ts';
import { canarySchema, channelFieldsSchema } from './sections/canary.ts';
import { deadLetterSchema } from './sections/dead-letter.ts';
import { deliverySchema } from './sections/delivery.ts';
import { ENTRY_NAME } from './fields.ts';
import { eventSchema } from './sections/event.ts';
import { hoursSchema } from './sections/hours.ts';
import { type Schema, schemaOf } from './json-schema.ts';
import { MATCH_DEFINITIONS } from './sections/match.ts';
import { messageSchema } from './sections/message.ts';
import { SECTIONS } from './sections/rule-file.ts';
import { testFileSchema } from './sections/rule-tests.ts';

const DRAFT = 'https://json-schema.org/draft/2020-12/schema';
const REFERENCE = String.raw`\$\{`;

/** Patterns of decoded texts, for editors; a reference to a secret is valid in their place. */
const PATTERNS: Readonly<Record<string, string>> = {
  duration: String.raw`^(0|(\d+(\.\d+)?(ms|s|m|h|d))+)$|${REFERENCE}`,
  'duration-text': String.raw`^(0|(\d+(\.\d+)?(ms|s|m|h|d))+)$|${REFERENCE}`,
  size: String.raw`^\d+(\.\d+)?\s*(B|[kKMGT]B|[KMGT]iB)?$|${REFERENCE}`,
  rate: String.raw`^\d+/(\d.*|ms|s|m|h|d)$|${REFERENCE}`,
};

/** Allowed texts, for editors. */
const WORDS: Readonly<Record<string, readonly string[]>> = { outcome: RULE_OUTCOMES };

/** Schemas that many places refer to, so they are written once. */
const SHARED: readonly (readonly [string, Schema])[] = [
  ['delivery', schemaOf(deliverySchema)],
  ['canary', schemaOf(canarySchema)],
  ['message', schemaOf(messageSchema)],
];

/** The JSON Schemas by the name of their file and of `belfry schema NAME`. */
export function schemas(registry: Registry): Readonly<Record<string, Schema>> {
  return {
    rules: rulesSchema(registry),
    tests: { $schema: DRAFT, title: 'Belfry rule tests', ...forEditor(schemaOf(testFileSchema)) },
    event: { $schema: DRAFT, title: 'Belfry event', ...forEditor(schemaOf(eventSchema)) },
    'dead-letter': { $schema: DRAFT, title: 'Belfry dead letter', ...forEditor(schemaOf(deadLetterSchema)) },
  };
}

function rulesSchema({ sources, channels }: Registry): Schema {
  const sections: Readonly<Record<string, Schema>> = {
    ...Object.fromEntries(Object.entries(SECTIONS).map(([name, schema]) => [name, schemaOf(schema)])),
    sources: named(
      schemaOf(SECTIONS.sources),
      sources.map((type) => branch(type, {})),
    ),
    channels: named(
      schemaOf(SECTIONS.channels),
      channels.map((type) =>
        branch(type, { delivery: schemaOf(deliverySchema), ...schemaOf(channelFieldsSchema).properties }),
      ),
    ),
    hours: {
      type: 'object',
      ...schemaOf(SECTIONS.hours),
      additionalProperties: false,
      patternProperties: { [ENTRY_NAME]: schemaOf(hoursSchema) },
    },
  };
  const properties = Object.fromEntries(Object.entries(sections).map(([name, section]) => [name, forEditor(section)]));
  return {
    $schema: DRAFT,
    title: 'Belfry rules',
    description: 'A file of the rules directory of Belfry.',
    type: 'object',
    properties,
    additionalProperties: false,
    $defs: { ...MATCH_DEFINITIONS, ...Object.fromEntries(SHARED.map(([name, schema]) => [name, contents(schema)])) },
  };
}

function named(section: Schema, branches: readonly Schema[]): Schema {
  const types = branches.map(({ properties }) => properties!.type!.const);
  return {
    type: 'object',
    ...section,
    additionalProperties: false,
    patternProperties: {
      [ENTRY_NAME]: {
        type: 'object',
        required: ['type'],
        properties: {
          type: { enum: types, description: 'The type; the other settings depend on it.', examples: [types[0]] },
        },
        anyOf: branches,
      },
    },
  };
}

/** Settings of one type, which the constant `type` distinguishes from the others. */
function branch(
  info: { type: string; summary: string; settings: unknown },
  more: Readonly<Record<string, Schema>>,
): Schema {
  const settings = info.settings as Schema;
  return {
    ...settings,
    description: info.summary,
    properties: {
      type: { const: info.type, description: info.summary, examples: [info.type] },
      ...settings.properties,
      ...more,
    },
    required: ['type', ...(settings.required ?? [])],
    additionalProperties: false,
  };
}

/** Replaces our own keywords by standard ones, for editors. */
function forEditor(schema: Schema): Schema {
  const shared = SHARED.find(([, { properties }]) => properties !== undefined && properties === schema.properties);
  return shared === undefined
    ? contents(schema)
    : { description: schema.description ?? '', $ref: `#/$defs/${shared[0]}` };
}

function contents(schema: Schema): Schema {
  const { belfry, sensitive: _sensitive, ...rest } = schema;
  const described = belfry === 'match' ? { ...only(rest, ['description', 'examples']), $ref: '#/$defs/match' } : rest;
  const words = WORDS[belfry ?? ''];
  const { properties, patternProperties, additionalProperties, items, anyOf } = described as Schema;
  return {
    ...described,
    ...patternOf(schema),
    ...(words !== undefined && { enum: words }),
    ...(properties !== undefined && { properties: mapped(properties) }),
    ...(patternProperties !== undefined && { patternProperties: mapped(patternProperties) }),
    ...(typeof additionalProperties === 'object' && { additionalProperties: forEditor(additionalProperties) }),
    ...(items !== undefined && { items: forEditor(items) }),
    ...(anyOf !== undefined && { anyOf: anyOf.map(forEditor) }),
  };
}

/** Pattern for editors, which also admits references. */
function patternOf({ belfry = '', pattern }: Schema): { readonly pattern?: string } {
  if (PATTERNS[belfry] !== undefined) return { pattern: PATTERNS[belfry] };
  return typeof pattern !== 'string' || pattern.includes(REFERENCE) ? {} : { pattern: `${pattern}|${REFERENCE}` };
}

function mapped(schemas: Readonly<Record<string, Schema>>): Record<string, Schema> {
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, forEditor(schema)]));
}

function only(schema: Schema, keys: readonly string[]): Schema {
  return Object.fromEntries(Object.entries(schema).filter(([key]) => keys.includes(key)));
}
