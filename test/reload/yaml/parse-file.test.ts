import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseYaml } from '../../../daemon/reload/yaml/parse.ts';
import { parseFile, parseInPieces } from '../../../daemon/reload/yaml/parse-file.ts';
import { rangeOf } from '../../../daemon/reload/text/locate.ts';

/** Every pointer of the data, and some pointers to nothing. */
function pointersOf(data: unknown, pointer = ''): string[] {
  const below =
    typeof data === 'object' && data !== null
      ? Object.entries(data).flatMap(([key, item]) => pointersOf(item, `${pointer}/${key}`))
      : [];
  return [pointer, `${pointer}/nowhere`, ...below];
}

/** Data and ranges of a file, parsed in pieces and as a whole; null when it is not split. */
async function bothWays(text: string) {
  const pieced = await parseInPieces(text);
  if (pieced === undefined) return null;
  const whole = parseYaml(text);
  if (!pieced.ok || !whole.ok) throw new Error(`not the same: ${JSON.stringify([text, pieced, whole])}`);
  const places = (find: typeof pieced.rangeOf) =>
    pointersOf(whole.data).map((pointer) => {
      const { range, exact } = find(pointer);
      const isScalar = range.children === undefined;
      return { pointer, exact, key: range.key, start: range.start, ...(isScalar && exact && { end: range.end }) };
    });
  return {
    pieced: { data: pieced.data, places: places(pieced.rangeOf) },
    whole: { data: whole.data, places: places((pointer) => rangeOf(whole.ranges, pointer)) },
  };
}

const RULES = [
  'daemon: { listen: ":0" } # here',
  'rules: # all of them',
  '  # the first',
  '  - name: a',
  '    match: { data.x: [1, 2], data.y: "a\\tb" }',
  '    message:',
  '      body: |+',
  '        one',
  '',
  '        - two',
  '',
  "  - { name: 'b', match: { type: deploy } }",
  '',
  '  - name: c',
  '    notify: [ops,',
  '      - 7 ]',
  '  # the last',
  'channels:',
  '  ops: { type: log }',
  '',
].join('\n');

