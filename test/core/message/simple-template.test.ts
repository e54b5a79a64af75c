import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseSimple } from '../../../daemon/core/message/simple-template.ts';
import { compileTemplate } from '../../../daemon/core/message/template.ts';

const NAMES = [
  'id',
  'data',
  'host',
  'size',
  'first',
  'count',
  'event',
  'true',
  'blank',
  'nope',
  'subject',
  'and',
  'length',
];
const name = fc.constantFrom(...NAMES);
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 3 },
    fc.string(),
    fc.double({ noNaN: true }),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('any'), { maxLength: 2 }),
    fc.dictionary(name, tie('any'), { maxKeys: 4 }),
  ),
})).any;
const output = fc
  .tuple(fc.array(name, { minLength: 1, maxLength: 3 }), fc.constantFrom('', ' ', '\n'))
  .map(([path, space]) => `{{${space}${path.join('.')}${space}}}`);
const text = fc.constantFrom('', ' ', 'a < b', '}}', '{', '\n', '日本');

test('a template of text and paths renders as the engine renders it', () => {
  const source = fc.array(fc.oneof(output, text), { minLength: 1, maxLength: 5 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(source, value, fc.dictionary(name, value, { maxKeys: 3 }), (template, data, more) => {
      const event = { id: 'e1', source: 's', type: 't', time: '2026-01-01T00:00:00Z', data } as never;
      const scope = { ...more, event, count: 2 };
      const escape = (shown: string): string => `<${shown}>`;
      const fast = compileTemplate(template);
      // A comment is not plain text, so this one goes through the engine.
      const slow = compileTemplate(`{% comment %}{% endcomment %}${template}`);
      expect(fast.ok).toBe(slow.ok);
      if (!fast.ok || !slow.ok) return;
      const [shown, wanted] = [fast.template.render(scope, escape), slow.template.render(scope, escape)];
      expect(shown.text).toBe(wanted.text);
      expect(shown.error === undefined).toBe(wanted.error === undefined);
    }),
    { numRuns: 500 },
  );
});

test('a template that is not simple is left to the engine', () => {
  for (const source of [
    '{{ a | upcase }}',
    '{{- a }}',
    '{% if a %}{% endif %}',
    '{{ a[0] }}',
    '{{ "a" }}',
    '{{ a.size }}',
  ])
    expect(parseSimple(source)).toBeUndefined();
  expect(parseSimple('{{ a }} on {{b.c}}')).toEqual([['a'], ' on ', ['b', 'c']]);
});
