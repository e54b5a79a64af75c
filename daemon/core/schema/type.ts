import type { Type as TypeBox } from 'typebox';

export type { Static, TProperties, TSchema } from 'typebox';

type Options = Readonly<Record<string, unknown>>;
type Properties = Readonly<Record<string, object>>;

/** Key by which TypeBox marks an optional property. It is not enumerable, so it is not a keyword of the schema. */
const OPTIONAL = '~optional';

/**
 * Replacement for the builders of TypeBox that our schemas use, with the types of TypeBox: a schema is plain JSON Schema with a
 * static type. TypeBox itself is not loaded, since its several hundred modules would slow down every start.
 */
export const Type = {
  String: (options?: Options) => ({ type: 'string', ...options }),
  Number: (options?: Options) => ({ type: 'number', ...options }),
  Integer: (options?: Options) => ({ type: 'integer', ...options }),
  Boolean: (options?: Options) => ({ type: 'boolean', ...options }),
  Unknown: (options?: Options) => ({ ...options }),
  Unsafe: (schema: Options) => ({ ...schema }),
  Array: (items: object, options?: Options) => ({ type: 'array', items, ...options }),
  Object(properties: Properties, options?: Options) {
    const required = Object.keys(properties).filter((name) => !(OPTIONAL in properties[name]!));
    return { type: 'object', ...(required.length > 0 && { required }), properties, ...options };
  },
  Record: (keys: { readonly pattern?: string }, values: object, options?: Options) => ({
    type: 'object',
    patternProperties: { [keys.pattern ?? '^.*$']: values },
    ...options,
  }),
  Optional: (schema: object) => Object.defineProperty({ ...schema }, OPTIONAL, { value: true, enumerable: false }),
} as unknown as Pick<
  typeof TypeBox,
  'String' | 'Number' | 'Integer' | 'Boolean' | 'Unknown' | 'Unsafe' | 'Array' | 'Object' | 'Record' | 'Optional'
>;
