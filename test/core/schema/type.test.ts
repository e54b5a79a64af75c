import { Type as TypeBox } from 'typebox';
import { expect, it } from 'vitest';
import { Type } from '../../../daemon/core/schema/type.ts';

type Builders = typeof Type;

/** Every builder with what our schemas give it. */
const made = (types: Builders): Readonly<Record<string, object>> => {
  const text = types.String({ description: 'A text.', examples: ['a'], minLength: 1 });
  const properties = {
    'left out': types.Optional(text),
    given: types.Boolean(),
    also: types.Optional(types.Unknown()),
  };
  return {
    text,
    bare: types.String(),
    number: types.Number({ minimum: 0 }),
    whole: types.Integer({ default: 3 }),
    flag: types.Boolean(),
    anything: types.Unknown({ description: 'Anything.' }),
    unsafe: types.Unsafe<number>({ type: 'string', belfry: 'duration' }),
    list: types.Array(text, { minItems: 1 }),
    object: types.Object(properties, { additionalProperties: false }),
    'object of what may be left out': types.Object({ one: types.Optional(text) }),
    'optional object': types.Object({
      inner: types.Optional(types.Object(properties)),
      outer: types.Object(properties),
    }),
    'map of some keys': types.Record(types.String({ pattern: '^[A-Z]+$' }), text),
    map: types.Record(types.String(), text, { description: 'Names and values.' }),
  };
};

it('schemas are the same as those of TypeBox', () => {
  expect(JSON.stringify(made(Type), null, 1)).toBe(JSON.stringify(made(TypeBox), null, 1));
});
