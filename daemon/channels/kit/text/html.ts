import { escapeFor } from '../../../core/message/escape.ts';
import { linkAddress } from './markup.ts';

/** Markdown to HTML for mail: the part of CommonMark that notifications use, and no HTML of its own. */

const text = (plain: string): string => escapeFor(plain, 'html');
const unescaped = (markdown: string): string => markdown.replace(/\\([!-/:-@[-`{-~])/g, '$1');

/** A link where the address is http or https; else what was written, as text. */
export function htmlLink(label: string, address: string): string {
  const href = linkAddress(address);
  if (href === undefined) return text(label === address ? label : `${label} (${address})`);
  return `<a href="${text(href)}">${text(label)}</a>`;
}

/** A line that begins a block of its own, with what the block is made of. */
interface Block {
  readonly begins: RegExp;
  /** Lines that go on with the block. */
  readonly goesOn: RegExp | undefined;
  render(lines: readonly string[]): string;
}

const items = (lines: readonly string[], mark: RegExp): string =>
  lines.map((line) => `<li>${inline(line.replace(mark, ''))}</li>`).join('');

const BULLET = /^ {0,3}[-*+][ \t]+/;
const NUMBER = /^ {0,3}\d{1,9}[.)][ \t]+/;
const QUOTE = /^ {0,3}> ?/;
const HEADING = /^ {0,3}(#{1,6})[ \t]+/;

const BLOCKS: readonly Block[] = [
  {
    begins: HEADING,
    goesOn: undefined,
    render([line = '']) {
      const level = HEADING.exec(line)![1]!.length;
      return `<h${level}>${inline(line.replace(HEADING, '').replace(/[ \t]+#+[ \t]*$/, ''))}</h${level}>`;
    },
  },
  { begins: /^ {0,3}(?:(?:- *){3,}|(?:\* *){3,}|(?:_ *){3,})$/, goesOn: undefined, render: () => '<hr>' },
  { begins: BULLET, goesOn: BULLET, render: (lines) => `<ul>${items(lines, BULLET)}</ul>` },
  { begins: NUMBER, goesOn: NUMBER, render: (lines) => `<ol>${items(lines, NUMBER)}</ol>` },
  {
    begins: QUOTE,
    goesOn: QUOTE,
    render: (lines) => `<blockquote>${inline(lines.map((line) => line.replace(QUOTE, '')).join('\n'))}</blockquote>`,
  },
];

const FENCE = /^ {0,3}(`{3,}|~{3,})[^`]*$/;

export function htmlFromMarkdown(markdown: string): string {
  const lines = markdown.split('\n');
  const blocks: string[] = [];
  let paragraph: string[] = [];
  const endParagraph = (): void => {
    if (paragraph.length > 0) blocks.push(`<p>${inline(paragraph.join('\n'))}</p>`);
    paragraph = [];
  };
  for (let index = 0; index < lines.length; ) {
    const line = lines[index]!;
    const fence = FENCE.exec(line)?.[1];
    const block = BLOCKS.find(({ begins }) => begins.test(line));
    if (fence === undefined && block === undefined) {
      if (line.trim() === '') endParagraph();
      else paragraph.push(line);
      index += 1;
      continue;
    }
    endParagraph();
    const end = fence === undefined ? endOf(lines, index, block!.goesOn) : endOfFence(lines, index, fence);
    const inside = lines.slice(index, end);
    blocks.push(fence === undefined ? block!.render(inside) : `<pre><code>${text(fenced(inside, fence))}</code></pre>`);
    index = end;
  }
  endParagraph();
  return blocks.join('\n');
}

function endOf(lines: readonly string[], start: number, goesOn: RegExp | undefined): number {
  let end = start + 1;
  while (end < lines.length && goesOn?.test(lines[end]!) === true) end += 1;
  return end;
}

/** Behind the closing fence; an open fence goes to the end. */
function endOfFence(lines: readonly string[], start: number, fence: string): number {
  let end = start + 1;
  while (end < lines.length && !isClosing(lines[end]!, fence)) end += 1;
  return Math.min(end + 1, lines.length);
}

const isClosing = (line: string, fence: string): boolean =>
  line.trim().startsWith(fence) && /^[`~]+$/.test(line.trim());

const fenced = (lines: readonly string[], fence: string): string =>
  lines.slice(1, isClosing(lines.at(-1)!, fence) && lines.length > 1 ? -1 : undefined).join('\n');

// Escapes come first, so that an escaped star is never taken for emphasis. No alternative can match the same text in two ways.
const INLINE =
  /\\([!-/:-@[-`{-~])|(`{1,3})(?!`)([^`]{1,2000})\2(?!`)|!?\[([^[\]\n]{0,500})\]\(([^()\s]{1,2000})\)|(\*\*|__|~~|\*|_)|(https?:\/\/[^\s<>()[\]"']{1,2000})|(\n)/g;

const MARKS: Readonly<Record<string, string>> = { '**': 'strong', __: 'strong', '~~': 's', '*': 'em', _: 'em' };

function inline(markdown: string): string {
  const open: string[] = [];
  let html = '';
  let from = 0;
  for (const match of markdown.matchAll(INLINE)) {
    const [whole, escaped, , code, label, address, mark, url, newline] = match;
    html += text(markdown.slice(from, match.index));
    from = match.index + whole.length;
    if (escaped !== undefined) html += text(escaped);
    else if (code !== undefined) html += `<code>${text(code)}</code>`;
    else if (address !== undefined) html += htmlLink(unescaped(label === '' ? address : label!), unescaped(address));
    else if (mark !== undefined) html += emphasis(mark, markdown, match.index, open);
    else if (url !== undefined) html += bareLink(url);
    else if (newline !== undefined) html += '<br>\n';
  }
  html += text(markdown.slice(from));
  return (
    html +
    open
      .reverse()
      .map((mark) => `</${MARKS[mark]}>`)
      .join('')
  );
}

/** Opens or closes a mark, or leaves it as it is written where it cannot be one. */
function emphasis(mark: string, markdown: string, at: number, open: string[]): string {
  const before = markdown[at - 1] ?? ' ';
  const after = markdown[at + mark.length] ?? ' ';
  const isInWord = mark.startsWith('_') && /\w/.test(before) && /\w/.test(after);
  if (open.includes(mark) && !isInWord && /\S/.test(before)) {
    const closed = open.splice(open.indexOf(mark)).reverse();
    return closed.map((name) => `</${MARKS[name]}>`).join('');
  }
  const canOpen = !open.includes(mark) && !isInWord && /\S/.test(after) && markdown.includes(mark, at + mark.length);
  if (!canOpen) return text(mark);
  open.push(mark);
  return `<${MARKS[mark]}>`;
}

function bareLink(url: string): string {
  const address = url.replace(/[.,;:!?*_~\\]+$/, '');
  return htmlLink(unescaped(address), unescaped(address)) + text(unescaped(url.slice(address.length)));
}
