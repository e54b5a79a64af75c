import {
  finder,
  type Finder,
  findMistake,
  quotedOut,
  type Mistake,
  spelling,
  typographicQuotes,
} from '../problems/mistakes.ts';
import { suggest } from '../problems/suggest.ts';

/** Finds the probable mistake in a template that does not compile. */
export function findTemplateMistake(
  source: string,
  filters: readonly string[],
  compiles: (source: string) => boolean,
): Mistake | undefined {
  const names = filterNames(filters);
  // A rewritten call is a filter only now, so the names are checked once more.
  return findMistake(source, { finders: [typographicQuotes, names, ...NOTATIONS, names], codeOf, compiles });
}

/** The text inside `{{ }}` and `{% %}`, with a space for every other character. */
function codeOf(source: string): string {
  let code = '';
  let at = 0;
  for (const match of source.matchAll(/\{\{.*?(?:\}\}?|$)|\{%.*?(?:%\}|$)/gs)) {
    code += ' '.repeat(match.index - at) + quotedOut(match[0]);
    at = match.index + match[0].length;
  }
  return code + ' '.repeat(source.length - at);
}

/** Filters of Jinja, Go, JavaScript and Twig -> the name in Liquid. */
const FILTERS: Readonly<Record<string, string>> = {
  upper: 'upcase',
  uppercase: 'upcase',
  toUpper: 'upcase',
  toUpperCase: 'upcase',
  lower: 'downcase',
  lowercase: 'downcase',
  toLower: 'downcase',
  toLowerCase: 'downcase',
  title: 'capitalize',
  length: 'size',
  len: 'size',
  count: 'size',
  trim: 'strip',
  tojson: 'json',
  toJson: 'json',
  to_json: 'json',
  toPrettyJson: 'json',
  replaceAll: 'replace',
  strftime: 'date',
  int: 'to_integer',
  e: 'escape',
  nl2br: 'newline_to_br',
  urlencode: 'url_encode',
  b64encode: 'base64_encode',
  b64decode: 'base64_decode',
  striptags: 'strip_html',
  sum: 'sum',
};

const filterNamed = (name: string, known: readonly string[]): string | undefined =>
  Object.hasOwn(FILTERS, name) ? FILTERS[name] : suggest(name, known);

const filterNames =
  (known: readonly string[]): Finder =>
  (code) =>
    [...code.matchAll(/(?<!\|)\|\s*([A-Za-z_]\w*)/g)].flatMap((match) => {
      const name = match[1]!;
      const right = known.includes(name) ? undefined : filterNamed(name, known);
      if (right === undefined) return [];
      const end = match.index + match[0].length;
      const message = `there is no filter \`${name}\``;
      return [{ start: end - name.length, end, replacement: right, message, mend: `did you mean \`${right}\`?` }];
    });

const VALUE = String.raw`(?:"+|[\w.]+(?:\[[^\]]*\])*)`;
const ARITHMETIC: Readonly<Record<string, string>> = { '+': 'plus', '-': 'minus', '*': 'times', '/': 'divided_by' };

/** Finds a tag of another language in place of one of Liquid. */
const tag = (pattern: RegExp, right: (groups: readonly string[]) => string): Finder =>
  finder(pattern, (groups) => ({
    replacement: right(groups),
    message: 'Liquid writes this differently',
    mend: `write \`${right(groups).trim()}\``,
  }));

