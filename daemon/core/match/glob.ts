import { onDemand } from '../../lib/on-demand.ts';

const re2 = onDemand<typeof import('re2js')>('re2js');

/** One part of a glob as RE2. `braces` is the change of the number of open braces. */
interface Piece {
  readonly length: number;
  readonly expression: string;
  readonly braces?: 1 | -1;
}

type Translate = (found: RegExpExecArray, inBraces: boolean) => Omit<Piece, 'length'> | undefined;

/** The syntax. The first entry that matches at a position and is translated is used. */
const PIECES: readonly { readonly at: RegExp; readonly translate: Translate }[] = [
  { at: /\\([^])/y, translate: ([, character]) => ({ expression: literal(character!) }) },
  {
    at: /[@+!?*]\(/y,
    translate: refuse('extended globs such as `+(...)` are not supported; put `\\` before the parenthesis to match it'),
  },
  { at: /\{[^{},]*\.\.[^{},]*\}/y, translate: refuse('ranges are not supported; write {1,2,3}') },
  // At the end, `/srv/**` matches `/srv` itself too; before a slash, `**` matches no folder or several.
  { at: /\/\*\*$/y, translate: () => ({ expression: '(?:/.*)?' }) },
  { at: /(^|\/)\*\*\//y, translate: ([, slash]) => ({ expression: `${slash!}(?:.*/)?` }) },
  { at: /\*\*/y, translate: () => ({ expression: '.*' }) },
  { at: /\*/y, translate: () => ({ expression: '[^/]*' }) },
  { at: /\?/y, translate: () => ({ expression: '[^/]' }) },
  {
    at: /\[([!^]?)(\][^\]]*|[^\]]+)\]/y,
    translate: ([, not, members]) => ({ expression: `[${not === '' ? '' : '^/'}${classMembers(members!)}]` }),
  },
  { at: /\[/y, translate: refuse('a `[` is not closed') },
  { at: /\{/y, translate: () => ({ expression: '(?:', braces: 1 }) },
  { at: /\}/y, translate: (_found, inBraces) => (inBraces ? { expression: ')', braces: -1 } : undefined) },
  { at: /,/y, translate: (_found, inBraces) => (inBraces ? { expression: '|' } : undefined) },
  { at: /[^]/y, translate: ([character]) => ({ expression: literal(character) }) },
];

/**
 * Compiles a glob: `*` and `?`, which stop at a slash, `**`, `[a-z]`, `[!a]`, `{a,b}`, and `\` before a literal character. A leading dot is
 * a character like any other. Globs become RE2 expressions, since the globs of libraries backtrack, and a hostile text or file name
 * could stop the daemon. Throws an Error with the reason if the glob is invalid.
 */
export function compileGlob(glob: string): (text: string) => boolean {
  if (glob.startsWith('!')) throw new Error('a leading `!` is not supported; put `\\` before it to match it');
  return compilePart(glob);
}

/** Compiles a part of a glob, which may begin with a `!` of a file name. */
export function compilePart(glob: string): (text: string) => boolean {
  const simple = compileSimple(glob);
  if (simple !== undefined) return simple;
  const compiled = re2().RE2JS.compile(`^(?:${translateAll(glob)})$`, re2().RE2JS.DOTALL);
  return (text) => compiled.test(text);
}

/** A literal prefix and suffix of every text that matches, for the index; not always the longest. */
export function literalEnds(glob: string): { readonly prefix: string; readonly suffix: string } {
  const prefix = /^[^\\*?[{]*/.exec(glob)![0];
  const suffix = /[^\\*?[\]{}]*$/.exec(glob)![0];
  // `**` may match an adjoining slash.
  return {
    prefix: glob.startsWith('**', prefix.length) ? prefix.replace(/\/$/, '') : prefix,
    suffix: glob.slice(0, glob.length - suffix.length).endsWith('**') ? suffix.replace(/^\//, '') : suffix,
  };
}

/** The literal folder above the first wildcard, and the glob below it; without a wildcard the whole path and ''. */
export function literalPath(glob: string): { readonly folder: string; readonly below: string } {
  const beforeWildcard = /^(?:\\[^]|[^\\*?[{])*/.exec(glob)![0];
  const isLiteral = beforeWildcard.length === glob.length;
  const end = isLiteral ? glob.length : beforeWildcard.lastIndexOf('/') + 1;
  return { folder: glob.slice(0, end).replace(/\\([^])/g, '$1'), below: glob.slice(end) };
}

/** Literal text, one wildcard, literal text. */
const SIMPLE = /^([^\\*?[\]{}()]*)(\*|\*\*|\*\*\/\*)([^\\*?[\]{}()]*)$/;

/** Most globs have this form. Compiling them without RE2 saves most of the time of an evaluation. Undefined for the other globs. */
function compileSimple(glob: string): ((text: string) => boolean) | undefined {
  const [, prefix, wildcard, suffix] = SIMPLE.exec(glob) ?? [];
  if (prefix === undefined || suffix === undefined) return undefined;
  const length = prefix.length + suffix.length;
  const hasEnds = (text: string): boolean => text.length >= length && text.startsWith(prefix) && text.endsWith(suffix);
  if (wildcard === '*') {
    return (text) => hasEnds(text) && !text.slice(prefix.length, text.length - suffix.length).includes('/');
  }
  const isAtFolder = prefix === '' || prefix.endsWith('/');
  // Any folders and then any name are any text.
  if (wildcard === '**/*') return isAtFolder ? hasEnds : undefined;
  if (prefix.endsWith('/') && suffix === '') {
    const folder = prefix.slice(0, -1);
    return (text) => text === folder || text.startsWith(prefix);
  }
  return suffix.startsWith('/') ? undefined : hasEnds;
}

/** Splits a glob at the slashes outside of braces and classes. */
export function segmentsOf(glob: string): readonly string[] {
  const segments = [''];
  for (const { text, isNested } of piecesOf(glob)) {
    const isSplit = !isNested && !/^[\\[]/.test(text);
    const [first, ...others] = isSplit ? text.split('/') : [text];
    segments[segments.length - 1] += first!;
    segments.push(...others);
  }
  return segments;
}

function translateAll(glob: string): string {
  return Array.from(piecesOf(glob), ({ expression }) => expression).join('');
}

/** The parts of a glob in order. `isNested`: in braces. */
function* piecesOf(glob: string): Iterable<Piece & { readonly text: string; readonly isNested: boolean }> {
  let open = 0;
  for (let from = 0; from < glob.length; ) {
    const piece = pieceAt(glob, from, open > 0);
    yield { ...piece, text: glob.slice(from, from + piece.length), isNested: open > 0 };
    open += piece.braces ?? 0;
    from += piece.length;
  }
  if (open > 0) throw new Error('a `{` is not closed');
}

function pieceAt(glob: string, from: number, inBraces: boolean): Piece {
  for (const { at, translate } of PIECES) {
    at.lastIndex = from;
    const found = at.exec(glob);
    const piece = found === null ? undefined : translate(found, inBraces);
    if (piece !== undefined) return { ...piece, length: found![0].length };
  }
  throw new Error('the glob ends with a `\\`');
}

function refuse(why: string): Translate {
  return () => {
    throw new Error(why);
  };
}

function literal(character: string): string {
  return character.replace(/[\\^$.|?*+()[\]{}]/, String.raw`\$&`);
}

/** All members are literal, except `-`. */
function classMembers(members: string): string {
  return members.replace(/[\\^[\]]/g, String.raw`\$&`);
}
