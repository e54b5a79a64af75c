import type { Excerpt } from '../../core/problems/problem-text.ts';
import { suggest } from '../../core/problems/suggest.ts';
import type { Lines } from './locate.ts';
import { REFERENCE_KINDS } from '../references.ts';

/** Part of a file that must not be shown. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

const MASK = '***';

/** Replaces the ranges in one line by a mask. */
export function maskLine(lines: Lines, number: number, column: number, ranges: readonly Range[]): Excerpt | undefined {
  const line = lines.line(number);
  if (line === undefined) return undefined;
  const start = lines.start(number);
  const masked = ranges
    .map((range) => ({ from: Math.max(0, range.start - start), to: Math.min(line.length, range.end - start) }))
    .filter(({ from, to }) => to > from)
    .sort((a, b) => a.from - b.from);
  return maskParts(line, column, masked);
}

/**
 * Parts of a secret value that must not be shown: all except its references and the quotes around it. A reference does not contain
 * the secret, but a default in it is a secret too.
 */
export function writtenParts(text: string, { start, end }: Range): readonly Range[] {
  const value = text.slice(start, end);
  const quoted = /^(["'])[^]*\1$/.test(value) ? 1 : 0;
  const parts: Range[] = [];
  let at = start + quoted;
  for (const match of value.matchAll(REFERENCE)) {
    const { name, fallback = '', whole } = match.groups!;
    const isWhole = whole !== undefined && match[0].length === value.length - 2 * quoted;
    if (!isWhole && (name === undefined || !isLikeKind(name))) continue;
    const from = start + match.index;
    const close = from + match[0].length - 1;
    parts.push({ start: at, end: from }, { start: close - fallback.length, end: close });
    at = close + 1;
  }
  if (parts.length === 0) return [{ start, end }];
  return [...parts, { start: at, end: end - quoted }].filter((part) => part.end > part.start);
}

/** Reference as written in a file: `${kind:rest}` or `${NAME}`; `$${` does not begin one. */
const REFERENCE = /(?<!\$)\$\{(?:(?<name>[a-z]+):[^{}\n]*?(?::-(?<fallback>[^{}\n]*))?|(?<whole>[A-Za-z_]\w*))\}/g;

const isLikeKind = (name: string): boolean =>
  REFERENCE_KINDS.includes(name) || suggest(name, REFERENCE_KINDS) !== undefined;

/** Masks a line of a file that could not be parsed. Its values are not known, so the context decides which parts may be secrets. */
export function maskSuspicious(lines: Lines, number: number, column: number): Excerpt | undefined {
  const line = lines.line(number);
  if (line === undefined) return undefined;
  const indent = /^\s*/.exec(line)![0].length;
  const values = isInRules(lines, number)
    ? valuesIn(line, CREDENTIALS)
    : isBelowSecret(lines, number)
      ? [{ start: indent, end: line.length }]
      : valuesIn(line, SUSPICIOUS);
  const masked = values
    .filter(({ start, end }) => line.slice(start, end).trim() !== '')
    .flatMap((value) => writtenParts(line, value))
    .map(({ start, end }) => ({ from: start, to: end }))
    .sort((a, b) => a.from - b.from);
  return maskParts(line, column, masked);
}

/** Removes a comment from a line, whose text is not known to be free of secrets. */
export function withoutComment({ text, column }: Excerpt): Excerpt {
  return { text: text.slice(0, COMMENT.exec(text)?.index), column };
}

function valuesIn(line: string, patterns: readonly RegExp[]): Range[] {
  return patterns
    .flatMap((pattern) => [...line.matchAll(pattern)])
    .map((match) => {
      const end = match.index + match[0].length;
      return { start: end - match.groups!.value!.length, end };
    });
}

const SECRET_NAME =
  /(?:key|keys|token|tokens|secret|password|passwd|pass|pwd|credentials?|auth|authorization|bearer|basic|hmac|github|gitlab|slack|stripe|standard_webhooks|dkim|sign|verify|url|urls)["']?\s*:/
    .source;

/** In `channels`, `sources` and `daemon`: values of names that often hold a secret, addresses, and random-looking texts. */
const SUSPICIOUS: readonly RegExp[] = [
  new RegExp(String.raw`${SECRET_NAME}\s*(?<value>[^\s#].*)$`, 'gi'),
  /(?<value>[a-z][a-z0-9+.-]*:\/\/\S+)/gi,
  /(?<value>(?=[^\s]*\d)(?=[^\s]*[A-Za-z])[A-Za-z0-9_+/=.-]{16,})/g,
];

/** In rules, where no setting is a secret: only texts with the form of a secret, such as a login in an address or a token of a known provider. */
const CREDENTIALS: readonly RegExp[] = [
  /:\/\/(?<value>[^\s/?#]*)(?=@)/g,
  /\b(?<value>(?:whsec_|gh[a-z]_|github_pat_|glpat-|xox[a-z]-|sk[-_]|AKIA|eyJ)[\w+/=.-]{8,})/g,
];

/** Default of a reference, which stands for a secret. */
const REFERENCE_DEFAULT = /(?<!\$)\$\{[a-z]+:[^{}\n]*?:-(?<value>[^{}\n]+)(?=\})/g;
const COMMENT = /(?:^|\s)#/;
/** In comments: the value after a name that often holds a secret, an address from its login on, and random-looking texts. */
const IN_COMMENTS: readonly RegExp[] = [
  new RegExp(String.raw`${SECRET_NAME}\s*(?<value>\S.*)$`, 'gi'),
  /:\/\/(?<value>[^\s/?#@]*@\S*)/g,
  /(?<value>(?=[A-Za-z_+=-]*\d)(?=[\d_+=-]*[A-Za-z])[A-Za-z0-9_+=-]{20,})/g,
];

/** Masks a line of a rule. No setting of a rule is a secret, so the form of a text decides besides the ranges, and in a comment the name before it. */
export function maskRuleLine(lines: Lines, number: number, ranges: readonly Range[]): string {
  const line = lines.line(number) ?? '';
  const comment = COMMENT.exec(line)?.index ?? line.length;
  const found = [
    ...valuesIn(line, [...CREDENTIALS, REFERENCE_DEFAULT]),
    ...valuesIn(line.slice(comment), IN_COMMENTS).map((value) => shifted(value, comment)),
  ];
  const start = lines.start(number);
  const all = [...ranges, ...found.map((value) => shifted(value, start))];
  return maskLine(lines, number, 1, all)?.text ?? '';
}

/** Masks a text from a rule, such as its condition, without its place in the file. */
export function maskRuleText(text: string): string {
  const found = valuesIn(text, [...CREDENTIALS, REFERENCE_DEFAULT]).map(({ start, end }) => ({ from: start, to: end }));
  return maskParts(
    text,
    1,
    found.sort((a, b) => a.from - b.from),
  ).text;
}

function shifted({ start, end }: Range, by: number): Range {
  return { start: start + by, end: end + by };
}

const WITHOUT_SECRETS = /^["']?(?:rules|defaults|hours|silences)["']?\s*:\s*(?:#.*)?$/;
const WITH_SECRETS = /^[\s-]*["']?(?:channels|sources|daemon|tokens)["']?\s*:/;

/** Test for a line in a section without secret settings; false when in doubt. */
export function isInRules(lines: Lines, number: number): boolean {
  for (let above = number; above > 0; above -= 1) {
    const line = lines.line(above)!;
    if (WITHOUT_SECRETS.test(line)) return true;
    if (WITH_SECRETS.test(line)) return false;
  }
  return false;
}

const SECRET_OWNER = new RegExp(SECRET_NAME, 'i');

/** Test for a line that continues the value of a name that often holds a secret, or is an entry of it. */
function isBelowSecret(lines: Lines, number: number): boolean {
  const depthOf = (line: string): number => /^\s*/.exec(line)![0].length;
  let depth = depthOf(lines.line(number)!) + (/^\s*- /.test(lines.line(number)!) ? 1 : 0);
  for (let above = number - 1; above > 0 && depth > 0; above -= 1) {
    const line = lines.line(above)!;
    if (line.trim() === '' || depthOf(line) >= depth) continue;
    if (SECRET_OWNER.test(line)) return true;
    depth = depthOf(line);
  }
  return false;
}

function maskParts(
  line: string,
  column: number,
  parts: readonly { readonly from: number; readonly to: number }[],
): Excerpt {
  let text = '';
  let at = 0;
  let shownColumn = column;
  for (const { from, to } of parts) {
    if (to <= at) continue;
    const begin = Math.max(from, at);
    text += line.slice(at, begin) + (from >= at ? MASK : '');
    if (column - 1 >= to) shownColumn += (from >= at ? MASK.length : 0) - (to - begin);
    else if (column - 1 > begin) shownColumn -= column - 1 - begin;
    at = to;
  }
  return { text: text + line.slice(at), column: shownColumn };
}
