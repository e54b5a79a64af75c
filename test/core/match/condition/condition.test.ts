import { expect, test } from 'vitest';
import type { Event } from '../../../../daemon/core/event/event.ts';
import { compileCondition } from '../../../../daemon/core/match/condition/condition.ts';
import type { Json } from '../../../../daemon/core/values/json.ts';

const NOW = Date.parse('2026-11-23T09:00:00Z');

function event(data: Json, more: Record<string, Json> = {}): Event {
  return { id: '1', source: 's', type: 't', time: '2026-11-23T08:00:00Z', data, ...more };
}

function evaluate(source: string, data: Json, more: Record<string, Json> = {}): { holds: boolean; error?: string } {
  const compiled = compileCondition(source);
  if (!compiled.ok) throw new Error(compiled.message);
  return compiled.condition.test(event(data, more), NOW);
}

test.each<[string, Json, boolean]>([
  ['data.n > 3', { n: 5 }, true],
  ['data.n > 3', { n: 3 }, false],
  ['data.n % 2 == 1', { n: 7 }, true],
  ['data.n + 1 == 8', { n: 7 }, true],
  ['data.n * 2 >= 14.0', { n: 7 }, true],
  ['data.n == 7', { n: 7 }, true],
  ['7.0 == 7', null, true],
  ['data.n in [7, 8]', { n: 7 }, true],
  ['data.n == 9007199254740993', { n: '9007199254740993' }, true],
  ['-9007199254740993 == data.n', { n: '-9007199254740993' }, true],
  ['data.n != 9007199254740993', { n: '9007199254740992' }, true],
  ['data["n"] in [9007199254740993, 9007199254740995]', { n: '9007199254740993' }, true],
  ['int(data.n) == 9007199254740993', { n: '9007199254740993' }, true],
  ['int(data.n) > 9007199254740992', { n: '9007199254740993' }, true],
  ['data.s.matches("^v[0-9]+$")', { s: 'v12' }, true],
  ['data.s.matches("^v[0-9]+$")', { s: 'v12x' }, false],
  ['event.type == "t" && source == "s"', null, true],
  ['headers["x-a"] == "1"', null, true],
  ['timestamp(time) < now', null, true],
  ['data.tags.exists(t, t == "x")', { tags: ['a', 'x'] }, true],
  ['has(data.a)', { b: 1 }, false],
  ['!has(data.a)', { b: 1 }, true],
])('%s of %j is %s', (source, data, holds) => {
  expect(evaluate(source, data, { headers: { 'x-a': '1' } })).toEqual({ holds });
});

test('a missing field is neither a match nor an error, however deep', () => {
  expect(evaluate('data.a.b.c == 1', {})).toEqual({ holds: false, missing: 'a' });
  expect(evaluate('headers.x == 1', null)).toEqual({ holds: false, missing: 'headers' });
  expect(evaluate('has(data.a.b)', {})).toEqual({ holds: false, missing: 'a' });
});

test('any other error is returned, and nothing is thrown', () => {
  expect(evaluate('data.n > 3', { n: 'many' })).toMatchObject({
    holds: false,
    error: expect.stringContaining('overload'),
  });
  expect(evaluate('data.flag', { flag: 'yes' })).toMatchObject({ holds: false, error: expect.any(String) });
});

test.each([
  ['data.n >', 8],
  ['data.n + ', 9],
  ['"text"', 0],
  ['1 == "a"', 0],
  ['data.a.all(x, data.b.all(y, data.c.all(z, z == x)))', 0],
])('%s is refused when it is compiled', (source, offset) => {
  const compiled = compileCondition(source);
  expect(compiled).toMatchObject({ ok: false, message: expect.any(String) });
  if (!compiled.ok) expect(Math.abs(compiled.offset - offset)).toBeLessThanOrEqual(1);
});

test('an expression that would backtrack endlessly returns at once', () => {
  expect(evaluate('data.s.matches("^(a+)+$")', { s: `${'a'.repeat(5000)}b` })).toEqual({ holds: false });
});

test('nested macros over long lists are refused', () => {
  const list = Array.from({ length: 5000 }, (_, index) => index);
  expect(evaluate('data.l.all(x, data.l.all(y, x == x))', { l: list })).toMatchObject({
    holds: false,
    error: expect.stringContaining('1000'),
  });
});

