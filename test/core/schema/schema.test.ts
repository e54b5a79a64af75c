import { describe, expect, it } from 'vitest';
import { loadChannelTypes } from '../../../daemon/channels/index.ts';
import { daemonSchema } from '../../../daemon/core/schema/sections/daemon.ts';
import { deadLetterSchema } from '../../../daemon/core/schema/sections/dead-letter.ts';
import { deliverySchema } from '../../../daemon/core/schema/sections/delivery.ts';
import { eventSchema } from '../../../daemon/core/schema/sections/event.ts';
import { partsOf, type Schema, schemaOf } from '../../../daemon/core/schema/json-schema.ts';
import { OPERATORS } from '../../../daemon/core/schema/sections/match.ts';
import { messageSchema } from '../../../daemon/core/schema/sections/message.ts';
import { defaultsSchema } from '../../../daemon/core/schema/sections/rule-file.ts';
import { ruleSchema } from '../../../daemon/core/schema/sections/rule.ts';
import { fits } from '../../../daemon/core/schema/mismatch.ts';
import { sourceTypes } from '../../../daemon/sources/index.ts';

const channelTypes = await loadChannelTypes();

const all: readonly (readonly [string, Schema])[] = [
  ['daemon', schemaOf(daemonSchema)],
  ['defaults', schemaOf(defaultsSchema)],
  ['delivery', schemaOf(deliverySchema)],
  ['message', schemaOf(messageSchema)],
  ['rule', schemaOf(ruleSchema)],
  ['event', schemaOf(eventSchema)],
  ['dead letter', schemaOf(deadLetterSchema)],
  ['match', { properties: OPERATORS }],
  ...channelTypes.map(({ type, settings }) => [`channel ${type}`, schemaOf(settings)] as const),
  ...sourceTypes.map(({ type, settings }) => [`source ${type}`, schemaOf(settings)] as const),
];

/** Every field at any depth with its path. */
function fieldsOf(schema: Schema, path: string): [string, Schema][] {
  const own = Object.entries(schema.properties ?? {}).map(([name, field]): [string, Schema] => [
    `${path}.${name}`,
    field,
  ]);
  const named = new Set(own.map(([, field]) => field));
  const nested = partsOf(schema).filter((part) => !named.has(part));
  return [
    ...own,
    ...own.flatMap(([name, field]) => fieldsOf(field, name)),
    ...nested.flatMap((part) => fieldsOf(part, path)),
  ];
}

describe('every field of', () => {
  it.each(all)('%s has a description and an example', (name, schema) => {
    const bare = fieldsOf(schema, name).filter(([, field]) => {
      const exemplified =
        (field.examples ?? []).length > 0 || field.properties !== undefined || field.const !== undefined;
      return (field.description ?? '') === '' || !exemplified;
    });
    expect(bare.map(([path]) => path)).toEqual([]);
  });

  it.each(all)('%s accepts its own examples', (name, schema) => {
    const wrong = fieldsOf(schema, name).flatMap(([path, field]) =>
      '$ref' in field
        ? []
        : (field.examples ?? [])
            .filter((example) => !isReference(example) && !fits(field, example))
            .map((example) => [path, example]),
    );
    expect(wrong).toEqual([]);
  });
});

/** Stands for a number or a boolean. */
function isReference(example: unknown): boolean {
  return typeof example === 'string' && example.startsWith('${');
}
