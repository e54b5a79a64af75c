import { beforeAll, expect, test } from 'vitest';
import { htmlFromMarkdown } from '../../../../daemon/channels/kit/text/dialects.ts';
import { loadMarkdown } from '../../../../daemon/channels/kit/text/markdown.ts';
import { escapeFor } from '../../../../daemon/core/message/escape.ts';
import { HOSTILE } from '../../contract.ts';

beforeAll(loadMarkdown);

test.each([
  ['one\ntwo\n\nthree', '<p>one<br>\ntwo</p>\n<p>three</p>'],
  ['## Disk # full ##', '<h2>Disk # full</h2>'],
  [
    '**bold** and *em* and `a < b` and ~~gone~~',
    '<p><strong>bold</strong> and <em>em</em> and <code>a &lt; b</code> and <s>gone</s></p>',
  ],
  ['**注意：**请检查，“**磁盘**”已满', '<p><strong>注意：</strong>请检查，“<strong>磁盘</strong>”已满</p>'],
  ['大小 2 * 3 * 4 和 a_b_c', '<p>大小 2 * 3 * 4 和 a_b_c</p>'],
  ['snake_case_name and 2 * 3 * 4', '<p>snake_case_name and 2 * 3 * 4</p>'],
  ['- a\n- **b**\n\n1. c\n2. d', '<ul><li>a</li><li><strong>b</strong></li></ul>\n<ol><li>c</li><li>d</li></ol>'],
  ['> said\n> so', '<blockquote><p>said<br>\nso</p></blockquote>'],
  ['```sh\n<b> **not bold**\n```\nafter', '<pre><code>&lt;b&gt; **not bold**</code></pre>\n<p>after</p>'],
  ['```\nnever closed', '<pre><code>never closed</code></pre>'],
  ['a\n\n---\n\nb', '<p>a</p>\n<hr>\n<p>b</p>'],
  ['[build](https://ci.test/42)', '<p><a href="https://ci.test/42">build</a></p>'],
  ['[build](https://ci.test/a\\_b)', '<p><a href="https://ci.test/a_b">build</a></p>'],
  [
    'see https://ci.test/a\\_b?x=1\\&y=\\*.',
    '<p>see <a href="https://ci.test/a_b?x=1&amp;y=%2A">https://ci.test/a_b?x=1&amp;y=*</a>.</p>',
  ],
  ['https://ci.test/a&#95;b', '<p><a href="https://ci.test/a_b">https://ci.test/a_b</a></p>'],
  ['https://ci.test/__a__/*b*', '<p><a href="https://ci.test/__a__/%2Ab">https://ci.test/__a__/*b</a>*</p>'],
  ['see https://ci.test/42.', '<p>see <a href="https://ci.test/42">https://ci.test/42</a>.</p>'],
  ['[click](javascript:alert)', '<p>click (javascript:alert)</p>'],
  ['![x](https://evil.test/x.png)', '<p><a href="https://evil.test/x.png">x</a></p>'],
  ['<script>alert(1)</script> & "quotes"', '<p>&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;quotes&quot;</p>'],
  [String.raw`\*not em\* \# \[a\](b)`, '<p>*not em* # [a](b)</p>'],
  ['**open', '<p>**open</p>'],
  ['*a **b** c*', '<p><em>a <strong>b</strong> c</em></p>'],
])('%j', (markdown, html) => {
  expect(htmlFromMarkdown(markdown)).toBe(html);
});

test('text that is escaped for Markdown is unchanged in HTML', () => {
  const text = HOSTILE.replace(/\r/g, '')
    .replace(/\p{Cc}(?<!\n)/gu, '')
    .replaceAll('\uD800', '')
    .replaceAll('\uDC00', '');
  const html = htmlFromMarkdown(escapeFor(text, 'markdown'));
  expect(html.replace(/<a href="[^"]*">([^<]*)<\/a>/g, '$1').replace(/<br>|<\/?p>/g, '')).toBe(escapeFor(text, 'html'));
  expect(html).not.toMatch(/<(?!\/?p>|br>|\/?a\b)/);
});

test('text that is constructed to be slow is fast', () => {
  for (const piece of ['*', '_ ', '[', '`', '- a\nb\n', '```\n```\n', '![](', '\\', '**a ', '> ']) {
    expect(htmlFromMarkdown(`x${piece.repeat(65_536 / piece.length)}`).length).toBeGreaterThan(1000);
  }
});
