import type { TSchema } from './type.ts';

/** The keywords of JSON Schema that the rules' schemas use, and `belfry` (see fields.ts). */
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

/** The schemas directly inside one. */
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

/** A secret, or a text that may hold a credential, stands in it. */
export function holdsSecret(schema: Schema): boolean {
  return schema.belfry === 'secret' || schema.sensitive === true || partsOf(schema).some(holdsSecret);
}
