import type { Issue } from './convert.ts';

/** Edits that repair one mistake, and the issue to report for it. */
export interface Repair {
  readonly edits: readonly Edit[];
  readonly issue: Issue;
}

/** Replaces the characters from `start` to `end`. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
}

/** Part of a line that is one value, or was intended as one. */
interface Value {
  readonly start: number;
  readonly text: string;
}

type Finder = (text: string, issue: Issue) => readonly Repair[];

/** Possible repairs of a text that does not parse, the likeliest first. Parsing the repaired text shows whether one works. */
export function repairsFor(text: string, issue: Issue): readonly Repair[] {
  return FINDERS.flatMap((find) => find(text, issue));
}

const MAX_LINE = 2000;
const MAX_LINES_BACK = 2000;

function lineAt(text: string, offset: number): Value {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  const end = text.indexOf('\n', offset);
  return { start, text: text.slice(start, end < 0 ? undefined : end).replace(/\r$/, '') };
}

/** Tabs in the indentation of any line: one issue, at the first of them. */
function tabs(text: string, { offset, code }: Issue): readonly Repair[] {
  const line = lineAt(text, offset);
  const isIndented = /^ *\t/.test(line.text);
  if (code !== 'yaml.tab' && !isIndented) return [];
  const lines = [...text.matchAll(/^ *\t[ \t]*/gm)];
  const first = line.start + Math.max(0, line.text.indexOf('\t'));
  const issue = { offset: first, code: 'yaml.tab', message: 'a tab cannot indent', mend: 'use spaces' };
  return [2, 4, 8].map((width) => ({
    issue,
    edits: lines.map(({ index, 0: indentation }) => ({
      start: index,
      end: index + indentation.length,
      replacement: indentation.replaceAll('\t', ' '.repeat(width)),
    })),
  }));
}

