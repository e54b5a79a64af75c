import { expect, it } from 'vitest';
import { decodeRecord, encodeRecord, keyOf, newRecord } from '../../../daemon/sources/lines/record.ts';

it('a stored record keeps its format, in which the generation is called `life`', () => {
  const stored =
    '{"path":"/var/log/a.log","folder":"/var/log","ino":"7","since":1,"life":"abc","birth":"2","offset":5,"number":1,"head":"5.x","last":"5.x","gone":9}';
  const record = decodeRecord(stored)!;
  expect(keyOf(record)).toBe('file:abc');
  expect(encodeRecord(record)).toBe(stored);
});

it('a new record is read back as it was', () => {
  const record = { ...newRecord('/a/b', '/a', '7', 1), from: 3 };
  expect(decodeRecord(encodeRecord(record))).toEqual(record);
});

it.each(['', '7', '[]', '{}', '{"path":"/a"}'])('%j is not a record', (text) => {
  expect(decodeRecord(text)).toBeUndefined();
});
