import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJson } from '../../../daemon/core/values/json.ts';

describe('JSON from outside', () => {
  it.each<[string, unknown]>([
    ['9007199254740991', 9_007_199_254_740_991],
    ['-9007199254740991', -9_007_199_254_740_991],
    ['9007199254740992', '9007199254740992'],
    ['9007199254740993', '9007199254740993'],
    ['-9007199254740993', '-9007199254740993'],
    ['1234567890123456789', '1234567890123456789'],
    ['  18446744073709551615\n', '18446744073709551615'],
    [`1${'0'.repeat(400)}`, `1${'0'.repeat(400)}`],
    ['[1234567890123456789,\t1234567890123456789]', ['1234567890123456789', '1234567890123456789']],
    ['{"a":{"b":[-1234567890123456789]},"c":1}', { a: { b: ['-1234567890123456789'] }, c: 1 }],
  ])('keeps the digits of an integer beyond 2^53, as text: %s', (text, value) => {
    expect(parseJson(text)).toStrictEqual(value);
  });

  it.each<[string, unknown]>([
    ['"1234567890123456789"', '1234567890123456789'],
    [String.raw`["\": 1234567890123456789", 1]`, ['": 1234567890123456789', 1]],
    [String.raw`["\\", 1234567890123456789]`, ['\\', '1234567890123456789']],
    [String.raw`{"a\\\": 1234567890123456789":2}`, { 'a\\": 1234567890123456789': 2 }],
    ['["[1234567890123456789]", 1234567890123456789]', ['[1234567890123456789]', '1234567890123456789']],
  ])('does not change numbers within strings: %s', (text, value) => {
    expect(parseJson(text)).toStrictEqual(value);
  });

  it.each<[string, unknown]>([
    ['0.30000000000000004', 0.300_000_000_000_000_04],
    ['1.00000000000000000001', 1],
    ['1e20', 1e20],
    ['1e-400', 0],
    ['-0', -0],
    ['1719763200000000.5', 1_719_763_200_000_000.5],
  ])('reads a number with a fraction or an exponent as the nearest one: %s', (text, value) => {
    expect(parseJson(text)).toStrictEqual(value);
  });

  it.each(['1e400', '-1E+400', '17976931348623157e300'])(
    'keeps %s, which is beyond the range of a number, as text',
    (text) => {
      expect(parseJson(`{"n": ${text}}`)).toStrictEqual({ n: text });
    },
  );

  it('takes the last of several values of one key, and `__proto__` for a key like any other', () => {
    expect(parseJson('{"a":1,"a":1234567890123456789}')).toStrictEqual({ a: '1234567890123456789' });
    const value = parseJson('{"__proto__":1234567890123456789}') as object;
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(Object.entries(value)).toEqual([['__proto__', '1234567890123456789']]);
  });

  it.each([
    '[01234567890123456789]',
    '[1234567890123456789',
    '{1234567890123456789:1}',
    '[12345678901234567890.]',
    '',
    'x',
  ])('throws the error of the runtime for invalid JSON: %s', (text) => {
    const messageOf = (read: (text: string) => unknown): string => {
      try {
        return JSON.stringify(read(text));
      } catch (error) {
        return (error as Error).message;
      }
    };
    expect(messageOf(parseJson)).toBe(messageOf((given) => JSON.parse(given)));
  });

  it('reads everything else as the runtime does', () => {
    const texts = fc.string({
      unit: fc.constantFrom('"', '\\', '1234567890123456', ':', ',', '[', ' ', 'e400', '-', '.'),
    });
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        texts,
        fc.integer(),
        fc.double({ noNaN: true, min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER }),
        fc.array(tie('value')),
        fc.dictionary(texts, tie('value')),
      ),
    }));
    fc.assert(
      fc.property(value, fc.constantFrom(undefined, 1), (given, indent) => {
        const text = JSON.stringify(given, null, indent);
        expect(parseJson(text)).toStrictEqual(JSON.parse(text));
      }),
    );
  });
});
