import type { FieldKind } from '../../event/shape.ts';
import { isObject } from '../../values/json.ts';
import { compilePattern } from '../../match/pattern.ts';
import { joinPointer } from '../../values/pointer.ts';
import { suggest } from '../../problems/suggest.ts';
import { kindsAt, kindText, unknownField, unknownName, type Vocabulary, type Advice, type Warn } from './vocabulary.ts';

const COMBINATIONS: ReadonlySet<string> = new Set(['any', 'all', 'none']);

/** Warns of the parts of a match that hold for no event of a vocabulary. */
export function lintMatch(match: unknown, pointer: string, vocabulary: Vocabulary, warn: Warn): void {
  if (!isObject(match)) return;
  for (const [key, pattern] of Object.entries(match)) {
    const at = joinPointer(pointer, key);
    if (COMBINATIONS.has(key) && Array.isArray(pattern)) {
      pattern.forEach((map, index) => lintMatch(map, joinPointer(at, index), vocabulary, warn));
    } else lintField(key.split('.'), pattern, at, vocabulary, warn);
  }
}

function lintField(
  path: readonly string[],
  pattern: unknown,
  pointer: string,
  vocabulary: Vocabulary,
  warn: Warn,
): void {
  if (isObject(pattern) && pattern.exists === false) return;
  const unknown = wrongPath(path, vocabulary);
  if (unknown !== undefined) return warn({ pointer, at: 'key', code: 'rule.unknown_field', ...unknown });
  const kinds = kindsOf(path, vocabulary);
  if (kinds !== undefined && !kinds.includes('any')) lintPattern(path, pattern, pointer, kinds, warn);
  lintRanges(pattern, pointer, warn);
}

function wrongPath(path: readonly string[], vocabulary: Vocabulary): Advice | undefined {
  const [root = ''] = path;
  if (root === 'event' && !vocabulary.names.has('event')) {
    const rest = path.slice(1).join('.');
    return { message: 'paths of `match` begin in the event', mend: `write \`${rest === '' ? 'data' : rest}\`` };
  }
  return unknownName(root, vocabulary) ?? (root === 'data' ? unknownField(path, vocabulary) : undefined);
}

/** Kinds of value at a path; undefined when they are not known. */
function kindsOf(path: readonly string[], { fields, types }: Vocabulary): readonly FieldKind[] | undefined {
  const [root = '', ...steps] = path;
  if (root === 'data') return fields === undefined || steps.length === 0 ? undefined : kindsAt(path, fields);
  if (steps.length > 0) return undefined;
  if (root === 'type') return types === undefined ? ['text'] : [types];
  return TEXTS.has(root) ? ['text'] : undefined;
}
const TEXTS: ReadonlySet<string> = new Set(['id', 'source', 'subject', 'time']);

/** Warns of each part of a pattern that holds for no value of these kinds. */
function lintPattern(
  path: readonly string[],
  pattern: unknown,
  pointer: string,
  kinds: readonly FieldKind[],
  warn: Warn,
): void {
  if (Array.isArray(pattern)) {
    pattern.forEach((item, index) => lintPattern(path, item, joinPointer(pointer, index), kinds, warn));
  } else if (isObject(pattern)) {
    for (const [operator, argument] of Object.entries(pattern)) {
      const at = joinPointer(pointer, operator);
      if (operator === 'not') lintPattern(path, argument, at, kinds, warn);
      else if (operator !== 'exists' && kinds.every((kind) => !mayFit({ [operator]: argument }, kind)))
        warn({ pointer: at, at: 'value', code: 'rule.never_matches', ...neverBy(path, operator, argument, kinds) });
    }
  } else if (pattern !== null && kinds.every((kind) => !mayFit(pattern, kind))) {
    warn({ pointer, at: 'value', code: 'rule.never_matches', ...neverEqual(path, pattern, kinds) });
  }
}

const ORDER: ReadonlySet<string> = new Set(['gt', 'gte', 'lt', 'lte']);