const VALUE_IN_QUOTES = /(?:^|[:,[{-]\s+|[[{])(["'])/g;

/** A quote that is opened on a line and not closed on it. The parser reports it many lines below. */
function openQuotes(text: string, { offset }: Issue): readonly Repair[] {
  const found: Repair[] = [];
  let line = lineAt(text, offset);
  for (let back = 0; back < MAX_LINES_BACK; back += 1) {
    const start = openQuoteIn(line.text);
    if (start !== undefined) found.unshift(closing(line, start));
    if (line.start === 0) break;
    line = lineAt(text, line.start - 1);
  }
  return found;
}

function openQuoteIn(line: string): number | undefined {
  if (line.length > MAX_LINE) return undefined;
  VALUE_IN_QUOTES.lastIndex = 0;
  for (let match = VALUE_IN_QUOTES.exec(line); match !== null; match = VALUE_IN_QUOTES.exec(line)) {
    const start = match.index + match[0].length - 1;
    const rest = line.slice(start);
    const whole = (match[1] === '"' ? /^"(?:[^"\\]|\\.)*"/ : /^'(?:[^']|'')*'/).exec(rest);
    if (whole === null) return start;
    VALUE_IN_QUOTES.lastIndex = start + whole[0].length;
  }
  return undefined;
}

function closing(line: Value, start: number): Repair {
  const quote = line.text[start]!;
  const end = line.start + line.text.trimEnd().length;
  return {
    edits: [{ start: end, end, replacement: quote }],
    issue: {
      offset: line.start + start,
      code: 'yaml.quote',
      message: 'this quote is not closed on its line',
      mend: `put a \`${quote}\` at the end of the text`,
    },
  };
}

const ESCAPE = /\\(?:[0abtnvfre "/\\N_LP]|x[\da-f]{2}|u[\da-f]{4}|U[\da-f]{8})|\\/gi;

/** Backslashes of an expression or a Windows path in double quotes. */
function escapes(text: string, { offset, code }: Issue): readonly Repair[] {
  if (code !== 'yaml.escape') return [];
  const line = lineAt(text, offset);
  const values = [...line.text.matchAll(/"(?:[^"\\]|\\.)*"/g)];
  const value = values.find(
    ({ index, 0: { length } }) => index <= offset - line.start && offset - line.start < index + length,
  );
  if (value === undefined) return [];
  const edits = [...value[0].matchAll(ESCAPE)]
    .filter(([escape]) => escape === '\\')
    .map(({ index }) => ({
      start: line.start + value.index + index,
      end: line.start + value.index + index,
      replacement: '\\',
    }));
  const message = 'double quotes do not know this escape';
  const mend = String.raw`write each backslash as \\, or use single quotes`;
  return [{ edits, issue: { offset, code, message, mend } }];
}

const MAX_COMMENT_LINES_BACK = 50;

/** A `#` directly before a word where a value is expected: the rest of the line, with its brackets, is a comment. */
function comments(text: string, { offset, code }: Issue): readonly Repair[] {
  if (!QUOTABLE.has(code)) return [];
  const found: Repair[] = [];
  let line = lineAt(text, offset);
  for (let back = 0; back < MAX_COMMENT_LINES_BACK; back += 1) {
    const match = line.text.length > MAX_LINE ? null : /[:,[]\s+(#[^\s,}\]][^,}\]]*)/.exec(line.text);
    if (match !== null) found.push(commented(line, match.index + match[0].indexOf('#'), match[1]!.trimEnd()));
    if (line.start === 0) break;
    line = lineAt(text, line.start - 1);
  }
  return found;
}

function commented(line: Value, start: number, text: string): Repair {
  const { replacement, mend } = quoted(text);
  const offset = line.start + start;
  return {
    edits: [{ start: offset, end: offset + text.length, replacement }],
    issue: { offset, code: 'yaml.comment', message: 'a comment begins here, not a text', mend },
  };
}

const KEY = /^\s*(?:- +)*(?:"[^"]*"|'[^']*'|[^\s#:{}[\],&*!|>'"%@`-][^:#]*?) *:[ \t]+/;
const DASH = /^\s*(?:- +)+/;

/** Text without quotes that YAML does not read as text. */
function unquoted(text: string, issue: Issue): readonly Repair[] {
  if (!QUOTABLE.has(issue.code)) return [];
  const line = lineAt(text, issue.offset);
  if (line.text.length > MAX_LINE) return [];
  const begin = (KEY.exec(line.text) ?? DASH.exec(line.text))?.[0].length;
  if (begin === undefined) return [];
  const whole = withoutComment(line.text.slice(begin));
  const inside = /^(?:\{(?![{%])|\[)/.test(whole) || /^\s*(?:- +)*[{[]/.test(line.text) ? flowValues(line.text) : [];
  const values = [...inside, { start: begin, text: whole }].map((value) => ({
    ...value,
    start: value.start + line.start,
  }));
  return values.filter(isQuotable).map((value) => quoting(value, issue));
}

const QUOTABLE: ReadonlySet<string> = new Set(
  ['syntax', 'alias', 'tag', 'key', 'quote', 'indent', 'anchor'].map((code) => `yaml.${code}`),
);

const withoutComment = (text: string): string => text.replace(/\s+#(?:\s.*)?$/, '').trimEnd();

/** Test for a text that quotes may repair: not a plain word, not quoted, not after a quote that is still open. */
const isQuotable = ({ text }: Value): boolean =>
  text !== '' && !/^(?:"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|"(?:[^"\\]|\\.)*|'(?:[^']|'')*|[\w./-]+)$/.test(text);

/** Parts of a line between brackets, commas and colons; templates and quoted texts stay whole. */
function flowValues(line: string): readonly Value[] {
  const values: Value[] = [];
  let start = 0;
  const take = (end: number): void => {
    const part = line.slice(start, end);
    const key = /^\s*(?:"[^"]*"|'[^']*'|[^\s:"'][^:]*?) *:\s+/.exec(part)?.[0] ?? /^\s*/.exec(part)![0];
    values.push({ start: start + key.length, text: part.slice(key.length).trim() });
  };
  for (const match of line.matchAll(/\{\{.*?\}\}|\{%.*?%\}|"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[{}[\],]/g)) {
    if (match[0].length > 1) continue;
    take(match.index);
    start = match.index + 1;
  }
  take(line.length);
  return values;
}

function quoting(value: Value, issue: Issue): Repair {
  const { start, text } = value;
  const { replacement, mend } = quoted(text);
  const beginning = BEGINNINGS.find(([pattern]) => pattern.test(text));
  return {
    edits: [{ start, end: start + text.length, replacement }],
    issue:
      beginning === undefined
        ? { ...issue, offset: start, mend: `${issue.mend}; if it is text, ${mend}` }
        : { offset: start, code: `yaml.${beginning[1]}`, message: beginning[2], mend },
  };
}

function quoted(text: string): { readonly replacement: string; readonly mend: string } {
  if (!text.includes("'")) return { replacement: `'${text}'`, mend: "put the whole text in quotes: `'...'`" };
  if (!/["\\]/.test(text)) return { replacement: `"${text}"`, mend: 'put the whole text in quotes: `"..."`' };
  return {
    replacement: `'${text.replaceAll("'", "''")}'`,
    mend: "put the whole text in quotes, `'...'`, and write `''` for each `'` in it",
  };
}

/** Texts that begin with a character that has a meaning in YAML. A real alias, tag or anchor does not match. */
const BEGINNINGS: readonly (readonly [pattern: RegExp, code: string, message: string])[] = [
  [/^\*(?![\w-]+$)/, 'alias', 'in YAML `*` begins an alias, not text'],
  [/^!(?![\w!/-]+(?:$| ))/, 'tag', 'in YAML `!` begins a tag, not text'],
  [/^&(?![\w-]+$)/, 'anchor', 'in YAML `&` begins an anchor, not text'],
  [/^\{[{%]/, 'template', 'in YAML `{` begins a map; a template needs quotes'],
  [/^\{/, 'quote', 'in YAML `{` begins a map, and there is text after it'],
  [/^\[/, 'quote', 'in YAML `[` begins a list, and there is text after it'],
  [/^["']/, 'quote', 'there is text after the closing quote'],
  [/^[@`%,\]}]/, 'quote', 'text cannot begin with this character'],
  [/^[|>]/, 'quote', 'in YAML this begins a text on the lines below'],
  [/^[-?]\s/, 'quote', 'in YAML this begins a list or a key'],
  [/:(?:\s|$)/, 'colon', 'a colon and a space in a text without quotes begin a map'],
];

const FINDERS: readonly Finder[] = [tabs, escapes, unquoted, openQuotes, comments];
