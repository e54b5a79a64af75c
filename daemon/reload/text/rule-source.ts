import type { Lines } from './locate.ts';
import { maskRuleLine, type Range } from './mask.ts';

/** A rule as it is written in a file. */
export interface RuleSource {
  readonly name: string;
  readonly file: string;
  /** The parsed entry, with references as written. */
  readonly entry: Readonly<Record<string, unknown>>;
  /** Line at which the entry begins, from 1. */
  readonly line: number;
  /** Its lines with their comments, with secrets masked. */
  readonly text: RuleText;
}

export interface RuleText {
  /** Number of the first line: that of a comment directly above the rule, if there is one. */
  readonly line: number;
  readonly text: string;
}

/** Rules of one version as written, in the order of the files. */
export class RuleSources {
  readonly #files: Iterable<{ readonly ruleSources: readonly RuleSource[] }>;
  #list: readonly RuleSource[] | undefined;
  #byName: ReadonlyMap<string, RuleSource> | undefined;

  constructor(files: Iterable<{ readonly ruleSources: readonly RuleSource[] }>) {
    this.#files = files;
  }

  get list(): readonly RuleSource[] {
    this.#list ??= [...this.#files].flatMap(({ ruleSources }) => ruleSources);
    return this.#list;
  }

  get(name: string): RuleSource | undefined {
    this.#byName ??= new Map(this.list.map((source) => [source.name, source]));
    return this.#byName.get(name);
  }
}

/** A file in which a rule is written. */
export interface WrittenIn {
  readonly text: string;
  readonly lines: Lines;
  /** Parts that must not be shown. */
  readonly masked: readonly Range[];
}

/** Line at which an entry of `rules:` begins. `range` may begin behind its dash, also on the next line. */
export function lineOfEntry({ text, lines }: Pick<WrittenIn, 'text' | 'lines'>, range: Range): number {
  const dash = /-\s*$/.exec(text.slice(lines.start(Math.max(1, lines.position(range.start).line - 1)), range.start));
  return lines.position(dash === null ? range.start : range.start - dash[0].length).line;
}

/** Text of an entry of `rules:`: whole lines, with the comments directly above it and those that are indented below it. */
export function textOfEntry(written: WrittenIn, range: Range): RuleText {
  const { text, lines, masked } = written;
  const first = lineOfEntry(written, range);
  const indent = /^ *(?=- )|^ *(?=-$)/.exec(lines.line(first) ?? '')?.[0].length;
  const end = range.start + text.slice(range.start, range.end).trimEnd().length;
  let last = lines.position(Math.max(range.start, end - 1)).line;
  if (indent === undefined) return { line: first, text: shown(lines, first, last, masked) };
  const depthOfComment = (number: number): number => /^( *)#/.exec(lines.line(number) ?? '')?.[1]!.length ?? -1;
  const isBlank = (number: number): boolean => lines.line(number)?.trim() === '';
  while (last > first && (isBlank(last) || (depthOfComment(last) >= 0 && depthOfComment(last) <= indent))) last -= 1;
  for (let next = last + 1; isBlank(next) || depthOfComment(next) > indent; next += 1) if (!isBlank(next)) last = next;
  let begin = first;
  while (depthOfComment(begin - 1) >= 0 && depthOfComment(begin - 1) <= indent) begin -= 1;
  return { line: begin, text: shown(lines, begin, last, masked) };
}

function shown(lines: Lines, first: number, last: number, masked: readonly Range[]): string {
  const near = masked.filter(({ start, end }) => end > lines.start(first) && start < lines.start(last + 1));
  const numbers = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  return numbers.map((number) => `${maskRuleLine(lines, number, near)}\n`).join('');
}