describe('a file that is parsed in pieces', () => {
  it.each([
    ['with sections around its rules', RULES.replace('      - 7 ]', '      more]')],
    ['with Windows line ends', RULES.replace('      - 7 ]', '      more]').replaceAll('\n', '\r\n')],
    ['with nothing after its rules', 'rules:\n  - a: 1\n  - b: 2'],
    ['with rules that are not indented', 'rules:\n- a: 1\n  b: 2\n- c: 3\nsilences: []\n'],
    ['with entries that are empty or are not maps', 'rules:\n  - ~\n  - "text"\n  - [1]\n  - - x\n    - y\n'],
    ['with two entries that are the same', 'rules:\n  - a: 1\n  - a: 1\n  - a: 1\n'],
    ['with text that looks like an alias', 'rules:\n  - a: "*b"\n  - a: x *y\n  - a: |\n      *bold*\n'],
  ])('%s has the same data at the same positions', async (_what, text) => {
    const both = await bothWays(text);
    expect(both).not.toBeNull();
    expect(both!.pieced).toEqual(both!.whole);
  });

  const depth = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`;

  it.each([
    ['an alias to an anchor in another entry', 'rules:\n  - &a { x: 1 }\n  - *a\n'],
    ['an alias inside an entry', 'rules:\n  - { x: 1 }\n  - { x: &a 1, y: *a }\n'],
    ['an alias after the rules', 'rules:\n  - &a { x: 1 }\n  - { x: 1 }\nhours: *a\n'],
    ['a quote that is open across entries', 'rules:\n  - a: "x\n  - b"\n  - c\n'],
    ['a quote that is open across all of them', 'rules:\n  - { a: "x\n  - b\nchannels: "}\n'],
    ['a second document', 'rules:\n  - a\n  - b\n---\nx: 1\n'],
    ['a second document further down', 'rules:\n  - a\n  - b\nx: 1\n---\ny: 1\n'],
    ['the end of the document', 'rules:\n- a\n- b\n...\nx: 1\n'],
    ['rules twice', 'rules:\n  - a\n  - b\nrules:\n  - c\n'],
    ['a section twice', 'x: 1\nrules:\n  - a\n  - b\nx: 2\n'],
    ['rules inside a text', 'x: |\n  a\nrules:\n  - a\n  - b: {\n  - c\n'],
    ['a text that is the whole file', '--- |\nrules:\n  - a\n  - b\n'],
    ['a tab', 'rules:\n  - a\n\t- b\n  - c\n'],
    ['nothing but one rule', 'rules:\n  - a\n'],
    ['an entry that is very large', `rules:\n  - a\n  - "${'x'.repeat(20_000)}"\n  - b\n`],
    ['a last entry that is very large', `rules:\n  - a\n  - "${'x'.repeat(20_000)}"\n`],
    ['more entries than anybody has', `rules:\n${'- a\n'.repeat(110_000)}`],
    ['an entry that is too deep', `rules:\n  - a\n  - ${depth(64)}\n`],
  ])('is not split because of %s', async (_what, text) => {
    expect(await parseInPieces(text)).toBeUndefined();
  });

  it('may have entries as deep as a whole file may', async () => {
    for (const levels of [61, 62, 63, 64]) {
      const text = `rules:\n  - a\n  - ${depth(levels)}\n`;
      expect((await parseInPieces(text))?.ok ?? false, String(levels)).toBe(parseYaml(text).ok);
    }
  });

  it('has the same data and ranges as the whole file, for any lines', async () => {
    const plausible = [
      '  - a',
      '  - a: 1',
      '    b: 2',
      '  - { a: 1 }',
      '  - a: |',
      '      text',
      '  - - x',
      '  # c',
      '',
    ];
    const strange = [
      'rules:',
      'rules: # x',
      'rules: []',
      'x: 1',
      'channels:',
      '  a: { b: 1 }',
      '---',
      '...',
      '%YAML 1.2',
      '  - >-',
      '  - { a: "x',
      '  - [',
      '  ]',
      '  -',
      '    - y',
      '- z',
      '- z: 1',
      '  z: 2',
      '# c',
      '   # c',
      '"}',
      '"',
      '  "',
      '  - b"',
      '  - &n a',
      '  - *n',
      '\t- a',
      '  - a: 1\r',
      '\r',
      '  - ? a',
      '  - "q',
      '      more',
      ' - odd',
      '   b: 3',
    ];
    const line = fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(...plausible) },
      { weight: 1, arbitrary: fc.constantFrom(...strange) },
    );
    const file = fc.array(line, { minLength: 2, maxLength: 14 }).map((lines) => ['rules:', ...lines].join('\n'));
    let cut = 0;
    await fc.assert(
      fc.asyncProperty(file, async (text) => {
        const both = await bothWays(text);
        if (both === null) return;
        cut += 1;
        expect(both.pieced).toEqual(both.whole);
      }),
      { numRuns: 5000 },
    );
    expect(cut).toBeGreaterThan(100);
  });
});

const many = (count: number, changed = -1): string =>
  `rules:\n${Array.from({ length: count }, (_, n) => `  - { name: r${n}, match: { type: ${n === changed ? 'new' : n} } }\n`).join('')}`;

it('an unchanged entry of a large file stays the same object', async () => {
  const first = await parseFile(many(2000));
  const second = first.ok ? await parseFile(many(2000, 1000), first.entries) : first;
  if (!first.ok || !second.ok) throw new Error('not YAML');
  const rulesOf = ({ data }: typeof first): readonly unknown[] => (data as { rules: unknown[] }).rules;
  const fresh = rulesOf(second).flatMap((rule, n) => (rule === rulesOf(first)[n] ? [] : [n]));
  expect(fresh).toEqual([0, 1000]);
});
