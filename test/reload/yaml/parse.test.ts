import { describe, expect, it } from 'vitest';
import { Lines, locate, rangeOf } from '../../../daemon/reload/text/locate.ts';
import { parseYaml } from '../../../daemon/reload/yaml/parse.ts';

const places = (text: string): string[] => {
  const parsed = parseYaml(text);
  if (parsed.ok) return [];
  const lines = new Lines(text);
  return parsed.issues.map(
    ({ offset, code }) => `${lines.position(offset).line}:${lines.position(offset).column} ${code}`,
  );
};

const laughs = [
  'a: &a [x, x, x, x, x, x, x, x, x]',
  ...'bcdefghi'
    .split('')
    .map((name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdefghi'[index]}`).join(', ')}]`),
].join('\n');

describe('hostile YAML is refused with a problem', () => {
  it.each([
    ['an alias bomb', laughs, /^\d+:\d+ yaml\.too_many_aliases$/],
    ['an alias that contains itself', 'a: &a [*a]', /^1:8 yaml\.alias$/],
    ['an alias to nothing', 'a: *nope', /^1:4 yaml\.alias$/],
    ['deep brackets', '['.repeat(100_000), /^1:6\d yaml\.too_deep$/],
    ['deep braces', '{a: '.repeat(50_000), /yaml\.too_deep$/],
    ['deep dashes', '- '.repeat(50_000), /yaml\.too_deep$/],
    ['deep question marks', '? '.repeat(5000), /yaml\.too_deep$/],
    [
      'two thousand steps of indentation',
      Array.from({ length: 2000 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n'),
      /yaml\.too_deep$/,
    ],
    [
      'depth by way of aliases',
      Array.from({ length: 100 }, (_, n) => `a${n}: &a${n} [${n === 0 ? '' : `*a${n - 1}`}]`).join('\n'),
      /yaml\.too_deep$/,
    ],
    ['more than half a million entries', '- a\n'.repeat(600_000), /yaml\.too_large$/],
    ['an unknown tag', 'a: !!js/function "x"', /^1:4 yaml\.tag$/],
    ['an include', 'a: !include /etc/passwd', /^1:4 yaml\.tag$/],
    ['a prototype', '__proto__: { a: 1 }', /^1:1 yaml\.key$/],
    ['a merged prototype', 'a: { <<: { __proto__: 1 } }', /^1:12 yaml\.key$/],
  ])('%s', (_what, text, problem) => {
    const [first] = places(text);
    expect(first).toMatch(problem);
  });

  it('many times in the same process', () => {
    for (let round = 0; round < 1000; round += 1) {
      expect(parseYaml('['.repeat(1000)).ok).toBe(false);
      expect(parseYaml('- '.repeat(1000)).ok).toBe(false);
    }
  });

  it('with fifty thousand keys in one map, in linear time', () => {
    const text = Array.from({ length: 50_000 }, (_, n) => `k${n}: 1`).join('\n');
    expect(places(`${text}\nk7: 2`)).toEqual(['50001:1 yaml.duplicate_key']);
  });
});

describe('unusual YAML is refused or read', () => {
  it.each([
    ['a repeated key', 'a: 1\nb: 2\na: 3', ['3:1 yaml.duplicate_key']],
    [
      'keys that are there twice in braces, all of them',
      'a: { b: 1, b: 2, c: 1, c: 2 }',
      ['1:12 yaml.duplicate_key', '1:24 yaml.duplicate_key'],
    ],
    ['a tab as indentation', 'a:\n\tb: 1', ['2:1 yaml.tab']],
    ['bad indentation', 'a:\n   b: 1\n  c: 2', ['3:3 yaml.indent']],
    ['a quote without end', 'a: "x\nb: 1', ['2:5 yaml.syntax']],
    ['a bracket without end', 'a: [x, y\n', ['2:1 yaml.indent']],
    ['YAML 1.1', '%YAML 1.1\n---\na: no', ['1:1 yaml.directive']],
    ['YAML 1.2, said expressly', '%YAML 1.2\n---\na: no', ['1:1 yaml.directive']],
    ['two documents', 'a: 1\n---\nb: 1', ['3:1 yaml.documents']],
    ['a NUL', 'a: x\u0000y', ['1:5 yaml.control_character']],
    ['a list as a key', '? [a, b]\n: c', ['1:3 yaml.key']],
    ['no key', ': c', ['1:1 yaml.key']],
    ['a number that would lose digits', 'size: 123456789012345678.5', ['1:7 yaml.number']],
    ['a number that is none', 'a: .nan', ['1:4 yaml.number']],
    ['a merge of a text', 'a: { <<: text }', ['1:10 yaml.merge']],
  ])('%s', (_what, text, expected) => {
    expect(places(text)).toEqual(expected);
  });

  it.each([
    ['Windows line ends', 'a: 1\r\nb:\r\n  - x\r\n', { a: 1, b: ['x'] }],
    [
      'words that YAML 1.1 takes for something else',
      'a: no\nb: on\nc: 12:30:45\nd: 2026-11-23\ne: 1_000',
      { a: 'no', b: 'on', c: '12:30:45', d: '2026-11-23', e: '1_000' },
    ],
    ['numbers as keys', '404: x\n1.50: y', { '404': 'x', '1.50': 'y' }],
    ['anchors and aliases', 'a: &x [1]\nb: *x', { a: [1], b: [1] }],
    [
      'merge keys, where own keys win',
      'a: &x { p: 1, q: 2 }\nb: { <<: *x, q: 3 }',
      { a: { p: 1, q: 2 }, b: { q: 3, p: 1 } },
    ],
    ['nothing but a comment', '# nothing\n', null],
    [
      'four hundred plain uses of one anchor',
      `a: &x { p: 1 }\nb: [${Array(400).fill('*x').join(', ')}]`,
      { a: { p: 1 }, b: Array.from({ length: 400 }, () => ({ p: 1 })) },
    ],
  ])('%s: by reading it', (_what, text, data) => {
    expect(parseYaml(text)).toMatchObject({ ok: true, data });
  });

  it('without quoting the text at the error', () => {
    for (const text of [
      'key: "hunter2',
      'key: hunter2: x',
      'key: [hunter2',
      '- a\nkey: hunter2',
      'key: @hunter2',
      'key: "\\hunter2"',
      'key: *hunter2',
    ]) {
      const parsed = parseYaml(text);
      expect(parsed.ok).toBe(false);
      expect(JSON.stringify(parsed)).not.toContain('hunter2');
    }
  });
});

describe('a position', () => {
  const text = 'a:\n  b: [x, "y z"]\n  c: |\n    text\n"d e": &anchor { f: 1 }\ng: *anchor\n';
  const parsed = parseYaml(text);
  if (!parsed.ok) throw new Error('not YAML');
  const { ranges } = parsed;
  const at = (pointer: string, what: 'key' | 'value', offset?: number) => {
    const { line, column } = locate(text, new Lines(text), rangeOf(ranges, pointer), what, offset);
    return `${line}:${column}`;
  };

  it.each([
    ['/a/b', 'key', undefined, '2:3'],
    ['/a/b', 'value', undefined, '2:6'],
    ['/a/b/1', 'value', undefined, '2:10'],
    ['/a/b/1', 'value', 2, '2:13'],
    ['/a/c', 'value', 2, '4:7'],
    ['/d e/f', 'key', undefined, '5:18'],
    ['/g/f', 'value', undefined, '5:21'],
    ['/a/nothing', 'value', undefined, '1:1'],
    ['', 'value', undefined, '1:1'],
  ] as const)('of %s (%s, offset %s) is %s', (pointer, what, offset, expected) => {
    expect(at(pointer, what, offset)).toBe(expected);
  });
});

it.each<[string, unknown]>([
  ['9007199254740991', 9_007_199_254_740_991],
  ['9007199254740993', '9007199254740993'],
  ['-9007199254740993', '-9007199254740993'],
  ['+9007199254740993', '9007199254740993'],
  [`1${'0'.repeat(400)}`, `1${'0'.repeat(400)}`],
  ['0x20000000000001', '9007199254740993'],
  ['"9007199254740993"', '9007199254740993'],
])('keeps the digits of an integer beyond 2^53, as JSON in requests does: %s', (text, value) => {
  expect(parseYaml(`[${text}]`)).toMatchObject({ ok: true, data: [value] });
  expect(parseYaml(`id: ${text}`)).toMatchObject({ ok: true, data: { id: value } });
});
