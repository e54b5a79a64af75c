import { expect, test } from 'vitest';
import { WrittenFiles } from '../../../daemon/app/channels/written-files.ts';

const write = (from: number, to: number, hops: number, inode = '7') => ({ device: '1', inode, from, to, hops });

test('a byte has the hops of the write that made it, and none if another program made it', () => {
  const files = new WrittenFiles();
  files.begin(write(10, 20, 1));
  files.begin(write(20, 30, 1));
  files.begin(write(40, 50, 4));
  expect([0, 10, 29, 30, 39, 40, 49, 50].map((offset) => files.hopsOfByte('1:7', offset))).toEqual([
    0, 1, 1, 0, 0, 4, 4, 0,
  ]);
  expect([files.hopsOfByte('2:7', 10), files.hopsOfByte('1:8', 10)]).toEqual([0, 0]);
});

test('what is written after a truncation replaces what was there before', () => {
  const files = new WrittenFiles();
  files.begin(write(0, 100, 3));
  files.begin(write(0, 10, 5));
  expect([files.hopsOfByte('1:7', 5), files.hopsOfByte('1:7', 50)]).toEqual([5, 0]);
});

test('a state of a file has the hops of the last write until the file is changed by another program', () => {
  const files = new WrittenFiles();
  const end = files.begin(write(0, 10, 2));
  expect(files.hopsOfState('10,1000,7')).toBe(2);
  end('10,1000,7');
  expect([files.hopsOfState('10,1000,7'), files.hopsOfState('11,1001,7'), files.hopsOfState('10,1000,8')]).toEqual([
    2, 0, 0,
  ]);
});

test('a write that failed leaves no hops', () => {
  const files = new WrittenFiles();
  files.begin(write(0, 10, 2))(undefined);
  expect([files.hopsOfState('10,1000,7'), files.hopsOfByte('1:7', 5)]).toEqual([0, 0]);
});

test('memory is bounded for a file of many hops and for many files', () => {
  const files = new WrittenFiles();
  for (let index = 0; index < 1001; index += 1) files.begin(write(index, index + 1, index));
  expect([files.hopsOfByte('1:7', 1), files.hopsOfByte('1:7', 1000)]).toEqual([1, 1000]);
  for (let index = 0; index < 10_000; index += 1) files.begin(write(0, 1, 1, `many-${index}`));
  expect(files.hopsOfByte('1:7', 1000)).toBe(0);
});
