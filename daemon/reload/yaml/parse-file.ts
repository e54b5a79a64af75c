import { isObject } from '../../core/values/json.ts';
import { joinPointer, segmentsOf } from '../../core/values/pointer.ts';
import type { Issue, SourceRange } from './convert.ts';
import { type SplitText, splitAtEntries, type Piece } from './split.ts';
import { type FoundRange, rangeBelow, rangeOf } from '../text/locate.ts';
import { parseText } from './parse-in-worker.ts';
import { type Parsed, parseYaml } from './parse.ts';
import { timeSlices } from './time-slice.ts';

/** A parsed file, or the issues of its text. */
export type ParsedText =
  | {
      readonly ok: true;
      readonly data: unknown;
      readonly rangeOf: (pointer: string) => FoundRange;
      /** Range of an entry of `rules:`, without parsing it again; it may include the lines up to the next entry. */
      readonly rangeOfRule: (index: number) => Pick<SourceRange, 'start' | 'end'>;
      /** Entries that were parsed alone, by their text: an entry with the same text is not parsed again. */
      readonly entries: ReadonlyMap<string, unknown>;
    }
  | { readonly ok: false; readonly issues: readonly Issue[] };

/** Parses a file. Parses each entry of `rules:` alone where possible, and only entries that are not `known`. */
export async function parseFile(text: string, known?: ReadonlyMap<string, unknown>): Promise<ParsedText> {
  return (await parseInPieces(text, known)) ?? wholeOf(await parseText(text));
}

/** Undefined when the file cannot be split. It is then parsed as a whole, which also finds its errors. */
export async function parseInPieces(
  text: string,
  known: ReadonlyMap<string, unknown> = new Map(),
): Promise<ParsedText | undefined> {
  const split = splitAtEntries(text);
  return split && (await parseSplit(split, known));
}

function wholeOf(parsed: Parsed): ParsedText {
  if (!parsed.ok) return parsed;
  const { data, ranges } = parsed;
  const found = (pointer: string): FoundRange => rangeOf(ranges, pointer);
  const rangeOfRule = (index: number): SourceRange => found(joinPointer('/rules', index)).range;
  return { ok: true, data, rangeOf: found, rangeOfRule, entries: new Map() };
}

async function parseSplit(split: SplitText, known: ReadonlyMap<string, unknown>): Promise<ParsedText | undefined> {
  const frame = await frameOf(split);
  if (frame === undefined) return undefined;
  const entries = await parseEntries(split.entries, known);
  if (entries === undefined) return undefined;
  const { head, tail } = frame;
  const rules = [...head.data.rules, ...split.entries.map(({ text }) => entries.get(text))];
  const splitRanges = new SplitRanges(split, head.ranges, tail.ranges);
  return {
    ok: true,
    data: { ...head.data, rules, ...tail.data },
    rangeOf: (pointer) => splitRanges.rangeOf(pointer),
    rangeOfRule: (index) => splitRanges.rangeOfRule(index),
    entries,
  };
}

/** Parsed entries by their texts. Undefined when an entry does not parse alone, or has an alias to another one. */
async function parseEntries(
  pieces: readonly Piece[],
  known: ReadonlyMap<string, unknown>,
): Promise<ReadonlyMap<string, unknown> | undefined> {
  const entries = new Map<string, unknown>();
  const yieldIfDue = timeSlices();
  for (const { text } of pieces) {
    const parsed = known.has(text) ? { item: known.get(text) } : parseEntry(text);
    if (parsed === undefined) return undefined;
    entries.set(text, parsed.item);
    await yieldIfDue();
  }
  return entries;
}

/** Depth of an entry in the file. */
const ENTRY_DEPTH = 1;

function parseEntry(text: string): { readonly item: unknown } | undefined {
  const parsed = parseYaml(text, ENTRY_DEPTH);
  const alone = parsed.ok && parsed.aliased === 0 && Array.isArray(parsed.data) && parsed.data.length === 1;
  return alone ? { item: (parsed.data as readonly unknown[])[0] } : undefined;
}

interface Section<T> {
  readonly data: T;
  readonly ranges: SourceRange;
}

interface Frame {
  readonly head: Section<Readonly<Record<string, unknown>> & { readonly rules: readonly unknown[] }>;
  readonly tail: Section<Readonly<Record<string, unknown>>>;
}

const NO_TAIL = { data: {}, ranges: { key: 0, start: 0, end: 0 } };

/** Parts before and after the entries. The head must end with the first entry of the `rules` at which the file was split. */
async function frameOf(split: SplitText): Promise<Frame | undefined> {
  const head = sectionOf(await parseText(split.head.text));
  const tail = split.tail.text === '' ? NO_TAIL : sectionOf(await parseText(split.tail.text));
  if (head === undefined || tail === undefined) return undefined;
  const { rules } = head.data;
  const last = Object.keys(head.data).at(-1) === 'rules' && head.ranges.children?.get('rules')?.key === split.at;
  const again = Object.keys(tail.data).some((name) => Object.hasOwn(head.data, name));
  if (!last || again || !Array.isArray(rules) || rules.length !== 1) return undefined;
  return { head: { data: { ...head.data, rules }, ranges: head.ranges }, tail };
}

function sectionOf(parsed: Parsed): Frame['tail'] | undefined {
  if (!parsed.ok || parsed.aliased > 0 || !isObject(parsed.data)) return undefined;
  return { data: parsed.data, ranges: parsed.ranges };
}

/** Ranges in a file that was split. Ranges are seldom needed, so those of an entry are computed on demand, by parsing it again. */
class SplitRanges {
  readonly #split: SplitText;
  readonly #head: SourceRange;
  readonly #tail: SourceRange;
  readonly #entries = new Map<Piece, SourceRange>();

  constructor(split: SplitText, head: SourceRange, tail: SourceRange) {
    this.#split = split;
    this.#head = head;
    this.#tail = tail;
  }

  rangeOf(pointer: string): FoundRange {
    const [section, index, ...rest] = segmentsOf(pointer);
    const { entries, tail } = this.#split;
    const entry = section === 'rules' && /^[1-9]\d*$/.test(index ?? '') ? entries[Number(index) - 1] : undefined;
    if (entry !== undefined) return shifted(rangeBelow(this.#rangesOf(entry), ['0', ...rest]), entry.offset);
    const below = section !== undefined && this.#tail.children?.has(section) === true;
    return below ? shifted(rangeOf(this.#tail, pointer), tail.offset) : rangeOf(this.#head, pointer);
  }

  rangeOfRule(index: number): Pick<SourceRange, 'start' | 'end'> {
    const entry = this.#split.entries[index - 1];
    if (entry === undefined) return this.rangeOf(joinPointer('/rules', index)).range;
    const start = entry.offset + entry.text.search(/\S/);
    return { start, end: entry.offset + entry.text.length };
  }

  #rangesOf(entry: Piece): SourceRange {
    const known = this.#entries.get(entry);
    if (known !== undefined) return known;
    const parsed = parseYaml(entry.text, ENTRY_DEPTH);
    if (!parsed.ok) throw new Error('an entry that was parsed before does not parse now');
    this.#entries.set(entry, parsed.ranges);
    return parsed.ranges;
  }
}

function shifted({ range, exact }: FoundRange, by: number): FoundRange {
  return { range: { ...range, key: range.key + by, start: range.start + by, end: range.end + by }, exact };
}
