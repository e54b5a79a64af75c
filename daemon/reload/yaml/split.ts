/** A stretch of a text. */
export interface Piece {
  readonly offset: number;
  readonly text: string;
}

/** A rules file taken apart where the entries of `rules:` begin. */
export interface Cut {
  /** Where the key `rules` stands. */
  readonly at: number;
  /** All up to the end of the first entry, which says how far the others are indented. */
  readonly head: Piece;
  /** The other entries, each with its lines. */
  readonly entries: readonly Piece[];
  /** The sections below. */
  readonly tail: Piece;
}

const RULES = /^rules:[ \t]*(?:#.*)?\r?\n/m;
/** More is not taken apart, since that is done in one go; and an entry is parsed in one go. */
const MOST_ENTRIES = 100_000;
const LARGEST_ENTRY = 16 * 1024;
const SECTION = /^[A-Za-z_]\w*:\s/;

/**
 * Cuts a file so that an entry can be parsed by itself, and need not be parsed again while it stays as it is. Undefined when
 * the text does not look as if that could be done. The looks do not prove anything: a quote or a bracket may be open across a
 * cut. But then the piece before it is not whole, so when every piece parses, together they say what the file says.
 */
export function cutAtEntries(text: string): Cut | undefined {
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
      const tooLarge = starts.length > MOST_ENTRIES || line - (starts.at(-1) ?? line) > LARGEST_ENTRY;
      if (text[first + 1] !== ' ' || tooLarge) return undefined;
      starts.push(line);
    }
  }
  const tail = text.slice(end);
  const second = starts[1];
  const isLastTooLarge = end - (starts.at(-1) ?? end) > LARGEST_ENTRY;
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

/** Nothing but a comment or the end of the line. */
function isBlank(text: string, first: number): boolean {
  const character = text[first];
  return (
    character === undefined ||
    character === '\n' ||
    character === '#' ||
    (character === '\r' && (text[first + 1] ?? '\n') === '\n')
  );
}
