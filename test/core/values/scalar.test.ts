import { expect, test } from 'vitest';
import { scalarOf } from '../../../daemon/core/values/scalar.ts';

test.each<[string, unknown]>([
  ['0', 0],
  ['42', 42],
  ['-7', -7],
  ['3.1', 3.1],
  ['-0.5', -0.5],
  ['9007199254740991', 9007199254740991],
  ['true', true],
  ['false', false],
  ['null', null],
])('`%s` is the value that prints as the same text', (text, value) => {
  expect(scalarOf(text)).toBe(value);
});

test.each([
  '3.10',
  '1.0',
  '007',
  '-0',
  '+1',
  '.5',
  '5.',
  '1e3',
  '1e+21',
  '0x10',
  '9007199254740992',
  '9007199254740994',
  '-9007199254740993',
  '1234567890123456789',
  '0.1234567890123456789',
  'Infinity',
  'NaN',
  'True',
  'NULL',
  '',
  ' 1',
  '1\n',
  '１',
  '__proto__',
])('`%s` stays text', (text) => {
  expect(scalarOf(text)).toBe(text);
});
