/** A probable mistake in a text that does not compile, with the suggested correction. */
export interface Mistake {
  /** Position in characters. */
  readonly offset: number;
  readonly message: string;
  readonly mend: string;
}

/** A replacement for a part of a text that is written as in another language. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
  readonly message: string;
  readonly mend: string;
  /** Position at which the problem is shown; default: `start`. */
  readonly shownAt?: number;
}

/** Finds parts to replace. `code` is `source` with quoted text replaced by placeholders of the same length. */
export type Finder = (code: string, source: string) => readonly Edit[];

export interface Language {
  readonly finders: readonly Finder[];
  /** Replaces everything that is not code by placeholders. */
  readonly codeOf: (source: string) => string;
  readonly compiles: (source: string) => boolean;
}

/** Longer texts are not searched, since some patterns take quadratic time. */
const MAX_LENGTH = 2000;

/**
 * Finds notations of other languages: first with each finder alone, then with all of them. Returns only a correction that
 * compiles: the position of its first replacement and the whole corrected text.
 */
export function findMistake(source: string, language: Language): Mistake | undefined {
  const { finders } = language;
  if (source.length > MAX_LENGTH) return undefined;
  for (const some of [...finders.map((finder) => [finder]), finders]) {
    const first = some.flatMap((find) => find(language.codeOf(source), source)).sort((a, b) => a.start - b.start)[0];
    if (first === undefined) continue;
    const mended = replaced(source, some, language);
    if (!language.compiles(mended)) continue;
    const { message, mend } = first;
    // No colon after a question.
    const whole = `${mend.endsWith('?') ? '' : ':'} \`${mended.trim()}\``;
    return { offset: first.shownAt ?? first.start, message, mend: mend + whole };
  }
  return undefined;
}

/** Applies the replacements of all finders, one finder after another. */
function replaced(source: string, finders: readonly Finder[], { codeOf }: Language): string {
  let text = source;
  for (const find of finders) {
    for (const { start, end, replacement } of find(codeOf(text), text).toReversed())
      text = text.slice(0, start) + replacement + text.slice(end);
  }
  return text;
}

/** Placeholder for a character of a quoted text. */
const QUOTED = '"';

export function quotedOut(code: string): string {
  return code.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g, (text) => QUOTED.repeat(text.length));
}

type Correction = Pick<Edit, 'replacement' | 'message' | 'mend'>;

/** Finder of all matches of a pattern; `describe` gets the match and its groups as they are in the source. */
export function finder(pattern: RegExp, describe: (groups: readonly string[]) => Correction): Finder {
  const everywhere = new RegExp(pattern, 'gid');
  return (code, source) =>
    [...code.matchAll(everywhere)].map((match) => {
      const ranges = [
        ...(match as RegExpMatchArray & { readonly indices: readonly (readonly [number, number] | undefined)[] })
          .indices,
      ];
      const groups = ranges.map((range) => (range === undefined ? '' : source.slice(range[0], range[1])));
      return { start: match.index, end: match.index + match[0].length, ...describe(groups) };
    });
}

/** Finder that replaces one spelling by another. */
export const spelling = (language: string, pattern: RegExp, right: string): Finder =>
  finder(pattern, ([wrong = '']) => ({
    replacement: right,
    message: `${language} has no \`${wrong.trim()}\``,
    mend: `write \`${right}\``,
  }));

/** Finder of typographic quotes around a text. */
export const typographicQuotes = finder(/[\u201c\u201d\u201e\u2018\u2019]/, ([quote = '']) => ({
  replacement: /[\u2018\u2019]/.test(quote) ? "'" : '"',
  message: 'a text is in straight quotes, not in typographic ones',
  mend: 'write `"..."`',
}));
