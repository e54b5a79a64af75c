import { isObject } from '../../core/values/json.ts';
import { segmentsOf } from '../../core/values/pointer.ts';
import type { Issue, Spot } from './convert.ts';
import { type Cut, cutAtEntries, type Piece } from './split.ts';
import { type FoundSpot, spotBelow, spotOf } from '../locate.ts';
import { parseAside } from './parse-in-worker.ts';
import { type Parsed, parseYaml } from './parse.ts';
import { turns } from './time-slice.ts';

/** A file as data, or what is wrong with its text. */
export type ParsedText =
  | {
      readonly ok: true;
      readonly data: unknown;
      readonly spotOf: (pointer: string) => FoundSpot;
      /** What was parsed by itself, by its text: it need not be parsed again while it stays as it is. */
      readonly entries: ReadonlyMap<string, unknown>;
    }
  | { readonly ok: false; readonly issues: readonly Issue[] };

/** Parses a file; the entries of its `rules:` each by itself if it can, and only those that are not `known`. */
export async function parseFile(text: string, known?: ReadonlyMap<string, unknown>): Promise<ParsedText> {
  return (await parseInPieces(text, known)) ?? wholeOf(await parseAside(text));
}

/** Undefined when the file cannot be cut: then only as a whole it tells what it says, or what is wrong with it. */
export async function parseInPieces(
  text: string,
  known: ReadonlyMap<string, unknown> = new Map(),
): Promise<ParsedText | undefined> {
  const cut = cutAtEntries(text);
  return cut && (await parseCut(cut, known));
}

function wholeOf(parsed: Parsed): ParsedText {
  if (!parsed.ok) return parsed;
  const { data, spots } = parsed;
  return { ok: true, data, spotOf: (pointer) => spotOf(spots, pointer), entries: new Map() };
}

async function parseCut(cut: Cut, known: ReadonlyMap<string, unknown>): Promise<ParsedText | undefined> {
  const frame = await frameOf(cut);
  if (frame === undefined) return undefined;
  const entries = await parseEntries(cut.entries, known);
  if (entries === undefined) return undefined;
  const { head, tail } = frame;
  const rules = [...head.data.rules, ...cut.entries.map(({ text }) => entries.get(text))];
  const places = new Places(cut, head.spots, tail.spots);
  return {
    ok: true,
    data: { ...head.data, rules, ...tail.data },
    spotOf: (pointer) => places.spotOf(pointer),
    entries,
  };
}

/** The entries by their texts. Undefined when one is not whole, or has to do with the others by an alias. */
async function parseEntries(
  pieces: readonly Piece[],
  known: ReadonlyMap<string, unknown>,
): Promise<ReadonlyMap<string, unknown> | undefined> {
  const entries = new Map<string, unknown>();
  const turn = turns();
  for (const { text } of pieces) {
    const parsed = known.has(text) ? { item: known.get(text) } : parseEntry(text);
    if (parsed === undefined) return undefined;
    entries.set(text, parsed.item);
    await turn();
  }
  return entries;
}

/** The list that an entry stands in stands in the file. */
const ENTRY_DEPTH = 1;

function parseEntry(text: string): { readonly item: unknown } | undefined {
  const parsed = parseYaml(text, ENTRY_DEPTH);
  const alone = parsed.ok && parsed.aliased === 0 && Array.isArray(parsed.data) && parsed.data.length === 1;
  return alone ? { item: (parsed.data as readonly unknown[])[0] } : undefined;
}

interface Section<T> {
  readonly data: T;
  readonly spots: Spot;
}

interface Frame {
  readonly head: Section<Readonly<Record<string, unknown>> & { readonly rules: readonly unknown[] }>;
  readonly tail: Section<Readonly<Record<string, unknown>>>;
}

const NO_TAIL = { data: {}, spots: { key: 0, start: 0, end: 0 } };

/** What stands around the entries. The head must end with the first entry of the very `rules` at which the file was cut. */
async function frameOf(cut: Cut): Promise<Frame | undefined> {
  const head = sectionOf(await parseAside(cut.head.text));
  const tail = cut.tail.text === '' ? NO_TAIL : sectionOf(await parseAside(cut.tail.text));
  if (head === undefined || tail === undefined) return undefined;
  const { rules } = head.data;
  const last = Object.keys(head.data).at(-1) === 'rules' && head.spots.children?.get('rules')?.key === cut.at;
  const again = Object.keys(tail.data).some((name) => Object.hasOwn(head.data, name));
  if (!last || again || !Array.isArray(rules) || rules.length !== 1) return undefined;
  return { head: { data: { ...head.data, rules }, spots: head.spots }, tail };
}

function sectionOf(parsed: Parsed): Frame['tail'] | undefined {
  if (!parsed.ok || parsed.aliased > 0 || !isObject(parsed.data)) return undefined;
  return { data: parsed.data, spots: parsed.spots };
}

/** Where things stand in a file that was cut. Few ever ask, so the entry in question is parsed again rather than remembered. */
class Places {
  readonly #cut: Cut;
  readonly #head: Spot;
  readonly #tail: Spot;
  readonly #entries = new Map<Piece, Spot>();

  constructor(cut: Cut, head: Spot, tail: Spot) {
    this.#cut = cut;
    this.#head = head;
    this.#tail = tail;
  }

  spotOf(pointer: string): FoundSpot {
    const [section, index, ...rest] = segmentsOf(pointer);
    const { entries, tail } = this.#cut;
    const entry = section === 'rules' && /^[1-9]\d*$/.test(index ?? '') ? entries[Number(index) - 1] : undefined;
    if (entry !== undefined) return shifted(spotBelow(this.#spotsOf(entry), ['0', ...rest]), entry.offset);
    const below = section !== undefined && this.#tail.children?.has(section) === true;
    return below ? shifted(spotOf(this.#tail, pointer), tail.offset) : spotOf(this.#head, pointer);
  }

  #spotsOf(entry: Piece): Spot {
    const known = this.#entries.get(entry);
    if (known !== undefined) return known;
    const parsed = parseYaml(entry.text, ENTRY_DEPTH);
    if (!parsed.ok) throw new Error('an entry that was parsed before does not parse now');
    this.#entries.set(entry, parsed.spots);
    return parsed.spots;
  }
}

function shifted({ spot, exact }: FoundSpot, by: number): FoundSpot {
  return { spot: { ...spot, key: spot.key + by, start: spot.start + by, end: spot.end + by }, exact };
}