function mayFit(pattern: unknown, kind: FieldKind): boolean {
  if (typeof kind !== 'string') return kind.some((value) => compilePattern(pattern, '', [])([value]));
  if (!isObject(pattern)) return kind === 'any' || typeof pattern === TYPES[kind];
  const [operator, argument] = Object.entries(pattern)[0]!;
  // A single text or number is compared, or each of a list.
  if (ORDER.has(operator)) return kind === 'any' || (kind !== 'boolean' && typeof argument === TYPES[kind]);
  return kind === 'any' || kind === 'text';
}
const TYPES = { text: 'string', number: 'number', boolean: 'boolean' } as const;

function neverEqual(path: readonly string[], value: unknown, kinds: readonly FieldKind[]): Advice {
  const name = path.join('.');
  const texts = kinds.flatMap((kind) => (typeof kind === 'string' ? [] : kind));
  if (typeof value === 'string' && texts.length > 0) {
    const suggested = suggest(value, texts);
    return {
      message: `\`${name}\` is never \`${value}\` here`,
      mend:
        suggested === undefined ? `it is one of: ${[...new Set(texts)].join(', ')}` : `did you mean \`${suggested}\`?`,
    };
  }
  const message = `\`${name}\` is ${kindText(kinds[0]!)}, which never equals ${value === '' ? 'an empty text' : `\`${String(value)}\``} (${typeof value === 'string' ? 'text' : kindText(typeof value as FieldKind)})`;
  const asText = kinds.every((kind) => kind === 'text' || typeof kind !== 'string');
  const mend = asText ? `write it in quotes: \`"${String(value)}"\`` : `write ${kindText(kinds[0]!)}, without quotes`;
  return { message, mend };
}

function neverBy(path: readonly string[], operator: string, argument: unknown, kinds: readonly FieldKind[]): Advice {
  const name = path.join('.');
  const message = `\`${name}\` is ${kindText(kinds[0]!)}, for which \`${operator}\` never holds`;
  if (kinds.some((kind) => typeof kind !== 'string'))
    return { message: `\`${name}\` never has this value here`, mend: `it is one of: ${kinds.flat().join(', ')}` };
  if (ORDER.has(operator) && typeof argument === 'number')
    return {
      message: `${message} with a number`,
      mend: `compare it in \`if\`: \`double(${name}) ${SIGNS[operator]} ${argument}\``,
    };
  if (ORDER.has(operator)) return { message: `${message} with text`, mend: 'write a number without quotes' };
  return { message, mend: 'write the value itself, or use `gt`, `gte`, `lt`, `lte`' };
}
const SIGNS: Readonly<Record<string, string>> = { gt: '>', gte: '>=', lt: '<', lte: '<=' };

function lintRanges(pattern: unknown, pointer: string, warn: Warn): void {
  if (Array.isArray(pattern)) pattern.forEach((item, index) => lintRanges(item, joinPointer(pointer, index), warn));
  else if (isObject(pattern)) {
    const found = contradiction(pattern);
    if (found === undefined) return;
    warn({ pointer: joinPointer(pointer, found.operator), at: 'value', code: 'rule.never_matches', ...found.advice });
  }
}

interface Limit {
  readonly operator: string;
  readonly value: number | string;
}

/** Finds two limits of a pattern that no value satisfies, such as `gte: 5, lt: 3`; the warning is at the upper one. */
function contradiction(
  pattern: Readonly<Record<string, unknown>>,
): { readonly operator: string; readonly advice: Advice } | undefined {
  const low = limitOf(pattern, ['gt', 'gte']);
  const high = limitOf(pattern, ['lt', 'lte']);
  if (low === undefined || high === undefined || typeof low.value !== typeof high.value) return undefined;
  const isTouching = low.value === high.value && low.operator === 'gte' && high.operator === 'lte';
  if (low.value < high.value || isTouching) return undefined;
  return {
    operator: high.operator,
    advice: {
      message: `no value is both \`${low.operator}: ${low.value}\` and \`${high.operator}: ${high.value}\``,
      mend: 'swap them, or use a list of two patterns for one or the other',
    },
  };
}

function limitOf(pattern: Readonly<Record<string, unknown>>, operators: readonly string[]): Limit | undefined {
  for (const operator of operators) {
    const value = pattern[operator];
    if (typeof value === 'number' || typeof value === 'string') return { operator, value };
  }
  return undefined;
}
