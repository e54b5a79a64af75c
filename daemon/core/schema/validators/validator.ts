import type { Ajv, CodeOptions, ErrorObject } from 'ajv';
import { memoizeByObject } from '../../../lib/memoize.ts';
import { onDemand, requireGenerated } from '../../../lib/on-demand.ts';
import { sha256 } from '../../../lib/sha256.ts';
import type { Schema } from '../json-schema.ts';

/** A compiled schema. Returns whether a value fits; if not, `errors` has every reason. */
export interface Validator {
  (value: unknown): boolean;
  readonly errors?: readonly ErrorObject[] | null;
}

const ajvLibrary = onDemand<typeof import('ajv')>('ajv');

/**
 * Returns the validator of a schema. The build generates a file with the validator of each known schema (build/validators.mjs).
 * Other schemas, and all schemas when the TypeScript sources run, are compiled when they are first needed.
 */
export const validatorOf = memoizeByObject(
  (schema: Schema): Validator => (requireGenerated(fileOf(schema)) as Validator | undefined) ?? compileSchema(schema),
);

/** The file of a generated validator. Its name changes with every part of the schema. */
export const fileOf = (schema: Schema): string => `validators/${sha256(JSON.stringify(schema)).slice(0, 24)}.cjs`;

export function compileSchema(schema: Schema): Validator {
  return schemaCompiler().compile(schema);
}

/** Our own keywords: annotations that constrain no value. */
const ANNOTATIONS = ['belfry', 'sensitive'];

/** The compiler, with the same options in the build and at run time. Throws on a keyword or format that it does not know. */
export function schemaCompiler(code: CodeOptions = {}): Ajv {
  const ajv = new (ajvLibrary().Ajv)({
    allErrors: true,
    messages: false,
    // A key that every object inherits, such as `constructor`, is not a setting.
    ownProperties: true,
    strictSchema: true,
    strictTypes: false,
    strictNumbers: false,
    meta: false,
    validateSchema: false,
    code,
  });
  for (const keyword of ANNOTATIONS) ajv.addKeyword(keyword);
  return ajv;
}
