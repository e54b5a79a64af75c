import {
  finder,
  findMistake,
  type Finder,
  quotedOut,
  type Mistake,
  spelling,
  typographicQuotes,
} from '../../problems/mistakes.ts';
import { suggest } from '../../problems/suggest.ts';

/** Functions that an expression may call: `global` as `size(x)`, `member` as `x.size()`. */
export interface KnownFunctions {
  readonly global: ReadonlySet<string>;
  readonly member: ReadonlySet<string>;
}

/** Finds the probable mistake in an expression that does not compile. */
export function findConditionMistake(
  source: string,
  known: KnownFunctions,
  compiles: (source: string) => boolean,
): Mistake | undefined {
  return findMistake(source, { finders: [...NOTATIONS, ...functionFinders(known)], codeOf: quotedOut, compiles });
}

const OPERAND = String.raw`[\w.]+(?:\([^()]*\))?(?:\[[^\]]*\])*`;
const TEXT_OR_OPERAND = String.raw`(?:"+|${OPERAND})`;

/** Function names of other languages -> the name in CEL. */
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
  (pattern: RegExp, known: ReadonlySet<string>, aliases: Readonly<Record<string, string>>): Finder =>
  (code) =>
    [...code.matchAll(pattern)].flatMap((match) => {
      const name = match[1]!;
      if (known.has(name)) return [];
      const right = Object.hasOwn(aliases, name) ? aliases[name] : suggest(name, known);
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

/** Finds `contains(a, b)` where CEL has `a.contains(b)`. */
const onAValue =
  (known: KnownFunctions): Finder =>
  (code, source) =>
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

/** Finds `data.x contains "y"` where CEL has `data.x.contains("y")`. */
const infix =
  (known: KnownFunctions): Finder =>
  (code, source) =>
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
/** Words between two operands that are not misspelt functions. */
const WORDS: ReadonlySet<string> = new Set(['in', 'is', 'and', 'or', 'not']);

/** Finds `IN`, as SQL writes it. The other finders ignore case, and must not find the correct `in`. */
const upperCaseIn: Finder = (code) =>
  [...code.matchAll(/(?<=[\w\])"]\s+)I[Nn](?=\s*[[\w])/g)].map(({ index, 0: written }) => ({
    start: index,
    end: index + written.length,
    replacement: 'in',
    message: `CEL has no \`${written}\``,
    mend: 'write `in`',
  }));

/** Notations of other languages, apart from function calls. */
const NOTATIONS: readonly Finder[] = [
  typographicQuotes,
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
  spelling('CEL', /(?<![\w.])and\b/, '&&'),
  spelling('CEL', /(?<![\w.])or\b/, '||'),
  upperCaseIn,
  spelling('CEL', /===/, '=='),
  spelling('CEL', /!==|<>/, '!='),
  spelling('CEL', /(?<=[\w\])"]\s+)is\s+not\b/, '!='),
  spelling('CEL', /(?<=[\w\])"]\s+)is\b/, '=='),
  spelling('CEL', /=>/, '>='),
  spelling('CEL', /=</, '<='),
  finder(/\s*=~\s*("+)/, ([, pattern = '']) => ({
    replacement: `.matches(${pattern})`,
    message: 'CEL has no `=~`',
    mend: 'write `.matches(...)`',
  })),
  spelling('CEL', /(?<![=!<>])=(?![=~<>])/, '=='),
  spelling('CEL', /(?<!&)&(?!&)/, '&&'),
  spelling('CEL', /(?<!\|)\|(?!\|)/, '||'),
  spelling('CEL', /\?\./, '.'),
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
];

const functionFinders = (known: KnownFunctions): readonly Finder[] => [
  called(/\.([A-Za-z_]\w*)\s*\(/g, known.member, MEMBERS),
  called(/(?<![\w.])([A-Za-z_]\w*)\s*\(/g, known.global, GLOBALS),
  onAValue(known),
  infix(known),
];
