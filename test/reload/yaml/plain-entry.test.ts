import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseYaml } from '../../../daemon/reload/yaml/parse.ts';
import { readPlainEntry } from '../../../daemon/reload/yaml/plain-entry.ts';

/** What the YAML library makes of an entry that is read plainly; it has to be the same. */
function agree(text: string): boolean {
  const plain = readPlainEntry(text);
  if (plain === undefined) return false;
  const parsed = parseYaml(text);
  expect(parsed, text).toMatchObject({ ok: true });
  expect([plain.item], text).toEqual(parsed.ok && parsed.data);
  // Also in the order of its keys.
  expect(JSON.stringify([plain.item])).toBe(JSON.stringify(parsed.ok && parsed.data));
  return true;
}

describe('an entry is read plainly, to the same as the YAML library reads,', () => {
  it.each([
    '  - { name: r1, match: { type: deploy.finished }, message: { title: "{{ id }}: #1" }, notify: [ops] }\n',
    '  - {name: r1, match: {}, notify: []}',
    '- name: failed deploy\n\n  # which\n  match:\n    type: deploy.finished\n    data.code: [1, x.2, 0]\n  for: 10m\n',
    '  - name: a\n    throttle: { max: 3, per: 1h30m }\n    enabled: true\n    escalate:\n      - after: 5m\n        notify:\n          - ops\n',
    '  - - x\n    - - y\n      - z\n',
    '  - word\n',
    '  - "quoted \'text\' – with {all} [sorts] of *things* & more"\n',
    '    - rate: 20/1m\n',
  ])('%j', (text) => {
    expect(agree(text)).toBe(true);
  });

  it.each([
    ['nothing', ''],
    ['two entries', '- a\n- b\n'],
    ['an escape', '- "a\\n"\n'],
    ['single quotes', "- 'a'\n"],
    ['a quote that goes on', '- "a\n  b"\n'],
    ['words that go on', '- a: b\n    c\n'],
    ['an anchor', '- &a b\n'],
    ['an alias', '- *a\n'],
    ['a tag', '- !a b\n'],
    ['a block of text', '- a: |\n    b\n'],
    ['a comment behind a value', '- a: b # c\n'],
    ['a key that is there twice', '- { a: 1, a: 2 }\n'],
    ['a prototype', '- { __proto__: 1 }\n'],
    ['a merge', '- { <<: { a: 1 } }\n'],
    ['a number that would lose digits', '- 12345678901234567890\n'],
    ['a number with a point', '- 1.50\n'],
    ['a number in another base', '- 0x1F\n'],
    ['nothing as a value', '- a:\n'],
    ['null', '- null\n'],
    ['a word that may be true', '- True\n'],
    ['an address', '- http://example.com\n'],
    ['bad indentation', '- a:\n      b: 1\n    c: 2\n'],
    ['a bracket without end', '- [a\n'],
    ['a bracket too many', '- [a]]\n'],
    ['a comma too many', '- [a, ]\n'],
    ['Windows line ends', '- a: 1\r\n  b: 2\r\n'],
    ['a tab', '- a:\tb\n'],
    ['depth', `- ${'['.repeat(30)}${']'.repeat(30)}\n`],
  ])('or not at all: %s', (_what, text) => {
    expect(readPlainEntry(text)).toBeUndefined();
  });

  it('whatever it is made of', () => {
    const part = fc.constantFrom(
      '- ',
      '- ',
      '  ',
      '    ',
      '\n',
      '\n  ',
      '\n    ',
      '\n- ',
      '\n  - ',
      'a: ',
      'b: ',
      'a:',
      'a',
      'b c',
      'c.d',
      '1',
      '{ ',
      ' }',
      '{',
      '}',
      '[',
      ']',
      ', ',
      ',',
      '"',
      '"x y"',
      '" #: "',
      '#',
      ' # c',
      ':',
      ': ',
      '10m',
      '1/2',
      '0',
      '01',
      'true',
      'null',
      'Null',
      '1e5',
      '0x1',
      '1.5',
      '-',
      '-1',
      '.',
      '/',
      '_',
      '~',
      '?',
      '|',
      '&',
      '*',
      "'",
      '\\',
      'é',
      ' ',
    );
    let read = 0;
    fc.assert(
      fc.property(fc.array(part, { maxLength: 16 }), (parts) => {
        if (agree(`- ${parts.join('')}`)) read += 1;
      }),
      { numRuns: 5000 },
    );
    expect(read).toBeGreaterThan(100);
  });

  it('whatever it says', () => {
    const word = fc.constantFrom(
      'a',
      'type',
      'data.x',
      'a b',
      '10m',
      'true',
      '7',
      '0',
      '"x: #y"',
      '"{{ id }}"',
      'x/y',
      'a-b',
    );
    const key = fc.constantFrom('a', 'b', 'name', 'data.y', 'z/w', 'not_during');
    const { flow } = fc.letrec<{ flow: string }>((tie) => ({
      flow: fc.oneof(
        { maxDepth: 3, depthSize: 'small' },
        word,
        fc.array(tie('flow'), { maxLength: 3 }).map((items) => `[${items.join(', ')}]`),
        fc
          .uniqueArray(fc.tuple(key, tie('flow')), { maxLength: 3, selector: ([name]) => name })
          .map((members) => `{ ${members.map(([name, value]) => `${name}: ${value}`).join(', ')} }`),
      ),
    }));
    const { block } = fc.letrec<{ block: readonly string[] }>((tie) => ({
      block: fc.oneof(
        { maxDepth: 3, depthSize: 'small' },
        flow.map((text) => [text]),
        fc
          .array(tie('block'), { minLength: 1, maxLength: 3 })
          .map((items) => items.flatMap(([first, ...rest]) => [`- ${first}`, ...rest.map((line) => `  ${line}`)])),
        fc
          .uniqueArray(fc.tuple(key, tie('block')), { minLength: 1, maxLength: 3, selector: ([name]) => name })
          .map((members) =>
            members.flatMap(([name, lines]) =>
              lines.length === 1 && !/^(?:- |[\w./-]+:)/.test(lines[0]!)
                ? [`${name}: ${lines[0]}`]
                : [`${name}:`, ...lines.map((line) => `  ${line}`)],
            ),
          ),
      ),
    }));
    fc.assert(
      fc.property(block, ([first, ...rest]) => {
        expect(agree([`  - ${first}`, ...rest.map((line) => `    ${line}`)].join('\n'))).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});
