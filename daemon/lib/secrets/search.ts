import { ENDS, MARK, type PatternTrie } from './pattern-trie.ts';
import { isIncomplete, isSpecial, readingsAt, utf8 } from './text-escapes.ts';

/** A part of a text, `end` excluded. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface Findings {
  /** Parts to mask, in order, without overlaps. */
  readonly spans: readonly Span[];
  /** The text contains a secret that cannot be masked safely. */
  readonly withheld: boolean;
  /** The search was stopped at its limit of steps: the text was constructed to make it slow. */
  readonly endless: boolean;
}

const NOTHING: Findings = { spans: [], withheld: false, endless: false };
/** Limit of steps of a search: steps for each character of the text, and basic steps. A branch costs several steps. */
const STEPS_PER_CHARACTER = 64;
const BASE_STEPS = 100_000;
const STEPS_PER_BRANCH = 16;
/** Characters in a row that may be skipped inside a secret. */
const MAX_SKIPPED = 32;
/** Mark at the end of a text that was truncated for people. */
const TRUNCATION_MARK = /…(?: \(\+\d+ bytes\))?$/;

/**
 * Finds the patterns of a trie in a text, with each character in any escaped form. `marks` selects patterns. With `MARK.truncated` a text that
 * ends within a pattern counts, too, because responses are truncated before the search.
 */
export function findSecrets(trie: PatternTrie, text: string, marks: number): Findings {
  let search: Search | undefined;
  const from = (start: number): void => (search ??= new Search(trie, text, marks)).from(start);
  const { length } = text;
  // Three plain characters are checked by the filter; if one of them is special, only the first byte is checked.
  let window = 0;
  let next = 0;
  for (let at = 0; at < length; at += 1) {
    const code = text.charCodeAt(at);
    if (code < 128 && isSpecial[code] === 0) {
      window = ((window << 7) | code) & 0x1fffff;
      if (at - next < 2) continue;
      if (trie.mayBegin(window)) from(next);
      next += 1;
      continue;
    }
    for (; next < at; next += 1) if (trie.beginsWith(text.charCodeAt(next))) from(next);
    if (code < 128 || trie.beginsWith(firstByte(code))) from(at);
    next = at + 1;
  }
  for (; next < length; next += 1) if (trie.beginsWith(text.charCodeAt(next))) from(next);
  return search?.findings ?? NOTHING;
}

function firstByte(unit: number): number {
  if (unit < 0x800) return 0xc0 | (unit >> 6);
  return unit >= 0xd800 && unit < 0xdc00 ? 0xf0 | ((0x10000 + ((unit - 0xd800) << 10)) >> 18) : 0xe0 | (unit >> 12);
}

/** Search in one text, from one position after another. */
class Search {
  readonly #trie: PatternTrie;
  readonly #text: string;
  readonly #marks: number;
  readonly #limit: number;
  /** States (node and position) at which the current search has branched. */
  readonly #seen = new Set<number>();
  readonly #spans: { start: number; end: number }[] = [];
  #withheld = false;
  #left: number;
  #start = 0;
  #end = -1;
  #begin = 0;

  constructor(trie: PatternTrie, text: string, marks: number) {
    this.#trie = trie;
    this.#text = text;
    this.#marks = marks;
    this.#left = text.length * STEPS_PER_CHARACTER + BASE_STEPS;
    this.#limit = (marks & MARK.truncated) === 0 ? text.length : (TRUNCATION_MARK.exec(text)?.index ?? text.length);
  }

