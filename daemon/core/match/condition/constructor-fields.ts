import { isObject } from '../../values/json.ts';

/** Maximum of nesting that is searched; accepted events have fewer levels. */
const MAX_DEPTH = 70;

type Fields = Readonly<Record<string, unknown>>;

/**
 * Copy of the variables of an expression in which each object with a field `constructor` is a Map; undefined when there is none. cel-js
 * takes the type of an object from its `constructor`, which a sender could set to make conditions fail. A Map has the same meaning.
 */
export function withConstructorFields(variables: Fields): Fields | undefined {
  return Object.values(variables).some((value) => hasField(value)) ? mapValues(variables, 0) : undefined;
}

function hasField(value: unknown, depth = 0): boolean {
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return false;
  return (
    (isObject(value) && Object.hasOwn(value, 'constructor')) ||
    Object.values(value).some((item) => hasField(item, depth + 1))
  );
}

function converted(value: unknown, depth: number): unknown {
  if (depth > MAX_DEPTH) return value;
  if (Array.isArray(value)) return value.map((item) => converted(item, depth + 1));
  if (!isObject(value)) return value;
  const copy = mapValues(value, depth + 1);
  return Object.hasOwn(value, 'constructor') ? new Map(Object.entries(copy)) : copy;
}

const mapValues = (fields: Fields, depth: number): Fields =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, converted(value, depth)]));
