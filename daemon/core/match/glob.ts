import { RE2JS } from 're2js';

/** What stands at one place of a pattern, in RE2; `opens` counts braces. */
interface Piece {
  readonly length: number;
  readonly written: string;
  readonly opens?: 1 | -1;
}

type Write = (found: RegExpExecArray, inBraces: boolean) => Omit<Piece, 'length'> | undefined;

/** The first that begins at a place and is written counts. */
const PIECES: readonly { readonly at: RegExp; readonly write: Write }[] = [
  { at: /\\([^])/y, write: ([, character]) => ({ written: literal(character!) }) },
  {
    at: /[@+!?*]\(/y,
    write: refuse('`+(...)` and its like are not read; use `regex`, or put `\\` before the parenthesis'),
  },
  { at: /\{[^{},]*\.\.[^{},]*\}/y, write: refuse('ranges are not read; write {1,2,3}') },
  // At the end, `/srv/**` is `/srv` itself too; before a slash it may be no folder at all.
  { at: /\/\*\*$/y, write: () => ({ written: '(?:/.*)?' }) },
  { at: /(^|\/)\*\*\//y, write: ([, slash]) => ({ written: `${slash!}(?:.*/)?` }) },
  { at: /\*\*/y, write: () => ({ written: '.*' }) },
  { at: /\*/y, write: () => ({ written: '[^/]*' }) },
  { at: /\?/y, write: () => ({ written: '[^/]' }) },
  {
    at: /\[([!^]?)(\]?[^\]]*)\]/y,
    write: ([, not, members]) => ({ written: `[${not === '' ? '' : '^/'}${inClass(members!)}]` }),
  },
  { at: /\[/y, write: refuse('a `[` is not closed') },
  { at: /\{/y, write: () => ({ written: '(?:', opens: 1 }) },
  { at: /\}/y, write: (_found, inBraces) => (inBraces ? { written: ')', opens: -1 } : undefined) },
  { at: /,/y, write: (_found, inBraces) => (inBraces ? { written: '|' } : undefined) },
  { at: /[^]/y, write: ([character]) => ({ written: literal(character) }) },
];

/**
 * `*`, `**`, `?`, `[a-z]`, `[!a]`, `{a,b}`, and `\` before a character that is only itself. `*` and `?` stop at a slash; hidden
 * files are files. It becomes an RE2 expression: a backtracking one would let a long hostile text stop the daemon. Throws an
 * Error with the reason when it is no such pattern.
 */
export function compileGlob(pattern: string): (text: string) => boolean {
  if (pattern.startsWith('!')) throw new Error('a leading `!` is not read; use `not`, or put `\\` before it');
  const simple = betweenEnds(pattern);
  if (simple !== undefined) return simple;
  const compiled = RE2JS.compile(`^(?:${translate(pattern)})$`, RE2JS.DOTALL);
  return (text) => compiled.test(text);
}

/**
 * The literal text that all texts begin and end with that fit; there may be more of it than this finds. `**` takes the slash
 * before it, or after it, away with itself.
 */
export function literalEnds(pattern: string): { readonly head: string; readonly tail: string } {
  const head = /^[^\\*?[{]*/.exec(pattern)![0];
  const tail = /[^\\*?[\]{}]*$/.exec(pattern)![0];
  return {
    head: pattern.startsWith('**', head.length) ? head.replace(/\/$/, '') : head,
    tail: pattern.slice(0, pattern.length - tail.length).endsWith('**') ? tail.replace(/^\//, '') : tail,
  };
}

/** What is left to ask of a text after its beginning, when a pattern has that; undefined where it takes the text as a whole to tell. */
export function globAfter(head: string, pattern: string): string | undefined {
  return pattern.startsWith(head) && betweenEnds(pattern) !== undefined ? pattern.slice(head.length) : undefined;
}

/** Text, stars at one place, text. */
const ONE_PLACE = /^([^\\*?[\]{}()]*)(\*|\*\*|\*\*\/\*)([^\\*?[\]{}()]*)$/;

/** What most patterns are, without RE2, which would take most of the time that it takes to match an event. Undefined for others. */
function betweenEnds(pattern: string): ((text: string) => boolean) | undefined {
  const [, head, stars, tail] = ONE_PLACE.exec(pattern) ?? [];
  if (head === undefined || tail === undefined) return undefined;
  const ends = head.length + tail.length;
  const hasEnds = (text: string): boolean => text.length >= ends && text.startsWith(head) && text.endsWith(tail);
  if (stars === '*') {
    return (text) => hasEnds(text) && !text.slice(head.length, text.length - tail.length).includes('/');
  }
  const inFolder = head === '' || head.endsWith('/');
  // Any folders and then any name is any text.
  if (stars === '**/*' && inFolder) return hasEnds;
  if (stars === '**' && head.endsWith('/') && tail === '') {
    const folder = head.slice(0, -1);
    return (text) => text === folder || text.startsWith(head);
  }
  return undefined;
}

function translate(pattern: string): string {
  let written = '';
  let open = 0;
  for (let from = 0; from < pattern.length; ) {
    const piece = pieceAt(pattern, from, open > 0);
    written += piece.written;
    open += piece.opens ?? 0;
    from += piece.length;
  }
  if (open > 0) throw new Error('a `{` is not closed');
  return written;
}

function pieceAt(pattern: string, from: number, inBraces: boolean): Piece {
  for (const { at, write } of PIECES) {
    at.lastIndex = from;
    const found = at.exec(pattern);
    const piece = found === null ? undefined : write(found, inBraces);
    if (piece !== undefined) return { ...piece, length: found![0].length };
  }
  throw new Error('it ends in a `\\`');
}

function refuse(why: string): Write {
  return () => {
    throw new Error(why);
  };
}

function literal(character: string): string {
  return character.replace(/[\\^$.|?*+()[\]{}]/, String.raw`\$&`);
}

/** Members of a class are themselves, but for `-`. */
function inClass(members: string): string {
  return members.replace(/[\\^[\]]/g, String.raw`\$&`);
}
