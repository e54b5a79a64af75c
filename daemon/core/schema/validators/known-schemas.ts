import type { Registry } from '../../compile/registry.ts';
import { partsOf, type Schema, schemaOf } from '../json-schema.ts';
import { channelFieldsSchema } from '../sections/canary.ts';
import { daemonSchema } from '../sections/daemon.ts';
import { editedMessageSchema, sendableLetterSchema } from '../sections/dead-letter.ts';
import { deliverySchema } from '../sections/delivery.ts';
import { hoursSpanSchema } from '../sections/hours.ts';
import { defaultsSchema } from '../sections/rule-file.ts';
import { testFileSchema } from '../sections/rule-tests.ts';
import { ruleSchema } from '../sections/rule.ts';
import { silenceSchema } from '../sections/silence.ts';

/** Schemas by which whole settings are validated. */
export function settingsSchemas({ channels, sources }: Registry): readonly Schema[] {
  return [
    channelFieldsSchema,
    daemonSchema,
    defaultsSchema,
    deliverySchema,
    hoursSpanSchema,
    ruleSchema,
    silenceSchema,
    testFileSchema,
    ...channels.map(({ settings }) => settings),
    ...sources.map(({ settings }) => settings),
  ].map(schemaOf);
}

/** All schemas by which values are validated: those of whole settings and of edited messages, and each branch of a union. */
export function knownSchemas(registry: Registry): ReadonlySet<Schema> {
  const known = new Set<Schema>();
  const addBranches = (schema: Schema): void => {
    for (const branch of schema.anyOf ?? []) known.add(branch);
    for (const part of partsOf(schema)) addBranches(part);
  };
  for (const schema of [...settingsSchemas(registry), ...[editedMessageSchema, sendableLetterSchema].map(schemaOf)]) {
    known.add(schema);
    addBranches(schema);
  }
  return known;
}
