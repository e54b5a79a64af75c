import { suggest } from '../suggest.ts';

/** What is probably wrong with an expression that does not compile, and the expression as it was probably meant. */
export interface ConditionSlip {
  readonly offset: number;
  readonly message: string;
  readonly mend: string;
}

/** The functions that an expression may call, by the name alone: `size(x)`, and on a value: `x.size()`. */
export interface KnownFunctions {
  readonly global: ReadonlySet<string>;
  readonly member: ReadonlySet<string>;
}

/** One place of an expression that was written as in another language. */
interface Place {
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
  readonly message: string;
  readonly mend: string;
  /** Where the problem is shown; `start` if not given. */
  readonly shownAt?: number;
}

type Finder = (code: string, source: string, known: KnownFunctions) => readonly Place[];

/**
 * Looks for what other languages write differently. `compiles` tells whether an expression is one: only what makes it so is
 * told, the first of it, with the whole expression as it should be.
 */
export function findConditionSlip(
  source: string,
  known: KnownFunctions,
  compiles: (source: string) => boolean,
): ConditionSlip | undefined {
  for (const finders of [...FINDERS.map((finder) => [finder]), FINDERS]) {
    const { mended, first } = applied(source, finders, known);
    if (first === undefined || !compiles(mended)) continue;
    return { offset: first.shownAt ?? first.start, message: first.message, mend: `${first.mend}: \`${mended}\`` };
  }
  return undefined;
}

/** The expression with everything replaced that the finders find, one finder after another; and what stands first of it. */
function applied(
  source: string,
  finders: readonly Finder[],
  known: KnownFunctions,
): { readonly mended: string; readonly first: Place | undefined } {
  const found = finders.flatMap((find) => find(withoutTexts(source), source, known));
  let mended = source;
  for (const find of finders) {
    for (const { start, end, replacement } of find(withoutTexts(mended), mended, known).toReversed())
      mended = mended.slice(0, start) + replacement + mended.slice(end);
  }
  return { mended, first: found.sort((a, b) => a.start - b.start)[0] };
}

/** The expression with `"` for every character of its texts, so that nothing is found in them; offsets stay. */
function withoutTexts(source: string): string {
  return source.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g, (text) => '"'.repeat(text.length));
}

type Say = (match: RegExpMatchArray) => {
  readonly replacement: string;
  readonly message: string;
  readonly mend: string;
};

/** Everything that a pattern finds outside of texts. `$1` and the like are taken from the expression itself. */
function finder(pattern: RegExp, say: Say): Finder {
  return (code, source) =>
    [...code.matchAll(new RegExp(pattern, 'gid'))].map((match) => {
      const { indices } = match as RegExpMatchArray & { indices: readonly ([number, number] | undefined)[] };
      const written = Object.assign(
        [...match].map((_group, at) => {
          const range = indices[at];
          return range === undefined ? '' : source.slice(...range);
        }),
        { index: match.index },
      ) as unknown as RegExpMatchArray;
      return { start: match.index, end: match.index + match[0].length, ...say(written) };
    });
}

/** One spelling for another. */
const spelling = (pattern: RegExp, right: string): Finder =>
  finder(pattern, ([wrong = '']) => ({
    replacement: right,
    message: `CEL has no \`${wrong.trim()}\``,
    mend: `write \`${right}\``,
  }));

const OPERAND = String.raw`[\w.]+(?:\([^()]*\))?(?:\[[^\]]*\])*`;
const TEXT_OR_OPERAND = String.raw`(?:"+|${OPERAND})`;

/** What is called otherwise elsewhere. */
const MEMBERS: Readonly<Record<string, string>> = {
  include: 'contains',
  includes: 'contains',
  has: 'contains',
  beginsWith: 'startsWith',
  hasPrefix: 'startsWith',
  hasSuffix: 'endsWith',
  length: 'size',
  len: 'size',
  count: 'size',
  lower: 'lowerAscii',
  toLower: 'lowerAscii',
  toLowerCase: 'lowerAscii',
  downcase: 'lowerAscii',
  upper: 'upperAscii',
  toUpper: 'upperAscii',
  toUpperCase: 'upperAscii',
  upcase: 'upperAscii',
  strip: 'trim',
  match: 'matches',
  test: 'matches',
  regex: 'matches',
  any: 'exists',
  some: 'exists',
  every: 'all',
};
const GLOBALS: Readonly<Record<string, string>> = {
  len: 'size',
  length: 'size',
  count: 'size',
  exists: 'has',
  defined: 'has',
  isset: 'has',
  str: 'string',
  float: 'double',
  number: 'double',
  Number: 'double',
  parseInt: 'int',
  parseFloat: 'double',
};

const called =
  (pattern: RegExp, kind: keyof KnownFunctions, aliases: Readonly<Record<string, string>>): Finder =>
  (code, _source, known) =>
    [...code.matchAll(pattern)].flatMap((match) => {
      const name = match[1]!;
      if (known[kind].has(name)) return [];
      const right = Object.hasOwn(aliases, name) ? aliases[name] : suggest(name, known[kind]);
      if (right === undefined) return [];
      const start = match.index + match[0].indexOf(name);
      return [
        {
          start,
          end: start + name.length,
          replacement: right,
          message: `there is no function \`${name}\``,
          mend: `did you mean \`${right}\`?`,
        },
      ];
    });

