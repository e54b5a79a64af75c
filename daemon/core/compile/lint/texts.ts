import { conditionNames, type Comparison } from '../../match/condition/names.ts';
import { templatePaths, type NamedPath } from '../../message/template.ts';
import { suggest } from '../../problems/suggest.ts';
import { kindsAt, unknownField, unknownName, type Vocabulary, type Advice, type Warn } from './vocabulary.ts';

/** Literals of other languages, which would be read as fields of the event. */
const FOREIGN: Readonly<Record<string, string>> = {
  nil: 'write `null`',
  None: 'write `null`',
  undefined: 'write `null`, or `has(...)` for whether it is there',
  True: 'write `true`',
  TRUE: 'write `true`',
  False: 'write `false`',
  FALSE: 'write `false`',
};

const FOREIGN_IN_TEMPLATES: Readonly<Record<string, string>> = {
  ...FOREIGN,
  None: 'write `nil`',
  undefined: 'write `nil`',
  null: 'write `nil`',
  '??': 'write `| default: ...`',
  if: 'write `{% if ... %}`',
  else: 'write `{% else %}`',
  end: 'write `{% endif %}`',
  range: 'write `{% for ... %}`',
  printf: 'write the text around the values',
  len: 'write `| size`',
  loop: 'write `forloop`',
};

/** Names in an expression that are not fields: types, and namespaces of functions. */
const CEL_NAMES: ReadonlySet<string> = new Set([
  'string',
  'bool',
  'int',
  'uint',
  'double',
  'map',
  'list',
  'bytes',
  'null_type',
  'type',
  'google',
  'cel',
  'optional',
]);

/** Warns of the names in a template that its events never have, once for each name. */
export function lintTemplate(source: string, pointer: string, vocabulary: Vocabulary, warn: Warn): void {
  const names = templatePaths(source).map((named) => ({ ...named, path: withoutEvent(named.path) }));
  lintPaths(names, source, pointer, vocabulary, FOREIGN_IN_TEMPLATES, warn);
  const brace = SINGLE_BRACES.exec(source);
  if (brace === null) return;
  const [written = '', , path = ''] = brace;
  const message = `\`${written.trim()}\` is plain text; a template has two braces`;
  warn({
    pointer,
    at: 'value',
    offset: brace.index,
    code: 'template.braces',
    message,
    mend: `write \`{{ ${path} }}\``,
  });
}

const SINGLE_BRACES = /(?<![{$])(\{)\s*((?:event|data|headers|query)\.[\w.]+|subject|source)\s*\}(?!\})/;

/** Warns of the names in an expression that its events never have, and of comparisons that never hold. */
export function lintCondition(source: string, pointer: string, vocabulary: Vocabulary, warn: Warn): void {
  const { paths, comparisons } = conditionNames(source);
  const fields = paths.filter(({ path }) => !CEL_NAMES.has(path[0]!));
  const isFine = lintPaths(
    fields.map((named) => ({ ...named, path: withoutEvent(named.path) })),
    source,
    pointer,
    vocabulary,
    FOREIGN,
    warn,
  );
  if (!isFine) return;
  for (const comparison of comparisons) {
    const found = neverHolds({ ...comparison, path: withoutEvent(comparison.path) }, vocabulary);
    if (found !== undefined)
      warn({ pointer, at: 'value', offset: comparison.offset, code: 'rule.never_matches', ...found });
  }
}

/** `event.data.x` is `data.x`. */
const withoutEvent = (path: readonly string[]): readonly string[] =>
  path[0] === 'event' && path.length > 1 ? path.slice(1) : path;

function lintPaths(
  names: readonly NamedPath[],
  source: string,
  pointer: string,
  vocabulary: Vocabulary,
  foreign: Readonly<Record<string, string>>,
  warn: Warn,
): boolean {
  const reported = new Set<string>();
  for (const { path, offset } of names) {
    const advice = dashed(source, offset, vocabulary) ?? adviceFor(path, vocabulary, foreign);
    if (advice === undefined || reported.has(advice.message)) continue;
    reported.add(advice.message);
    const code = path[0] === 'data' ? 'rule.unknown_field' : 'rule.unknown_name';
    warn({ pointer, at: 'value', offset, code, ...advice });
  }
  return reported.size === 0;
}

function adviceFor(
  path: readonly string[],
  vocabulary: Vocabulary,
  foreign: Readonly<Record<string, string>>,
): Advice | undefined {
  const [root = ''] = path;
  if (vocabulary.names.has(root)) return root === 'data' ? unknownField(path, vocabulary) : undefined;
  if (Object.hasOwn(foreign, root)) return { message: `\`${root}\` is not a value here`, mend: foreign[root]! };
  return unknownName(root, vocabulary);
}

/** `headers.x-github-event` subtracts two names from `headers.x`. */
function dashed(source: string, offset: number, vocabulary: Vocabulary): Advice | undefined {
  if (source[offset - 1] !== '-' || !/[\w\])]/.test(source[offset - 2] ?? '')) return undefined;
  const [path = ''] = /[\w.]+(?:-\w+)*-$/.exec(source.slice(0, offset)) ?? [];
  const [rest = ''] = /^[\w-]+/.exec(source.slice(offset))!;
  const [root = ''] = path.split('.');
  const dot = path.lastIndexOf('.', path.indexOf('-'));
  if (dot < 0 || unknownName(root, vocabulary) !== undefined) return undefined;
  return {
    message: 'a `-` in an expression subtracts',
    mend: `write \`${path.slice(0, dot)}["${path.slice(dot + 1)}${rest}"]\``,
  };
}

/** Warning of a comparison that is false, or an error, for every value of these kinds. */
function neverHolds({ path, operator, literal }: Comparison, { fields, types }: Vocabulary): Advice | undefined {
  const name = path.join('.');
  const kinds = path[0] === 'data' ? fields && kindsAt(path, fields) : name === 'type' && types ? [types] : undefined;
  if (kinds === undefined || literal === null || kinds.includes('any')) return undefined;
  const texts = kinds.flatMap((kind) => (typeof kind === 'string' ? [] : kind));
  const isTexts = kinds.every((kind) => kind === 'text' || typeof kind !== 'string');
  if (
    operator === '==' &&
    typeof literal === 'string' &&
    texts.length > 0 &&
    kinds.every((kind) => typeof kind !== 'string') &&
    !texts.includes(literal)
  )
    return neverEqual(name, literal, texts);
  if (isTexts && typeof literal === 'number')
    return {
      message: `\`${name}\` is text, which is never compared with a number`,
      mend: operator === '==' || operator === '!=' ? `write \`"${literal}"\`` : `write \`double(${name})\``,
    };
  if (kinds.every((kind) => kind === 'number') && typeof literal === 'string')
    return {
      message: `\`${name}\` is a number, which is never compared with text`,
      mend: 'write a number without quotes',
    };
  return undefined;
}

function neverEqual(name: string, literal: string, texts: readonly string[]): Advice {
  const suggested = suggest(literal, texts);
  return {
    message: `\`${name}\` is never \`${literal}\` here`,
    mend:
      suggested === undefined ? `it is one of: ${[...new Set(texts)].join(', ')}` : `did you mean \`${suggested}\`?`,
  };
}
