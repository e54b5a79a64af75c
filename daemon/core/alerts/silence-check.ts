import type { Event } from '../event/event.ts';
import { compilePath } from '../match/path.ts';
import { mendByName, suggest } from '../problems/suggest.ts';
import { isObject } from '../values/json.ts';
import { joinPointer } from '../values/pointer.ts';
import type { SilenceProblem } from './silence-request.ts';

/** Paths that a silence has besides those of the event. */
const OWN_PATHS: ReadonlySet<string> = new Set(['rule', 'key']);
/** Attributes with a few values, of which a misspelt one can be recognized. */
const NAMED: ReadonlySet<string> = new Set(['source', 'type']);
const COMBINATIONS: ReadonlySet<string> = new Set(['any', 'all', 'none']);
/** Fields of past events that are collected for suggestions. */
const MAX_FIELDS = 1000;

interface Entry {
  readonly path: string;
  readonly pattern: unknown;
  /** JSON Pointer into the posted silence. */
  readonly pointer: string;
}

/** Problems of a match that names rules which do not exist, and therefore silences nothing. */
export function unknownRules(match: unknown, rules: readonly string[]): readonly SilenceProblem[] {
  const known = new Set(rules);
  return [...entriesOf(match, '/match')]
    .filter(({ path }) => path === 'rule')
    .flatMap(({ pattern, pointer }) =>
      textsOf(pattern)
        .filter((name) => !known.has(name))
        .map((name) => ({
          pointer,
          message: `there is no rule \`${name}\``,
          mend: `${mendByName(name, rules, 'there are no rules', 'rules')} (\`force\` makes the silence nevertheless)`,
        })),
    );
}

/**
 * Warnings about a match that presumably never holds: a field that no past event has, a source or type that is similar to a known one.
 * Without past events only the names of the sources are known.
 */
export function silenceWarnings(
  match: unknown,
  { events, sources }: { readonly events: readonly Event[]; readonly sources: readonly string[] },
): readonly string[] {
  const fields = events.length === 0 ? undefined : fieldsOf(events);
  return [...entriesOf(match, '/match')].flatMap(({ path, pattern }) => {
    if (OWN_PATHS.has(path) || (isObject(pattern) && pattern.exists === false)) return [];
    if (NAMED.has(path)) return misspelt(path, pattern, events, path === 'source' ? sources : []);
    if (fields === undefined || events.some((event) => compilePath(path)(event).length > 0)) return [];
    const mend = mendByName(path, fields, 'there are none', 'there are');
    return [`no event of the last 24 h has \`${path}\`; ${mend}`];
  });
}

/** Entries of a match and of the combinations in it. */
function* entriesOf(match: unknown, pointer: string): Generator<Entry> {
  if (!isObject(match)) return;
  for (const [path, pattern] of Object.entries(match)) {
    const at = joinPointer(pointer, path);
    if (!COMBINATIONS.has(path) || !Array.isArray(pattern)) yield { path, pattern, pointer: at };
    else for (const [index, part] of pattern.entries()) yield* entriesOf(part, joinPointer(at, index));
  }
}

function misspelt(path: string, pattern: unknown, events: readonly Event[], more: readonly string[]): string[] {
  const known = new Set([...more, ...events.flatMap((event) => compilePath(path)(event).filter(isText))]);
  return textsOf(pattern).flatMap((value) => {
    const suggested = known.has(value) ? undefined : suggest(value, known);
    return suggested === undefined ? [] : [`no event has the ${path} \`${value}\`; did you mean \`${suggested}\`?`];
  });
}

/** Texts that a pattern compares for equality. */
function textsOf(pattern: unknown): readonly string[] {
  return [pattern].flat().filter(isText);
}

/** Attributes and fields of these events as paths: `subject`, `data.host`. */
function fieldsOf(events: readonly Event[]): readonly string[] {
  const found = new Set<string>(OWN_PATHS);
  for (const event of events) {
    for (const [name, value] of Object.entries(event)) {
      if (found.size >= MAX_FIELDS) return [...found];
      if (name !== 'data') found.add(name);
      else if (isObject(value)) for (const field of Object.keys(value)) found.add(`data.${field}`);
    }
  }
  return [...found];
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