/** `contains(a, b)` for `a.contains(b)`. */
const onAValue: Finder = (code, source, known) =>
  [...code.matchAll(new RegExp(String.raw`(?<![\w.])(\w+)\(\s*(${OPERAND})\s*,\s*`, 'g'))].flatMap((match) => {
    const [whole, name = '', value = ''] = match;
    const right = known.member.has(name) ? name : MEMBERS[name];
    if (known.global.has(name) || right === undefined) return [];
    const start = match.index;
    const at = start + whole.indexOf(value, name.length + 1);
    const replacement = `${source.slice(at, at + value.length)}.${right}(`;
    const message = `\`${name}\` is called on a value`;
    return [{ start, end: start + whole.length, replacement, message, mend: 'write' }];
  });

/** `data.x contains "y"` */
const infix: Finder = (code, source, known) =>
  [...code.matchAll(new RegExp(String.raw`\s+(\w+)\s+(${TEXT_OR_OPERAND})`, 'g'))].flatMap((match) => {
    const [whole, name = '', argument = ''] = match;
    const right = known.member.has(name) ? name : (MEMBERS[name] ?? suggest(name, known.member));
    if (right === undefined || WORDS.has(name)) return [];
    const end = match.index + whole.length;
    const replacement = `.${right}(${source.slice(end - argument.length, end)})`;
    const start = match.index + whole.indexOf(name);
    const message = `\`${name}\` is no operator of CEL, but a function`;
    return [{ start: match.index, end, replacement, message, mend: `write \`.${right}(...)\``, shownAt: start }];
  });
/** Between two operands these are no misspelt function. */
const WORDS: ReadonlySet<string> = new Set(['in', 'is', 'and', 'or', 'not']);

const FINDERS: readonly Finder[] = [
  finder(/[\u201c\u201d\u201e\u2018\u2019]/, ([quote = '']) => ({
    replacement: /[\u2018\u2019]/.test(quote) ? "'" : '"',
    message: 'a text is in straight quotes, not in typographic ones',
    mend: 'write `"..."`',
  })),
  finder(/\{\{-?\s*(.*?)\s*-?\}\}/, ([, inside = '']) => ({
    replacement: inside,
    message: 'this is an expression, not a template',
    mend: 'write it without braces',
  })),
  finder(new RegExp(String.raw`(${OPERAND})\s+not\s+in\s+(\[[^\]]*\]|${OPERAND})`), ([, value = '', list = '']) => ({
    replacement: `!(${value} in ${list})`,
    message: 'CEL has no `not in`',
    mend: 'write `!(... in ...)`',
  })),
  finder(
    /(?<![\w.])not\s+((?:(?!&&|\|\||\b(?:and|or)\b).)+?)(\s*)(?=$|&&|\|\||\band\b|\bor\b)/,
    ([, inside = '', end = '']) => ({
      replacement: (new RegExp(`^(?:${OPERAND}|\\(.*\\))$`).test(inside) ? `!${inside}` : `!(${inside})`) + end,
      message: 'CEL has no `not`',
      mend: 'write `!`',
    }),
  ),
  spelling(/(?<![\w.])and\b/, '&&'),
  spelling(/(?<![\w.])or\b/, '||'),
  spelling(/===/, '=='),
  spelling(/!==|<>/, '!='),
  spelling(/(?<=[\w\])"]\s+)is\s+not\b/, '!='),
  spelling(/(?<=[\w\])"]\s+)is\b/, '=='),
  spelling(/=>/, '>='),
  spelling(/=</, '<='),
  finder(/\s*=~\s*("+)/, ([, pattern = '']) => ({
    replacement: `.matches(${pattern})`,
    message: 'CEL has no `=~`',
    mend: 'write `.matches(...)`',
  })),
  spelling(/(?<![=!<>])=(?![=~<>])/, '=='),
  spelling(/(?<!&)&(?!&)/, '&&'),
  spelling(/(?<!\|)\|(?!\|)/, '||'),
  spelling(/\?\./, '.'),
  finder(/(?<![\w.])type\b(?!\s*\()/, () => ({
    replacement: 'event.type',
    message: '`type` by itself is a function of CEL, not the type of the event',
    mend: 'write `event.type`',
  })),
  finder(/(\d)\s*%(?=\s*(?:$|[&|)]))/, ([, digit = '']) => ({
    replacement: digit,
    message: '`%` is the remainder of a division',
    mend: 'write the number without it',
  })),
  finder(/;\s*$/, () => ({ replacement: '', message: 'an expression has no `;`', mend: 'write it without' })),
  called(/\.([A-Za-z_]\w*)\s*\(/g, 'member', MEMBERS),
  called(/(?<![\w.])([A-Za-z_]\w*)\s*\(/g, 'global', GLOBALS),
  onAValue,
  infix,
];
