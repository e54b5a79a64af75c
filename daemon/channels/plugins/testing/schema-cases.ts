import assert from 'node:assert/strict';
import type { ChannelType } from '../../channel.ts';
import { MESSAGE_PARTS } from '../../../core/compile/registry.ts';
import { partsOf, type Schema, schemaOf } from '../../../core/schema/json-schema.ts';
import type { ContractCase } from './case.ts';

/** Cases about what a type says of itself; they send nothing. */
export function schemaCases(type: ChannelType): readonly ContractCase[] {
  const test = (name: string, run: () => void): ContractCase => ({ name, run: async () => run() });
  return [
    test('every setting has a description and an example', () => {
      assert.deepEqual(undocumented(schemaOf(type.settings), ''), []);
    }),
    test('the type declares which parts of a message it shows', () => {
      assert.ok(type.supports !== undefined, '`supports` is missing');
      const unknown = Object.keys(type.supports).filter((part) => !MESSAGE_PARTS.some((known) => known === part));
      assert.deepEqual(unknown, []);
    }),
    test('the type has a summary of one line without a full stop, and the address of its documentation', () => {
      assert.match(type.summary, /^\S[^\n]{10,}[^.\n]$/);
      assert.match(type.documentation, /^https:\/\//);
    }),
  ];
}

/** Pointers of properties without a description or an example. */
function undocumented(schema: Schema, pointer: string): string[] {
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const isContainer = property.properties !== undefined;
    const bare = property.description === undefined || (!isContainer && (property.examples ?? []).length === 0);
    return [...(bare ? [`${pointer}/${name}`] : []), ...undocumented(property, `${pointer}/${name}`)];
  });
  const inner = partsOf(schema).filter((part) => !Object.values(schema.properties ?? {}).includes(part));
  return [...own, ...inner.flatMap((part) => undocumented(part, pointer))];
}