  get findings(): Findings {
    return { spans: this.#spans, withheld: this.#withheld, endless: this.#left < 0 };
  }

  /** Follows the trie along all readings of the text from `start`. */
  from(start: number): void {
    if (this.#left < 0) return;
    this.#start = start;
    this.#begin = start;
    this.#end = -1;
    const branches: Branch[] = [];
    this.#seen.clear();
    for (let branch: Branch | undefined = { at: start, node: 0, passed: 0 }; branch; branch = branches.pop()) {
      this.#follow(branch, branches);
      if (this.#left < 0) return;
    }
    if (this.#end !== -1) this.#keep({ start: this.#begin, end: this.#end });
  }

  #follow(from: Branch, branches: Branch[]): void {
    let { at, node, passed } = from;
    for (;;) {
      if (at >= this.#limit) return this.#reachEnd(node);
      this.#left -= 1;
      const code = this.#text.charCodeAt(at);
      if (code < 128 && isSpecial[code] === 1) return this.#branch({ at, node, passed }, branches);
      if (code < 128) {
        node = this.#trie.child(node, code);
        at += 1;
      } else {
        if (isIncomplete(this.#text, at, this.#limit)) this.#reachEnd(node);
        const point = this.#text.codePointAt(at)!;
        node = this.#along(node, utf8(point));
        at += point > 0xffff ? 2 : 1;
      }
      if (node === 0) return;
      passed = 0;
      this.#arrive(node, at);
    }
  }

  /** Adds a branch for each reading of a special character, once for each state. */
  #branch({ at, node, passed }: Branch, branches: Branch[]): void {
    const state = node * (this.#text.length + 1) + at;
    if (this.#seen.has(state)) return;
    this.#seen.add(state);
    this.#left -= STEPS_PER_BRANCH;
    const code = this.#text.charCodeAt(at);
    for (const { bytes, next } of [{ bytes: [code], next: at + 1 }, ...readingsAt(this.#text, at)]) {
      if (bytes.length === 0) {
        if (node === 0 || passed >= MAX_SKIPPED) continue;
        // Second backslash of an escaped backslash at the end of the secret.
        if (code === 0x5c && this.#text.charCodeAt(at - 1) === 0x5c) this.#arrive(node, next);
        branches.push({ at: next, node, passed: passed + 1 });
        continue;
      }
      const after = this.#along(node, bytes);
      if (after === 0) continue;
      this.#arrive(after, next);
      branches.push({ at: next, node: after, passed: 0 });
    }
    if (isIncomplete(this.#text, at, this.#limit)) this.#reachEnd(node);
  }

  #along(node: number, bytes: readonly number[]): number {
    let reached = node;
    for (const byte of bytes) {
      reached = this.#trie.child(reached, byte);
      if (reached === 0) return 0;
    }
    return reached;
  }

  #arrive(node: number, end: number): void {
    const marks = this.#trie.marks(node);
    const hits = marks & this.#marks & ENDS;
    if (hits === 0) return;
    if ((hits & MARK.withheld) !== 0 || ((hits & MARK.word) !== 0 && this.#isWord(end))) this.#withheld = true;
    if ((hits & (MARK.everywhere | MARK.answers)) === 0) return;
    if ((marks & MARK.before) !== 0 && this.#isBase64(this.#start - 1)) this.#begin = this.#start - 1;
    this.#end = Math.max(this.#end, (marks & MARK.after) !== 0 && this.#isBase64(end) ? end + 1 : end);
  }

  #reachEnd(node: number): void {
    if ((this.#marks & this.#trie.marks(node) & MARK.truncated) !== 0) this.#end = Math.max(this.#end, this.#limit);
  }

  #isWord(end: number): boolean {
    const { length } = this.#text;
    return !(
      (this.#start > 0 && /[A-Za-z0-9]/.test(this.#text[this.#start - 1]!)) ||
      (end < length && /[A-Za-z0-9]/.test(this.#text[end]!))
    );
  }

  #isBase64(at: number): boolean {
    return /[A-Za-z0-9+/_-]/.test(this.#text[at] ?? '');
  }

  /** Adds a span; overlapping ones are joined, since two secrets may share a part. */
  #keep({ start, end }: Span): void {
    const last = this.#spans.at(-1);
    if (last === undefined || start > last.end) this.#spans.push({ start, end });
    else last.end = Math.max(last.end, end);
  }
}

interface Branch {
  readonly at: number;
  readonly node: number;
  /** Characters that were skipped since the last one that counted. */
  readonly passed: number;
}
