import { isObject } from '../../values/json.ts';
import { parseSimple } from '../../message/simple-template.ts';
import { kindsAt, type Vocabulary } from './vocabulary.ts';
import type { Warn } from './warn.ts';

export const DEFAULT_KEY = '{{ source }}|{{ type }}|{{ subject }}';

interface Side {
  readonly match: unknown;
  readonly vocabulary: Vocabulary;
}

/** Warns of a `resolve` whose event can never have the key of the alert, because a value in the key is another one, or missing, there. */
export function lintResolve(
  key: string,
  firing: Side,
  ending: Side,
  place: { readonly resolve: string; readonly key: string | undefined },
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
    const what = place.key === undefined ? 'the default `key`' : '`key`';
    const why = missing
      ? 'which the event that ends it does not have'
      : 'which is another one in the event that ends it';
    warn({
      pointer: place.key ?? place.resolve,
      at: place.key === undefined ? 'key' : 'value',
      code: 'rule.never_resolves',
      message: `this never ends: ${what} holds \`${name}\`, ${why}`,
      mend: `give a \`key\` of what both have in common, such as \`{{ subject }}\``,
    });
    return;
  }
}

/** The only values that a path can have; undefined when that is not known. */
function valuesOf(path: string, { match, vocabulary }: Side): readonly unknown[] | undefined {
  const pinned = isObject(match) ? match[path] : undefined;
  const values = Array.isArray(pinned) ? pinned : pinned === undefined ? undefined : [pinned];
  if (values?.every((value) => typeof value !== 'object') === true) return values.map(String);
  return path === 'type' ? vocabulary.types : undefined;
}
