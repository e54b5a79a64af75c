import { expect, test } from 'vitest';
import { compileCondition } from '../../../../daemon/core/match/condition/condition.ts';
import type { Json } from '../../../../daemon/core/values/json.ts';

function evaluate(source: string, data: Json): object {
  const compiled = compileCondition(source);
  if (!compiled.ok) throw new Error(compiled.message);
  return compiled.condition.test({ id: '1', source: 's', type: 't', time: '2026-11-23T08:00:00Z', data }, 0);
}

const LONG = 'a'.repeat(400_000);
/** Occurs in `LONG` nearly everywhere. */
const NEARLY = `${'a'.repeat(100_000)}b${'a'.repeat(100_000)}`;
const TOO_MUCH = { holds: false, error: 'the texts and lists of this event are too long for the expression' };
const NUMBERS = Array.from({ length: 20_000 }, (_, index) => index);

test.each([
  ['data.text.contains(data.part)'],
  ['data.text.indexOf(data.part) > 0'],
  ['data.text.indexOf(data.part, 5) > 0'],
  ['data.text.lastIndexOf(data.part) > 0'],
  ['data.text.lastIndexOf(data.part, 399999) > 0'],
  ['data.text.split(data.part).size() > 1'],
  ['data.text.split(data.part, 7).size() > 1'],
])('%s takes no longer for texts that nearly match everywhere', (source) => {
  // The engine's own search takes fifteen seconds for these texts.
  expect(evaluate(source, { text: LONG, part: NEARLY })).toEqual({ holds: false });
});

test.each<[string, Json]>([
  ['data.list.exists(i, data.text.contains(i))', { list: Array(50_000).fill('ab'), text: LONG }],
  ['data.list.exists(i, data.text.matches("[xy].z"))', { list: Array(50_000).fill(1), text: LONG }],
  ['data.list.exists(i, -1 - i in data.list)', { list: NUMBERS }],
  ['data.list.all(i, data.text.lowerAscii() != i)', { list: Array(50_000).fill('b'), text: LONG }],
  ['data.list.filter(i, data.list + [i] == data.list).size() > 0', { list: NUMBERS }],
  ['data.text.matches(data.pattern)', { text: LONG, pattern: '(?:a?){300}(?:a){300}$' }],
])('%s is stopped with an error when an event makes it long', (source, data) => {
  expect(evaluate(source, data)).toEqual(TOO_MUCH);
});

test('a macro over a list of more than 50,000 elements is refused', () => {
  const list = Array(50_001).fill(1);
  expect(evaluate('data.list.exists(i, i.x == 1)', { list })).toMatchObject({
    error: expect.stringContaining('more than 50000 elements'),
  });
  expect(evaluate('data.list.size() == 50001', { list })).toEqual({ holds: true });
});

test.each([['duration(data.text) > duration("1s")'], ['timestamp(data.text) < now']])(
  '%s does not read a text of more than 100 characters',
  (source) => {
    expect(evaluate(source, { text: '1'.repeat(300_000) })).toMatchObject({
      error: expect.stringContaining('more than 100 characters'),
    });
  },
);

test.each<[string, boolean]>([
  ['data.list.exists(i, data.parts.join(",").contains(i))', true],
  ['data.list.map(i, i + "x").join("") == "axbx"', true],
  ['data.list.exists(i, i in {"a": 1})', true],
  ['data.list.all(i, i in ["a", "b"])', true],
  ['data.list.exists(i, size(i) + i.size() == 2)', true],
  ['data.list.exists(i, data.n + 1 == 4 && data.n == 3 && string(data.n) == "3")', true],
  ['data.list.exists(i, data.big == 9007199254740993)', true],
  ['data.list.exists(i, data.object == {"a": 1.0})', true],
  ['data.list.exists_one(i, i.matches("^a$") && i.matches(data.pattern))', true],
  ['data.list.exists(i, has(data.none))', false],
  ['data.text.split(",", 2)[1] == "b,a"', true],
  ['data.text.split(",", 0).size() == 0 && data.text.split(",", -1).size() == 3', true],
  ['data.text.indexOf("a", 1) == 4 && data.text.indexOf("", 3) == 3', true],
  ['data.text.lastIndexOf("a") == 4 && data.text.lastIndexOf("a", 3) == 0', true],
  ['data.list.exists(i, cel.bind(x, i, x == "b"))', true],
])('%s gives the same as without the bounds: %s', (source, holds) => {
  const data = { list: ['a', 'b'], parts: ['b', 'c'], n: 3, big: '9007199254740993', object: { a: 1 }, text: 'a,b,a' };
  expect(evaluate(source, { ...data, pattern: '^a' })).toEqual({ holds });
});

test('an error names the function that the user wrote', () => {
  expect(evaluate('data.n.contains("x")', { n: 1 })).toMatchObject({
    error: expect.stringContaining("'double.contains(string)'"),
  });
  expect(evaluate('data.n.matches("x")', { n: 1 })).toMatchObject({
    error: expect.stringContaining("'double.matches(string)'"),
  });
});
