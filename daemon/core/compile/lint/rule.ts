import { type EventShape, OPEN_SHAPE } from '../../event/shape.ts';
import { isObject } from '../../values/json.ts';
import { compilePattern } from '../../match/pattern.ts';
import { joinPointer } from '../../values/pointer.ts';
import { schemaOf } from '../../schema/json-schema.ts';
import { ruleSchema } from '../../schema/sections/rule.ts';
import { lintMatch } from './match.ts';
import { parseSimple } from '../../message/simple-template.ts';
import { lintCondition, lintTemplate } from './texts.ts';
import { lintQuotes, lintSpelling, type Written } from './spelling.ts';
import { visit } from './visit.ts';
import { kindsAt, type Vocabulary, vocabularyOf, withNames, type Warn } from './vocabulary.ts';

const ADDED: readonly string[] = ['event', 'rule', 'now'];
export const MESSAGE_NAMES: readonly string[] = [
  ...ADDED,
  'key',
  'status',
  'count',
  'suppressed',
  'events',
  'resolved_after',
];

export interface RuleLocation {
  readonly pointer: string;
  readonly referenced: (pointer: string) => boolean;
}

/** Warns of settings of a rule that never work. `shapesOf` returns the shapes of the events of a source. */
export function lintRule(
  rule: Readonly<Record<string, unknown>>,
  shapesOf: (source: string) => readonly EventShape[],
  location: RuleLocation,
  warn: Warn,
): void {
  const { on, match, key, resolve } = rule;
  const sources = [on ?? []].flat().filter((name) => typeof name === 'string');
  const shapes = sources.length === 0 ? [OPEN_SHAPE] : sources.flatMap(shapesOf);
  const noun = sources.length === 0 ? 'events' : `events of ${sources.map((name) => `\`${name}\``).join(' and ')}`;
  const ends = isObject(resolve) && (resolve.match !== undefined || resolve.if !== undefined) ? resolve : undefined;
  const firing = vocabularyOf(ofTypes(shapes, match), noun);
  const ending = vocabularyOf(ends === undefined ? [] : ofTypes(shapes, ends.match), noun);
  const all = vocabularyOf(shapes, noun);
  // A message may be about the event that ends the alert.
  const either =
    ends === undefined ? firing : vocabularyOf([...ofTypes(shapes, match), ...ofTypes(shapes, ends.match)], noun);
  const at = (...steps: readonly string[]): string => joinPointer(location.pointer, ...steps);
  const vocabularies: readonly (readonly [prefix: string, Vocabulary])[] = [
    [at('resolve', 'match'), forMatch(all, ending)],
    [at('resolve'), ending],
    [at('match'), forMatch(all, firing)],
    [at('if'), firing],
    [at('key'), firing],
  ];
  visit(schemaOf(ruleSchema), rule, location.pointer, (meaning, value, pointer) => {
    if (location.referenced(pointer)) return;
    lintQuotes(value, pointer, warn);
    const vocabulary = vocabularies.find(([prefix]) => `${pointer}/`.startsWith(`${prefix}/`))?.[1] ?? either;
    if (meaning === 'match') {
      lintMatch(
        value,
        pointer,
        pointer.startsWith(at('resolve')) ? forMatch(all, ending) : forMatch(all, firing),
        warn,
      );
    }
    if (typeof value !== 'string') return;
    if (meaning === 'condition') lintCondition(value, pointer, withNames(vocabulary, ['event', 'now']), warn);
    if (meaning === 'template')
      lintTemplate(value, pointer, withNames(vocabulary, pointer === at('key') ? ADDED : MESSAGE_NAMES), warn);
  });
  if (ends === undefined || location.referenced(at('key'))) return;
  const text = typeof key === 'string' ? key : DEFAULT_KEY;
  const pointers = { resolve: at('resolve'), key: key === undefined ? undefined : at('key') };
  lintResolve(text, { match, vocabulary: firing }, { match: ends.match, vocabulary: ending }, pointers, warn);
}

/** Warns of values in the matches of a rule whose YAML type is not the type that a reader expects. Depends on the text of the file. */
export function lintRuleSpelling(
  rule: Readonly<Record<string, unknown>>,
  pointer: string,
  written: Written,
  warn: Warn,
): void {
  for (const name of ['match', 'any', 'all', 'none'])
    lintSpelling(rule[name], joinPointer(pointer, name), written, warn);
  if (isObject(rule.resolve)) lintSpelling(rule.resolve.match, joinPointer(pointer, 'resolve', 'match'), written, warn);
}

/** Vocabulary for `match`, with the types of all events, because `match` is what selects among them. */
const forMatch = (all: Vocabulary, narrowed: Vocabulary): Vocabulary => ({
  ...(narrowed.types?.length === 0 ? all : narrowed),
  types: all.types,
});

/** Shapes of the types that a match names. */
function ofTypes(shapes: readonly EventShape[], match: unknown): readonly EventShape[] {
  if (!isObject(match) || match.type === undefined) return shapes;
  const fits = compilePattern(match.type, '', []);
  const found = shapes.filter(({ type }) => type === undefined || fits([type]));
  // An unknown type is reported separately, so its fields are not checked.
  return found.length === 0 ? shapes : found;
}

const DEFAULT_KEY = '{{ source }}|{{ type }}|{{ subject }}';

interface Side {
  readonly match: unknown;
  readonly vocabulary: Vocabulary;
}

/** Warns of a `resolve` whose event can never have the key of the alert, because a value in the key differs or is missing. */
function lintResolve(
  key: string,
  firing: Side,
  ending: Side,
  pointers: { readonly resolve: string; readonly key: string | undefined },
  warn: Warn,
): void {
  for (const part of parseSimple(key) ?? []) {
    if (typeof part === 'string') continue;
    const path = part[0] === 'event' ? part.slice(1) : part;
    const name = path.join('.');
    const missing =
      path[0] === 'data' &&
      ending.vocabulary.fields !== undefined &&
      kindsAt(path, ending.vocabulary.fields) === undefined;
    const before = valuesOf(name, firing);
    const after = valuesOf(name, ending);
    const differs = before !== undefined && after !== undefined && !before.some((value) => after.includes(value));
    if (!missing && !differs) continue;
    const what = pointers.key === undefined ? 'the default `key`' : '`key`';
    const why = missing
      ? 'which the event that ends it does not have'
      : 'which has another value in the event that ends it';
    warn({
      pointer: pointers.key ?? pointers.resolve,
      at: pointers.key === undefined ? 'key' : 'value',
      code: 'rule.never_resolves',
      message: `this never ends: ${what} holds \`${name}\`, ${why}`,
      mend: `give a \`key\` of fields that both events have in common, such as \`{{ subject }}\``,
    });
    return;
  }
}

/** Values that a path can have; undefined when they are not known. */
function valuesOf(path: string, { match, vocabulary }: Side): readonly unknown[] | undefined {
  const pinned = isObject(match) ? match[path] : undefined;
  const values = Array.isArray(pinned) ? pinned : pinned === undefined ? undefined : [pinned];
  if (values?.every((value) => typeof value !== 'object') === true) return values.map(String);
  return path === 'type' ? vocabulary.types : undefined;
}
