import type { ErrorObject } from 'ajv';
import { segmentsOf, valueAt } from '../values/pointer.ts';
import type { Schema } from './json-schema.ts';
import { validatorOf } from './validators/validator.ts';

/** A keyword of a schema that a value does not satisfy. */
export interface Mismatch {
  readonly keyword: string;
  /** JSON Pointers into the value and into the schema. */
  readonly instancePath: string;
  readonly schemaPath: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly parentSchema: Schema;
  readonly data: unknown;
}

/** One mistake in a document. It becomes a Problem when its file, line and column are known. */
export interface Finding {
  readonly pointer: string;
  /** Whether the key or the value is wrong. */
  readonly at: 'key' | 'value';
  readonly code: string;
  readonly message: string;
  readonly mend: string;
  /** Characters into a text value. */
  readonly offset?: number;
  /** The message repeats part of the value. */
  readonly quotes?: boolean;
  /** Texts that are valid, or may be, such as those of the schema's examples. */
  readonly takes?: readonly string[];
}

/** The position and name of the validated value, for messages. `noun`: name of the whole value, such as `a rule`. `hidden`: whether a message must not repeat the value at a pointer. */
export interface ValidationContext {
  readonly pointer: string;
  readonly noun: string;
  readonly hidden: (pointer: string) => boolean;
}

export function fits(schema: Schema, value: unknown): boolean {
  return validatorOf(schema)(value);
}

/** Every mismatch of a value, in the order of the keywords of the schema. */
export function mismatchesOf(schema: Schema, value: unknown): readonly Mismatch[] {
  const validator = validatorOf(schema);
  return validator(value) ? [] : (validator.errors ?? []).map((error) => mismatch(error, schema, value));
}

function mismatch(
  { keyword, instancePath, schemaPath, params }: ErrorObject,
  schema: Schema,
  value: unknown,
): Mismatch {
  // The path in the schema is a fragment of a URI: `#/properties/a%20b/type`.
  const inSchema = segmentsOf(schemaPath.slice(1)).map(decodeURIComponent);
  const parentSchema = valueAt(schema, inSchema.slice(0, -1)) as Schema;
  return { keyword, instancePath, schemaPath, params, parentSchema, data: valueAt(value, segmentsOf(instancePath)) };
}
