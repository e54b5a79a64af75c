import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Event } from '../../../daemon/core/event/event.ts';
import type { Json } from '../../../daemon/core/values/json.ts';
import { compileMatch } from '../../../daemon/core/match/compile.ts';

function event(data: Json, more: Record<string, Json> = {}): Event {
  return { id: '1', source: 's', type: 't', time: '2026-11-23T08:00:00Z', data, ...more };
}

function holds(match: unknown, data: Json, more: Record<string, Json> = {}): boolean {
  const compiled = compileMatch(match);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
  return compiled.matcher.holds(event(data, more));
}

test.each<[unknown, Json, boolean]>([
  [5, 5, true],
  [5, '5', false],
  ['5', 5, false],
  [1, 1.0, true],
  [true, true, true],
  [true, 'true', false],
  [null, null, true],
  [null, 0, false],
  ['', '', true],
  [['a', 'b'], 'b', true],
  [['a', 'b'], 'c', false],
  [['a', null, { prefix: 'x' }], 'xy', true],
  ['a', ['b', 'a'], true],
  ['a', [['a']], false],
  ['a', [], false],
  ['a', {}, false],
  [{ not: 'a' }, 'b', true],
  [{ not: 'a' }, 'a', false],
  [{ not: 'a' }, ['b', 'a'], false],
  [{ not: ['a', 'b'] }, 'c', true],
  [{ not: { prefix: 'a' } }, 'ab', false],
  [{ prefix: 'ab' }, 'abc', true],
  [{ prefix: ['x', 'ab'] }, 'abc', true],
  [{ prefix: '1' }, 12, false],
  [{ suffix: '.log' }, 'a.log', true],
  [{ contains: 'rr' }, 'error', true],
  [{ contains: 'a' }, ['a', 'b'], true],
  [{ glob: '/srv/**/*.csv' }, '/srv/a/b/.c.csv', true],
  [{ glob: '/srv/**/*.csv' }, '/srv/c.csv', true],
  [{ glob: '/srv/*.csv' }, '/srv/a/c.csv', false],
  [{ glob: '/srv/**' }, '/srv', true],
  [{ glob: '/srv/**' }, '/srvx', false],
  [{ glob: 'v?.[0-9]' }, 'v1.2', true],
  [{ glob: '[!a]b' }, 'ab', false],
  [{ glob: '[!a]b' }, 'cb', true],
  [{ glob: '{main,release/*}' }, 'release/1', true],
  [{ glob: 'a{b,c' + '{d,e}}' }, 'ace', true],
  [{ glob: String.raw`a\*` }, 'ab', false],
  [{ glob: String.raw`a\*` }, 'a*', true],
  [{ glob: 'a.b' }, 'axb', false],
  [{ glob: 'a,b}' }, 'a,b}', true],
  [{ regex: '^v[0-9]+$' }, 'v12', true],
  [{ regex: 'b' }, 'abc', true],
  [{ gt: 3 }, 4, true],
  [{ gt: 3 }, 3, false],
  [{ gt: 3 }, '4', false],
  [{ gte: 3 }, 3, true],
  [{ lt: 3 }, 2.5, true],
  [{ lte: 3 }, 3, true],
  [{ gt: 1, lt: 3 }, 2, true],
  [{ gt: 1, lt: 3 }, 3, false],
  [{ gte: '2026-01-01' }, '2026-06-01', true],
  [{ exists: true }, null, true],
  [{ exists: false }, null, false],
  [{ cidr: '10.0.0.0/8' }, '10.1.2.3', true],
  [{ cidr: '10.0.0.0/8' }, '::ffff:10.1.2.3', true],
  [{ cidr: '10.0.0.0/8' }, '11.1.2.3', false],
  [{ cidr: ['192.0.2.1', '2001:db8::/32'] }, '2001:db8::1', true],
  [{ cidr: '192.0.2.1' }, '192.0.2.1', true],
  [{ cidr: '0.0.0.0/0' }, '7', false],
  [{ cidr: '0.0.0.0/0' }, 'nowhere', false],
  [{ equals_ignore_case: 'Error' }, 'ERROR', true],
])('%j on %j is %s', (pattern, value, expected) => {
  expect(holds({ 'data.x': pattern }, { x: value })).toBe(expected);
});

test.each<[unknown, boolean]>([
  ['a', false],
  [null, false],
  [{ prefix: '' }, false],
  [{ not: 'a' }, true],
  [{ not: null }, true],
  [{ exists: false }, true],
  [{ exists: true }, false],
  [{ not: { exists: true } }, true],
])('a missing field: %j is %s', (pattern, expected) => {
  expect(holds({ 'data.x': pattern }, {})).toBe(expected);
  expect(holds({ 'data.x.y': pattern }, { x: 'text' })).toBe(expected);
  expect(holds({ 'data.x': pattern }, null)).toBe(expected);
});

test.each<[string, Json]>([
  ['data.items.0.name', { items: [{ name: 'a' }] }],
  ['data.items.name', { items: [{ name: 'b' }, { name: 'a' }] }],
  ['data.a.b', { 'a.b': 'a' }],
  ['data.a.b.c', { 'a.b': { c: 'a' } }],
  ['data.a.b', { a: { c: 1 }, 'a.b': 'a' }],
  ['data.x-y', { 'x-y': 'a' }],
])('%s reads from %j', (path, data) => {
  expect(holds({ [path]: 'a' }, data)).toBe(true);
});

test('extensions and attributes have paths', () => {
  expect(holds({ 'headers.x-github-event': 'push', type: 't' }, null, { headers: { 'x-github-event': 'push' } })).toBe(
    true,
  );
});