test('properties of the prototype are not reachable', () => {
  expect(evaluate('data.constructor == 1', {})).toEqual({ holds: false, missing: 'constructor' });
  expect(evaluate('data.__proto__.x == 1', {})).toEqual({ holds: false, missing: '__proto__' });
});

test('every operator takes doubles and integers on either side', () => {
  const numbers: Readonly<Record<string, number>> = { 'data.n': 7, 'data.m': 2, '7': 7, '2.0': 2, 'size(data.l)': 2 };
  const compute: Readonly<Record<string, (a: number, b: number) => number>> = {
    '+': (a, b) => a + b,
    '-': (a, b) => a - b,
    '*': (a, b) => a * b,
    '%': (a, b) => a % b,
  };
  const wrong: string[] = [];
  for (const [left, a] of Object.entries(numbers)) {
    for (const [right, b] of Object.entries(numbers)) {
      for (const [operator, of] of Object.entries(compute)) {
        const sum = `${left} ${operator} ${right}`;
        for (const source of [
          `${sum} == ${of(a, b)}`,
          `${of(a, b)} == ${sum}`,
          `!(${sum} != ${of(a, b)})`,
          `${sum} > ${of(a, b) - 1}`,
        ]) {
          if (!evaluate(source, { n: 7, m: 2, l: [1, 2] }).holds) wrong.push(source);
        }
      }
    }
  }
  expect(wrong).toEqual([]);
});

test.each<[string, Json, boolean]>([
  ['7 / data.m == 3.5', { m: 2 }, true],
  ['7 / 2 == 3', null, true],
  ['data.l[1] == 2', { l: [1, 2] }, true],
  ['data.l[5] == 2', { l: [1, 2] }, false],
  ['data.miss == 1 || data.b == 2', { b: 2 }, true],
  ['data.a.b == 1', { a: null }, false],
  ['data.a.b == 1', { a: 'text' }, false],
  ['data.a == 1', null, false],
  ['data.a == null', { a: null }, true],
  ['subject == "x"', null, false],
  ['!has(event.subject)', null, true],
  ['data.l.filter(x, x > 1).map(x, x + 1).exists(x, x == 3)', { l: [1, 2] }, true],
  ['data.l.exists(x, x.matches("^b+$"))', { l: ['a', 'bb'] }, true],
  ['now - timestamp(time) == duration("1h")', null, true],
])('%s of %j is %s, and no error', (source, data, holds) => {
  expect({ error: undefined, ...evaluate(source, data) }).toMatchObject({ holds, error: undefined });
});

test('an invalid expression in `matches` is found when the rule is loaded, with its position', () => {
  expect(compileCondition('data.s.matches("(a")')).toEqual({
    ok: false,
    message: expect.stringContaining('RE2'),
    mend: expect.stringContaining('single quotes'),
    offset: 15,
  });
  expect(evaluate('data.s.matches(data.p)', { s: 'a', p: '(' })).toMatchObject({
    holds: false,
    error: expect.any(String),
  });
});

test('nested macros over large maps or endlessly nested events are refused without an exception', () => {
  const map = Object.fromEntries(Array.from({ length: 3000 }, (_, index) => [`k${index}`, index]));
  expect(evaluate('data.m.all(x, data.m.all(y, x == x))', { m: map })).toMatchObject({
    error: expect.stringContaining('1000'),
  });
  let deep: Json = 1;
  for (let level = 0; level < 50_000; level += 1) deep = { a: deep };
  expect(evaluate('data.l.all(x, data.l.all(y, x == y))', { l: [1], deep })).toMatchObject({
    holds: false,
    error: expect.any(String),
  });
});

test.each<Json>([{}, { prototype: { b: 2 } }, null, 'text', 1, []])(
  'a field `constructor` with %j changes no result',
  (constructor) => {
    const data = { a: true, constructor, b: { c: 1, constructor }, l: [{ x: 1, constructor }] };
    for (const source of [
      'data.a',
      'has(data.a) && !has(data.none)',
      '"a" in data && size(data) == 4',
      'data.b.c == 1 && event.data.b["c"] == 1',
      'data.l.exists(item, item.x == 1) && data.exists(name, name == "a")',
      'data == event.data',
    ])
      expect([source, evaluate(source, data)]).toEqual([source, { holds: true }]);
    expect(evaluate('data.none == 1', data)).toMatchObject({ holds: false, missing: 'none' });
  },
);