/** Finds `{% if %}` without `{% endif %}`, and `{% end %}` without a name. */
const ends: Finder = (code, source) => {
  const open: string[] = [];
  const found = [...code.matchAll(/\{%-?\s*(\w+).*?%\}/gs)].flatMap((match) => {
    const name = match[1]!;
    if (BLOCKS.has(name)) open.push(name);
    else if (name === 'end') {
      const replacement = `{% end${open.pop() ?? 'if'} %}`;
      const message = 'an `end` has the name of what it ends';
      return [
        {
          start: match.index,
          end: match.index + match[0].length,
          replacement,
          message,
          mend: `write \`${replacement}\``,
        },
      ];
    } else if (name.startsWith('end')) open.pop();
    return [];
  });
  if (open.length === 0) return found;
  const last = [...code.matchAll(/\{%-?\s*(\w+)/g)].findLast((match) => match[1] === open[0])!;
  const replacement = open
    .toReversed()
    .map((name) => `{% end${name} %}`)
    .join('');
  const message = `a \`{% ${open[0]} %}\` is not ended`;
  return [
    ...found,
    {
      start: source.length,
      end: source.length,
      replacement,
      message,
      mend: `write \`${replacement}\``,
      shownAt: last.index,
    },
  ];
};
const BLOCKS: ReadonlySet<string> = new Set(['if', 'unless', 'for', 'case', 'capture', 'raw', 'comment', 'tablerow']);

const NOTATIONS: readonly Finder[] = [
  finder(/(\{\{(?:(?!\}).)*?)\s*(\}?)$/, ([, inside = '']) => ({
    replacement: `${inside} }}`,
    message: 'the `{{` is not closed',
    mend: 'close it with `}}`',
  })),
  finder(/(\{\{[^{}]*?)\s*\}(?!\})/, ([, inside = '']) => ({
    replacement: `${inside} }}`,
    message: 'the `{{` is not closed',
    mend: 'close it with `}}`',
  })),
  finder(/(\{%[^{}%]*?)\s*(?:%|\})?$/, ([, inside = '']) => ({
    replacement: `${inside} %}`,
    message: 'the `{%` is not closed',
    mend: 'close it with `%}`',
  })),
  ends,
  tag(/\{%(-?)\s*(?:elif|elseif|else\s+if)\b/, ([, trim = '']) => `{%${trim} elsif`),
  tag(/\{%(-?)\s*(?:set|let|var)\b/, ([, trim = '']) => `{%${trim} assign`),
  tag(/\{%(-?)\s*foreach\b/, ([, trim = '']) => `{%${trim} for`),
  tag(/\{%(-?)\s*endforeach\b/, ([, trim = '']) => `{%${trim} endfor`),
  tag(/\{\{#(if|unless)\s+(.*?)\s*\}\}/, ([, name = '', test = '']) => `{% ${name} ${test} %}`),
  tag(/\{\{\/(if|unless)\s*\}\}/, ([, name = '']) => `{% end${name} %}`),
  tag(/\{\{\s*else\s*\}\}/, () => '{% else %}'),
  finder(
    new RegExp(String.raw`\{\{\s*(${VALUE}[^?{}]*?)\s*\?\s*("+)\s*:\s*("+)\s*\}\}`),
    ([, test = '', yes = '', no = '']) => {
      const replacement = `{% if ${test} %}${yes.slice(1, -1)}{% else %}${no.slice(1, -1)}{% endif %}`;
      return { replacement, message: 'Liquid has no `? :`', mend: 'write `{% if %}`' };
    },
  ),
  spelling('Liquid', /&&/, 'and'),
  finder(new RegExp(String.raw`(?<=\{\{[^{}|]*?)\|\|\s*(${VALUE})`), ([, other = '']) => ({
    replacement: `| default: ${other}`,
    message: 'Liquid has no `||`',
    mend: 'write `| default: ...`',
  })),
  spelling('Liquid', /\|\|/, 'or'),
  spelling('Liquid', /===/, '=='),
  spelling('Liquid', /!==/, '!='),
  spelling('Liquid', /(?<=\{%-?\s*(?:if|elsif|unless)\b[^%]*[^=!<>])=(?!=)/, '=='),
  spelling('Liquid', /(?<=\{%-?\s*assign\s+\w+\s*)==/, '='),
  finder(/(?<=\{%-?\s*(?:if|elsif)\s+)!\s*(?==?[\w.(])/, () => ({
    replacement: 'not ',
    message: 'Liquid has no `!`',
    mend: 'write `not`',
  })),
  finder(/\$(?=[A-Za-z_])/, () => ({
    replacement: '',
    message: 'names have no `$` in Liquid',
    mend: 'write it without',
  })),
  finder(
    new RegExp(String.raw`(\{\{\s*${VALUE})\s*([+*/-])\s*(${VALUE})`),
    ([, value = '', operator = '', other = '']) => ({
      replacement: `${value} | ${ARITHMETIC[operator]}: ${other}`,
      message: `Liquid has no \`${operator}\``,
      mend: `write \`| ${ARITHMETIC[operator]}: ...\``,
    }),
  ),
  finder(/\.([A-Za-z_]\w*)\(\s*\)/, ([, name = '']) => ({
    replacement: ` | ${name}`,
    message: 'Liquid has filters, not functions',
    mend: 'write it behind a `|`',
  })),
  finder(/(?<=\{\{\s*)([A-Za-z_]\w*)\(\s*([\w.]+)\s*\)/, ([, name = '', value = '']) => ({
    replacement: `${value} | ${name}`,
    message: 'Liquid has filters, not functions',
    mend: 'write it behind a `|`',
  })),
  finder(/(?<=\|\s*)(\w+)\(\s*([^()]*?)\s*\)/, ([, name = '', values = '']) => ({
    replacement: values === '' ? name : `${name}: ${values}`,
    message: 'a filter has its values behind a colon, not in brackets',
    mend: values === '' ? 'write it without brackets' : 'write `| filter: value`',
  })),
  finder(new RegExp(String.raw`(?<=\|\s*)(\w+)\s+(${VALUE})`), ([, name = '', value = '']) => ({
    replacement: `${name}: ${value}`,
    message: 'the colon is missing between a filter and its value',
    mend: 'write `| filter: value`',
  })),
];
