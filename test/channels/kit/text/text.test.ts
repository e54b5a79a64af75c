import * as fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { linkAddress, lookalikes, withLineBreaks } from '../../../../daemon/channels/kit/text/escape.ts';
import { loadMarkdown } from '../../../../daemon/channels/kit/text/markdown.ts';
import { plainFromHtml, plainFromMarkdown } from '../../../../daemon/channels/kit/text/plain.ts';
import {
  BYTES,
  byteLength,
  cleanText,
  CODE_POINTS,
  cutMarkup,
  cutText,
  cutToBytes,
  headOf,
  UTF16,
  wellFormed,
} from '../../../../daemon/channels/kit/text/text.ts';

beforeAll(loadMarkdown);

const short = (text: string, limit: number): string => cutText(text, limit, BYTES, () => '…');

describe('cutting by bytes', () => {
  test.each([
    ['磁盘告警', 12, '磁盘告警'],
    ['磁盘告警', 10, '磁盘…'],
    ['ab🔥cd', 6, 'ab…'],
    ['磁', 2, ''],
    ['', 0, ''],
    ['abcdef', 5, 'ab…'],
    ['a👨‍👩‍👧‍👦b', 20, 'a…'],
    ['e\u0301e\u0301', 5, '…'],
  ])('%j in %i bytes is %j', (text, limit, cut) => {
    expect(short(text, limit)).toBe(cut);
  });

  test('has the number of missing bytes if there is room for it', () => {
    const cut = cutToBytes('磁'.repeat(1000), 100);
    const [, kept, missing] = /^(磁+)… \(\+(\d+) bytes\)$/.exec(cut)!;
    expect(byteLength(kept!) + Number(missing)).toBe(3000);
  });

  test('never exceeds the limit, never splits a character, and leaves a text that fits unchanged', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), fc.integer({ min: 0, max: 400 }), (text, limit) => {
        const cut = cutToBytes(text, limit);
        expect(byteLength(cut)).toBeLessThanOrEqual(limit);
        expect(cut).toBe(wellFormed(cut));
        if (byteLength(text) <= limit) expect(cut).toBe(text);
        else expect(text.startsWith(cut.replace(/… ?(\(\+\d+ bytes\))?$/, ''))).toBe(true);
      }),
    );
  });

  test('a head is a prefix, as long as fits', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 100 }), fc.integer({ min: 0, max: 200 }), (text, bytes) => {
        const head = headOf(wellFormed(text), bytes);
        expect(wellFormed(text).startsWith(head)).toBe(true);
        expect(byteLength(head)).toBeLessThanOrEqual(bytes);
      }),
    );
  });

  test('lone surrogates become a visible sign, even where nothing is cut', () => {
    expect(cutToBytes('a\uD800b\uDC00', 100)).toBe('a\uFFFDb\uFFFD');
  });
});

describe('cutting by other units', () => {
  test.each([
    [UTF16, 'ab🔥🔥', 5, 'ab🔥'],
    [UTF16, 'ab🔥🔥', 4, 'ab'],
    [CODE_POINTS, 'ab🔥🔥', 3, 'ab'],
    [CODE_POINTS, '磁盘告警', 4, '磁盘告警'],
    [CODE_POINTS, 'a👨‍👩‍👧‍👦b', 7, 'a'],
  ] as const)('%o: %j in %i is %j', (unit, text, limit, kept) => {
    const cut = cutText(text, limit, unit, () => '…');
    expect(cut).toBe(unit.length(text) <= limit ? kept : `${kept}…`);
    expect(unit.length(cut)).toBeLessThanOrEqual(limit);
  });

  test('a cut has at most `limit` units and the number of missing ones', () => {
    const grapheme = fc.string({ unit: 'grapheme', maxLength: 300 });
    fc.assert(
      fc.property(
        fc.constantFrom(UTF16, CODE_POINTS),
        grapheme,
        fc.integer({ min: 80, max: 400 }),
        (unit, text, limit) => {
          const cut = cutText(text, limit, unit);
          expect(unit.length(cut)).toBeLessThanOrEqual(limit);
          const [, kept, missing] = /^(.*)… \(\+(\d+) characters\)$/s.exec(cut) ?? [];
          if (missing !== undefined) expect(unit.length(kept!) + Number(missing)).toBe(unit.length(wellFormed(text)));
        },
      ),
    );
  });
});

