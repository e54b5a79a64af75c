/** Part of a text. */
export interface Piece {
  readonly offset: number;
  readonly text: string;
}

/** A rules file, split where the entries of `rules:` begin. */
export interface SplitText {
  /** Offset of the key `rules`. */
  readonly at: number;
  /** The text up to the end of the first entry, which sets the indentation of the others. */
  readonly head: Piece;
  /** The other entries, each with its line ends. */
  readonly entries: readonly Piece[];
  /** The sections after `rules:`. */
  readonly tail: Piece;
}

const RULES = /^rules:[ \t]*(?:#.*)?\r?\n/m;
/** A larger file is not split: splitting it, and parsing one entry, must fit in a time slice. */
const MAX_ENTRIES = 100_000;
const MAX_ENTRY_CHARACTERS = 16 * 1024;
const SECTION = /^[A-Za-z_]\w*:\s/;

/**
 * Splits a file so that each entry can be parsed alone, and an unchanged entry is not parsed again. Undefined when the text does
 * not look like a list of entries. The split looks only at indentation, so a quote or a bracket may be open at the end of a piece.
 * Such a piece does not parse. When every piece parses, the pieces together have the same content as the file.
 */
export function splitAtEntries(text: string): SplitText | undefined {
  const rules = RULES.exec(text);
  if (rules === null) return undefined;
  const starts: number[] = [];
  let indent: number | undefined;
  let end = text.length;
  for (let line = rules.index + rules[0].length; line < text.length; line = nextLine(text, line)) {
    const first = afterSpaces(text, line);
    if (isBlank(text, first)) continue;
    indent ??= first - line;
    const dash = text[first] === '-';
    if (first - line < indent || (first - line === indent && !dash)) {
      end = line;
      break;
    }
    if (first - line === indent && dash) {
      const tooLarge = starts.length > MAX_ENTRIES || line - (starts.at(-1) ?? line) > MAX_ENTRY_CHARACTERS;
      if (text[first + 1] !== ' ' || tooLarge) return undefined;
      starts.push(line);
    }
  }
  const tail = text.slice(end);
  const second = starts[1];
  const isLastTooLarge = end - (starts.at(-1) ?? end) > MAX_ENTRY_CHARACTERS;
  if (second === undefined || isLastTooLarge || (tail !== '' && !SECTION.test(tail))) return undefined;
  return {
    at: rules.index,
    head: { offset: 0, text: text.slice(0, second) },
    entries: starts.slice(1).map((start, n) => ({ offset: start, text: text.slice(start, starts[n + 2] ?? end) })),
    tail: { offset: end, text: tail },
  };
}

function nextLine(text: string, line: number): number {
  const end = text.indexOf('\n', line);
  return end < 0 ? text.length : end + 1;
}

function afterSpaces(text: string, line: number): number {
  let at = line;
  while (text[at] === ' ') at += 1;
  return at;
}

/** Test for a line that is empty or a comment. */
function isBlank(text: string, first: number): boolean {
  const character = text[first];
  return (
    character === undefined ||
    character === '\n' ||
    character === '#' ||
    (character === '\r' && (text[first + 1] ?? '\n') === '\n')
  );
}
