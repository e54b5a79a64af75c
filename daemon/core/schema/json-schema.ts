import type { TSchema } from './type.ts';

/** The keywords of JSON Schema that our schemas use, and `belfry` (see fields.ts). */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly description?: string;
  readonly examples?: readonly unknown[];
  readonly belfry?: string;
  readonly [keyword: string]: unknown;
}

export const schemaOf = (schema: TSchema): Schema => schema as unknown as Schema;

/** The direct subschemas of a schema. */
export function partsOf(schema: Schema): Schema[] {
  const { properties, patternProperties, additionalProperties, items, anyOf } = schema;
  return [
    ...Object.values(properties ?? {}),
    ...Object.values(patternProperties ?? {}),
    ...(typeof additionalProperties === 'object' ? [additionalProperties] : []),
    ...(items === undefined ? [] : [items]),
    ...(anyOf ?? []),
  ];
}

/** Whether the schema contains a secret, or a text that may be a credential. */
export function holdsSecret(schema: Schema): boolean {
  return (
    schema.belfry === 'secret' ||
    schema.belfry === 'pem' ||
    schema.sensitive === true ||
    partsOf(schema).some(holdsSecret)
  );
}