test('properties of the prototype are not fields', () => {
  for (const path of ['data.constructor', 'data.toString', 'data.__proto__', 'data.x.length', 'data.l.length']) {
    expect(holds({ [path]: { exists: true } }, { x: 'text', l: [1] })).toBe(false);
  }
});

test('any, all and none combine maps and can be nested', () => {
  const match = { type: 't', any: [{ 'data.a': 1 }, { all: [{ 'data.b': 1 }, { none: [{ 'data.c': 1 }] }] }] };
  expect(holds(match, { a: 1 })).toBe(true);
  expect(holds(match, { b: 1 })).toBe(true);
  expect(holds(match, { b: 1, c: 1 })).toBe(false);
  expect(holds(match, {})).toBe(false);
  expect(holds({}, {})).toBe(true);
});

test.each<[unknown, string, string]>([
  [{ 'data.x': { prefx: 'a' } }, '/data.x/prefx', 'prefix'],
  [{ 'data.x': { regex: '(?=a)' } }, '/data.x/regex', 'RE2'],
  [{ 'data.x': { regex: '(' } }, '/data.x/regex', 'RE2'],
  [{ 'data.x': { gt: true } }, '/data.x/gt', 'number'],
  [{ 'data.x': { exists: 'yes' } }, '/data.x/exists', 'true'],
  [{ 'data.x': { cidr: '10.0.0.0/99' } }, '/data.x/cidr', '10.0.0.0/8'],
  [{ 'data.x': { prefix: 5 } }, '/data.x/prefix', 'text'],
  [{ 'data.x': { prefix: [] } }, '/data.x/prefix', 'text'],
  [{ 'data.x': { glob: '[a' } }, '/data.x/glob', '/srv/**/*.csv'],
  [{ 'data.x': { glob: '*[]a' } }, '/data.x/glob', '/srv/**/*.csv'],
  [{ 'data.x': { glob: '{a' } }, '/data.x/glob', '/srv/**/*.csv'],
  [{ 'data.x': { glob: '!a' } }, '/data.x/glob', '/srv/**/*.csv'],
  [{ 'data.x': { glob: '+(a|b)' } }, '/data.x/glob', '/srv/**/*.csv'],
  [{ 'data.x': { glob: '{1..3}' } }, '/data.x/glob', '/srv/**/*.csv'],
  [{ 'data.x': {} }, '/data.x', 'operator'],
  [{ 'data.x': [] }, '/data.x', 'match'],
  [{ any: [] }, '/any', 'any'],
  [{ any: [{ 'data.x': { nott: 1 } }] }, '/any/0/data.x/nott', 'not'],
  [{ 'data..x': 1 }, '/data..x', 'data.repo.name'],
  ['text', '', 'data.status'],
])('%j is refused at %s', (match, pointer, mend) => {
  const compiled = compileMatch(match);
  expect(compiled).toMatchObject({ ok: false, problems: [{ pointer, mend: expect.stringContaining(mend) }] });
});

test('every problem is reported, not only the first', () => {
  const compiled = compileMatch({ 'data.a': { gt: true, regex: '(' }, none: [{ 'data.b': { nope: 1 } }] });
  expect(compiled.ok ? [] : compiled.problems).toHaveLength(3);
});

test.each([
  ['(a+)+$', 'regex'],
  ['*a*a*a*a*a*a*a*a*b', 'glob'],
])('a hostile text does not keep %s busy', (pattern, operator) => {
  expect(holds({ 'data.x': { [operator]: pattern } }, { x: `${'a'.repeat(20_000)}c` })).toBe(false);
});

test('a matcher does not throw for any event', () => {
  const match = {
    'data.a': { not: 'x' },
    'data.a.b': { prefix: 'x' },
    'data.a.0': [1, null, { glob: '**' }],
    any: [{ 'data.c': { cidr: '10.0.0.0/8' } }, { 'data.c': { gt: 1 } }, { 'data.c': { regex: 'a' } }],
  };
  const compiled = compileMatch(match);
  if (!compiled.ok) throw new Error('refused');
  const data = fc.dictionary(fc.constantFrom('a', 'b', 'c', '0', '__proto__', 'a.b'), fc.jsonValue());
  fc.assert(fc.property(data, (value) => typeof compiled.matcher.holds(event(value as Json)) === 'boolean'));
});

/** Reference implementation of the globs, independent of the matcher. */
function expressionOf(glob: string): RegExp {
  const parts = [...glob.matchAll(/(\/\*\*$)|((?:^|\/)\*\*\/)|(\*\*)|(\*)|([^])/g)];
  const written = parts.map(([part, below, folders, anything, name]) => {
    if (below !== undefined) return '(?:/.*)?';
    if (folders !== undefined) return `${folders.startsWith('/') ? '/' : ''}(?:.*/)?`;
    return anything !== undefined ? '.*' : name !== undefined ? '[^/]*' : part.replace('.', String.raw`\.`);
  });
  return new RegExp(`^${written.join('')}$`, 's');
}

test('a glob of text and stars matches the same texts as a regular expression', () => {
  const piece = fc.constantFrom('*', '**', '/', '/**', '**/', '/**/*', 'a', 'b', '.c');
  const glob = fc.array(piece, { minLength: 1, maxLength: 5 }).map((pieces) => pieces.join(''));
  const text = fc.array(fc.constantFrom('/', 'a', 'b', '.c', '\n'), { maxLength: 7 }).map((pieces) => pieces.join(''));
  fc.assert(
    fc.property(glob, text, (pattern, value) => {
      expect(holds({ 'data.v': { glob: pattern } }, { v: value })).toBe(expressionOf(pattern).test(value));
    }),
    { numRuns: 3000 },
  );
});
