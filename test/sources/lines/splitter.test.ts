import { expect, test } from 'vitest';
import { type Line, LineSplitter } from '../../../daemon/sources/lines/splitter.ts';

/** Splits bytes that arrive in chunks of `size`. */
function split(bytes: Buffer, { most = 100, size = bytes.length || 1, start = 0 } = {}): Line[] {
  const splitter = new LineSplitter(most, start);
  const lines: Line[] = [];
  for (let from = 0; from < bytes.length; from += size) {
    splitter.feed(bytes.subarray(from, from + size));
    while (!splitter.needsChunk) {
      const line = splitter.next();
      if (line !== undefined) lines.push(line);
    }
  }
  return lines;
}

const texts = (bytes: Buffer | string, options = {}): string[] =>
  split(Buffer.from(bytes as string), options).map((line) => line.text);

test('lines end at newlines, and bytes after the last one are not a line yet', () => {
  expect(texts('one\ntwo\n\nthree\npart')).toEqual(['one', 'two', '', 'three']);
});

test('a carriage return is dropped before the newline, not within the line', () => {
  expect(texts('one\r\ntwo\r\n\r\na\rb\n\r\r\n')).toEqual(['one', 'two', '', 'a\rb', '\r']);
});

test('a byte order mark is dropped at the start of the file and nowhere else', () => {
  expect(texts('\uFEFFone\n\uFEFFtwo\n')).toEqual(['one', '\uFEFFtwo']);
  expect(texts('\uFEFFone\n', { start: 7 })).toEqual(['\uFEFFone']);
});

test('invalid UTF-8 becomes replacement characters', () => {
  expect(texts(Buffer.from([0x61, 0xff, 0x62, 0x0a, 0xc3, 0x0a]))).toEqual(['a\uFFFDb', '\uFFFD']);
});

test('NULs at the start of a line, the hole of a truncated file, are dropped; others stay', () => {
  expect(texts(Buffer.from('\0\0\0one\0two\n\0\n'))).toEqual(['one\0two', '']);
  const hole = Buffer.concat([Buffer.alloc(5000), Buffer.from('after\n')]);
  expect(split(hole, { most: 20, size: 64 })).toMatchObject([{ text: 'after', truncated: false, start: 0, end: 5006 }]);
});

test('a longer line is cut between characters and marked as truncated', () => {
  const lines = split(
    Buffer.from(`${'x'.repeat(20)}\n${'x'.repeat(21)}\n${'ü'.repeat(11)}\nx${'ü'.repeat(10)}\n${'😀'.repeat(9)}\n`),
    {
      most: 20,
    },
  );
  expect(lines.map(({ text, truncated }) => [text, truncated])).toEqual([
    ['x'.repeat(20), false],
    ['x'.repeat(20), true],
    ['ü'.repeat(10), true],
    [`x${'ü'.repeat(9)}`, true],
    ['😀'.repeat(5), true],
  ]);
});

test('a line of the maximum length is whole, also with a carriage return and a byte order mark', () => {
  const lines = split(Buffer.from(`\uFEFF${'x'.repeat(20)}\r\n${'y'.repeat(20)}\r\n`), { most: 20 });
  expect(lines.map(({ text, truncated }) => [text, truncated])).toEqual([
    ['x'.repeat(20), false],
    ['y'.repeat(20), false],
  ]);
});

test('the lines and their offsets do not depend on the chunks', () => {
  const bytes = Buffer.from(`\uFEFFone\r\n\0\0tüo\n\n${'z'.repeat(50)}\r\n${'😀'.repeat(12)}\n\r\nend\nrest`);
  const offsets = (size?: number): object[] =>
    split(bytes, { most: 30, ...(size !== undefined && { size }) }).map(({ text, truncated, start, end }) => {
      return { text, truncated, start, end };
    });
  const whole = split(bytes, { most: 30 });
  expect(whole).toHaveLength(7);
  for (let size = 1; size < bytes.length; size += 1) expect(offsets(size)).toEqual(offsets());
  expect(whole.map(({ start }) => start).slice(1)).toEqual(whole.map(({ end }) => end).slice(0, -1));
});

test('an endless line takes no more memory than the kept bytes', () => {
  const splitter = new LineSplitter(1000, 0);
  for (let round = 0; round < 2000; round += 1) {
    splitter.feed(Buffer.alloc(64 * 1024, 'x'));
    expect(splitter.next()).toBeUndefined();
  }
  splitter.feed(Buffer.from('\nnext\n'));
  expect(splitter.next()).toMatchObject({ text: 'x'.repeat(1000), truncated: true, end: 2000 * 64 * 1024 + 1 });
  expect(splitter.next()).toMatchObject({ text: 'next', truncated: false });
});

test('the unfinished line can be taken once at the end', () => {
  const splitter = new LineSplitter(100, 0);
  splitter.feed(Buffer.from('one\ntwo'));
  expect(splitter.next()).toMatchObject({ text: 'one' });
  expect(splitter.next()).toBeUndefined();
  expect(splitter.last()).toMatchObject({ text: 'two', start: 4, end: 7 });
  expect(splitter.last()).toBeUndefined();
});