describe('cutting text with markup', () => {
  const filler = 'x'.repeat(200);

  test.each([
    ['a tag', `${filler} <font color="warning">very long text`, /<font[^>]*$/],
    ['a link', `${filler} [label](https://example.com/a/very/long/address/that/goes/on/and/on)`, /\[label/],
    ['an entity', `${filler.slice(0, 168)}&#60;&#60;&#60;&#60;&#60;&#60;&#60;&#60;&#60;&#60;`, /&#?\d*…/],
    ['an escape', `${filler.slice(0, 170)}\\*\\*\\*\\*\\*\\*\\*\\*\\*\\*\\*\\*\\*\\*\\*\\*`, /(?<!\\)(\\\\)*\\…/],
  ])('leaves no half of %s', (_, text, half) => {
    for (let limit = 170; limit < 235; limit += 1) {
      const cut = cutMarkup(text, limit);
      expect(byteLength(cut)).toBeLessThanOrEqual(limit);
      expect(cut).not.toMatch(half);
    }
  });

  test('ends at a line if that removes little more, and closes an open code fence', () => {
    const lines = Array.from({ length: 100 }, (_, index) => `line ${index}`).join('\n');
    expect(cutMarkup(lines, 300)).toMatch(/line \d+\n… \(\+\d+ bytes\)$/);
    const fenced = cutMarkup(`before\n\`\`\`\n${lines}\n\`\`\`\nafter`, 300);
    expect(fenced.match(/```/g)).toHaveLength(2);
    expect(byteLength(fenced)).toBeLessThanOrEqual(300);
  });

  test('never exceeds the limit', () => {
    const markup = fc.array(
      fc.constantFrom('**', '[', '](', ')', '<', '>', '&amp;', '\\', '\n', '```', '磁', '🔥', 'word '),
      { maxLength: 200 },
    );
    fc.assert(
      fc.property(markup, fc.integer({ min: 0, max: 500 }), (parts, limit) => {
        expect(byteLength(cutMarkup(parts.join(''), limit))).toBeLessThanOrEqual(limit);
      }),
    );
  });
});

test('control characters and characters that reverse the text after them are removed, line ends become line feeds', () => {
  expect(cleanText('a\u0000b\u0007\u001B[1m\r\nc\td\u202Egnp\u2066x\u2069')).toBe('ab[1m\nc\tdgnpx');
  expect(cleanText('שלום \u200Fא 磁')).toBe('שלום \u200Fא 磁');
});

describe('plain text from markup', () => {
  test.each([
    ['# Title\n**bold** and *it* and `code`', 'Title\nbold and it and code'],
    [
      '[docs](https://example.com/a) ![pic](https://example.com/p.png "t")',
      'docs (https://example.com/a) pic (https://example.com/p.png)',
    ],
    ['[https://example.com](https://example.com)', 'https://example.com'],
    [String.raw`a \* b \[x\] \\ snake_case __dunder__`, String.raw`a * b [x] \ snake_case dunder`],
    ['```js\nlet a;\n```\nend', 'let a;\nend'],
    ['&#60;at&#62; &amp; &lt; &unknown;', '<at> & < &unknown;'],
    ['> quote\n- item', '> quote\n- item'],
  ])('Markdown %j', (markdown, plain) => {
    expect(plainFromMarkdown(markdown)).toBe(plain);
  });

  test.each([
    ['<p>one</p><p>two<br>three</p>', 'one\ntwo\nthree'],
    ['<ul><li>a</li><li>b</li></ul>', '- a\n- b'],
    ['a &lt;b&gt; &amp; &#39;c&#39;', "a <b> & 'c'"],
    ['<a href="https://example.com/x">here</a>', 'here (https://example.com/x)'],
    ['x<script>alert(1)</script>y<style>p{}</style>z<script>open', 'xyz'],
    ['1 < 2 and 3 > 2', '1 < 2 and 3 > 2'],
  ])('HTML %j', (html, plain) => {
    expect(plainFromHtml(html)).toBe(plain);
  });

  test('text that is constructed to be slow is fast', () => {
    const nasty = [
      '['.repeat(60_000),
      '<script>'.repeat(8000),
      '\\'.repeat(60_000),
      '\n'.repeat(60_000),
      ' '.repeat(60_000),
      `[a](${'x'.repeat(60_000)}`,
      '<a href="'.repeat(7000),
      '_ '.repeat(30_000),
    ];
    for (const text of nasty) {
      expect(plainFromMarkdown(text).length).toBeLessThan(70_000);
      expect(plainFromHtml(text).length).toBeLessThan(70_000);
      expect(cutMarkup(text, 4096).length).toBeLessThanOrEqual(4096);
      expect(lookalikes(text)).toHaveLength(text.length);
      expect(cleanText(text)).toHaveLength(text.length);
    }
  });
});

test('lookalikes leave nothing that could begin markup', () => {
  const harmless = lookalikes('<@all> [x](y) **b** `c` | \n# h\n> q\n a > b &lt;@all&gt; & c');
  expect(harmless).not.toMatch(/[<[\]*`|]|^\s*[#>]|&\w+;/m);
  expect(harmless).toContain('a > b');
  expect(harmless).toContain('& c');
});

test('lookalikes leave no line that draws a rule or makes a heading of the line before it', () => {
  for (const line of ['---', '=', '- - -', ' ___ '])
    expect(lookalikes(`a\n${line}\nb`)).not.toMatch(/^\s*(?:[-_](?:\s*[-_])*|=+)\s*$/m);
  expect(lookalikes('- one\n__init__\na = b')).toBe('- one\n__init__\na = b');
});

test('each line of a value from Windows ends once', () => {
  expect(withLineBreaks('a\r\nb\nc')).toBe('a  \nb  \nc');
});

test('only http and https addresses become links, with nothing in them that ends the link', () => {
  expect(linkAddress('https://example.com/a(b)?q=[1]|2')).toBe('https://example.com/a%28b%29?q=%5B1%5D%7C2');
  for (const bad of ['javascript:alert(1)', 'data:text/html,x', 'file:///etc/passwd', '/path', '', 'dingtalk://x']) {
    expect(linkAddress(bad)).toBeUndefined();
  }
});
