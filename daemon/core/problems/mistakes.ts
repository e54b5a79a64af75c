/** The probable slip in a text that does not compile, and the text as it was probably meant. */
export interface Mistake {
  /** Characters into the text. */
  readonly offset: number;
  readonly message: string;
  readonly mend: string;
}

/** One place of a text that was written as in another language. */
export interface Place {
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
  readonly message: string;
  readonly mend: string;
  /** Where the problem is shown; `start` if not given. */
  readonly shownAt?: number;
}

/** Finds places. `code` is the text with what is quoted in it made unrecognizable; its offsets are those of `source`. */
export type Finder = (code: string, source: string) => readonly Place[];

export interface Language {
  readonly finders: readonly Finder[];
  /** Makes unrecognizable what is not code. */
  readonly codeOf: (source: string) => string;
  readonly compiles: (source: string) => boolean;
}

/** Characters of a text that is tried at all; a few times what anybody writes, since some patterns take quadratic time. */
const MAX_LENGTH = 2000;

/**
 * Tries what other languages write differently: by each finder alone, then by all of them. Only what makes the text compile is
 * told, the first place of it, with the whole text as it should be.
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
    // Behind a question there is no colon.
    const whole = `${mend.endsWith('?') ? '' : ':'} \`${mended.trim()}\``;
    return { offset: first.shownAt ?? first.start, message, mend: mend + whole };
  }
  return undefined;
}

/** The text with everything replaced that the finders find, one finder after another. */
function replaced(source: string, finders: readonly Finder[], { codeOf }: Language): string {
  let text = source;
  for (const find of finders) {
    for (const { start, end, replacement } of find(codeOf(text), text).toReversed())
      text = text.slice(0, start) + replacement + text.slice(end);
  }
  return text;
}

/** Placeholder for each character of a quoted text. */
export const QUOTED = '"';

export function quotedOut(code: string): string {
  return code.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g, (text) => QUOTED.repeat(text.length));
}

type Words = Pick<Place, 'replacement' | 'message' | 'mend'>;

/** Everything that a pattern finds in the code; `say` is given the match and its groups as they are written. */
export function finder(pattern: RegExp, say: (groups: readonly string[]) => Words): Finder {
  const everywhere = new RegExp(pattern, 'gid');
  return (code, source) =>
    [...code.matchAll(everywhere)].map((match) => {
      const ranges = [
        ...(match as RegExpMatchArray & { readonly indices: readonly (readonly [number, number] | undefined)[] })
          .indices,
      ];
      const groups = ranges.map((range) => (range === undefined ? '' : source.slice(range[0], range[1])));
      return { start: match.index, end: match.index + match[0].length, ...say(groups) };
    });
}

/** One spelling for another. */
export const spelling = (language: string, pattern: RegExp, right: string): Finder =>
  finder(pattern, ([wrong = '']) => ({
    replacement: right,
    message: `${language} has no \`${wrong.trim()}\``,
    mend: `write \`${right}\``,
  }));

/** Typographic quotes around a text. */
export const typographicQuotes = finder(/[\u201c\u201d\u201e\u2018\u2019]/, ([quote = '']) => ({
  replacement: /[\u2018\u2019]/.test(quote) ? "'" : '"',
  message: 'a text is in straight quotes, not in typographic ones',
  mend: 'write `"..."`',
}));
