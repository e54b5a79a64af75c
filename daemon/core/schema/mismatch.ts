import { below } from '../values/pointer.ts';
import type { Schema } from './json-schema.ts';

/** A keyword of a schema that a value does not satisfy. */
export interface Mismatch {
  readonly keyword: string;
  /** Where in the value, and where in the schema: JSON Pointers. */
  readonly instancePath: string;
  readonly schemaPath: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly parentSchema: Schema;
  readonly data: unknown;
}

/** Adds what is wrong with a value, which stands at `at`, to `found`. */
export type Check = (value: unknown, at: string, found: Mismatch[]) => void;

/** A schema and where it stands. */
interface Site {
  readonly schema: Schema;
  readonly path: string;
  readonly keyword: string;
}

type Keyword = (site: Site) => Check;
type Params = Mismatch['params'];
type Fields = Readonly<Record<string, unknown>>;

const KINDS = {
  string: (value: unknown) => typeof value === 'string',
  number: (value: unknown) => typeof value === 'number',
  integer: (value: unknown) => typeof value === 'number' && !Number.isNaN(value) && !(value % 1),
  boolean: (value: unknown) => typeof value === 'boolean',
  null: (value: unknown) => value === null,
  array: (value: unknown) => Array.isArray(value),
  object: (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value),
} as const satisfies Readonly<Record<string, (value: unknown) => boolean>>;

const anything = (_value: unknown): _value is unknown => true;
const isText = (value: unknown): value is string => KINDS.string(value);
const isNumber = (value: unknown): value is number => KINDS.number(value);
const isList = (value: unknown): value is readonly unknown[] => KINDS.array(value);
const isMap = (value: unknown): value is Fields => KINDS.object(value);

const has = (map: Fields, key: string): boolean => map[key] !== undefined && Object.hasOwn(map, key);

/** A keyword that says what must hold of a value of one kind; others it does not concern. `holds` prepares what is asked often. */
function must<V, W>(
  concerns: (value: unknown) => value is V,
  holds: (wanted: W) => (value: V) => boolean,
  params: (wanted: W) => Params = (limit) => ({ limit }),
): Keyword {
  return (site) => {
    const wanted = site.schema[site.keyword] as W;
    const right = holds(wanted);
    return (value, at, found) => {
      if (concerns(value) && !right(value)) found.push(mismatch(site, value, at, params(wanted)));
    };
  };
}

function mismatch({ schema, path, keyword }: Site, data: unknown, instancePath: string, params: Params): Mismatch {
  return { keyword, instancePath, schemaPath: below(path, keyword), params, parentSchema: schema, data };
}

const compared = (comparison: string, holds: (value: number, limit: number) => boolean): Keyword =>
  must(
    isNumber,
    (limit: number) => (value) => holds(value, limit),
    (limit) => ({ comparison, limit }),
  );

const sized = <V>(concerns: (value: unknown) => value is V, holds: (value: V, limit: number) => boolean): Keyword =>
  must(concerns, (limit: number) => (value) => holds(value, limit));

/** Characters as people count them: a pair of surrogates is one. */
const lengthOf = (text: string): number => Array.from(text).length;
const sizeOf = (map: Fields): number => Object.keys(map).length;

/** The keywords that our schemas use, in the order in which their mismatches are told. */
const KEYWORDS: Readonly<Record<string, Keyword>> = {
  type: must(
    anything,
    (types: string | readonly string[]) => {
      const kinds = [types].flat().map((type) => KINDS[type as keyof typeof KINDS]);
      return (value) => kinds.some((is) => is(value));
    },
    (type) => ({ type }),
  ),
  maximum: compared('<=', (value, limit) => value <= limit),
  minimum: compared('>=', (value, limit) => value >= limit),
  exclusiveMaximum: compared('<', (value, limit) => value < limit),
  exclusiveMinimum: compared('>', (value, limit) => value > limit),
  maxLength: sized(isText, (text, limit) => text.length <= limit || lengthOf(text) <= limit),
  minLength: sized(isText, (text, limit) => text.length >= 2 * limit || lengthOf(text) >= limit),
  pattern: must(
    isText,
    (source: string) => {
      const pattern = new RegExp(source, 'u');
      return (text) => pattern.test(text);
    },
    (pattern) => ({ pattern }),
  ),
  enum: must(
    anything,
    (words: readonly unknown[]) => (value) => words.includes(value),
    (allowedValues) => ({ allowedValues }),
  ),
  anyOf,
  maxItems: sized(isList, (list, limit) => list.length <= limit),
  minItems: sized(isList, (list, limit) => list.length >= limit),
  items,
  maxProperties: sized(isMap, (map, limit) => sizeOf(map) <= limit),
  minProperties: sized(isMap, (map, limit) => sizeOf(map) >= limit),
  required,
  additionalProperties,
  properties,
  patternProperties,
};

/** Words about a schema that ask nothing of a value. */
const ANNOTATIONS = new Set(['belfry', 'sensitive', 'description', 'examples', 'default']);

/** Prepares a schema: what is asked for every value is looked up once. */
export function checkOf(schema: Schema, path = '#'): Check {
  const unknown = Object.keys(schema).find((word) => !(word in KEYWORDS) && !ANNOTATIONS.has(word));
  if (unknown !== undefined) throw new Error(`the schema at ${path} has a keyword that nothing checks: ${unknown}`);
  const checks = Object.entries(KEYWORDS)
    .filter(([keyword]) => schema[keyword] !== undefined)
    .map(([keyword, prepare]) => prepare({ schema, path, keyword }));
  return (value, at, found) => {
    for (const check of checks) check(value, at, found);
  };
}

/** The checks of the schemas that a keyword has by name. */
function named({ schema, path, keyword }: Site): [string, Check][] {
  const schemas = schema[keyword] as Readonly<Record<string, Schema>>;
  return Object.entries(schemas).map(([name, inner]) => [name, checkOf(inner, below(path, keyword, name))]);
}

function anyOf(site: Site): Check {
  const branches = site.schema.anyOf!.map((branch, index) => checkOf(branch, below(site.path, 'anyOf', index)));
  return (value, at, found) => {
    const inside: Mismatch[] = [];
    for (const branch of branches) {
      const before = inside.length;
      branch(value, at, inside);
      if (inside.length === before) return;
    }
    found.push(...inside, mismatch(site, value, at, {}));
  };
}

function items({ schema, path }: Site): Check {
  const check = checkOf(schema.items!, below(path, 'items'));
  return (value, at, found) => {
    if (isList(value)) for (const [index, item] of value.entries()) check(item, `${at}/${index}`, found);
  };
}

function required(site: Site): Check {
  return (value, at, found) => {
    if (!isMap(value)) return;
    for (const missingProperty of site.schema.required!)
      if (!has(value, missingProperty)) found.push(mismatch(site, value, at, { missingProperty }));
  };
}

function properties(site: Site): Check {
  const known = named(site).map(([key, check]) => ({ key, step: below('', key), check }));
  return (value, at, found) => {
    if (!isMap(value)) return;
    for (const { key, step, check } of known) if (has(value, key)) check(value[key], at + step, found);
  };
}

function patternProperties(site: Site): Check {
  const known = named(site).map(([pattern, check]) => [new RegExp(pattern, 'u'), check] as const);
  return (value, at, found) => {
    if (!isMap(value)) return;
    for (const [pattern, check] of known)
      for (const key of Object.keys(value)) if (pattern.test(key)) check(value[key], below(at, key), found);
  };
}

/** Of the keys that neither `properties` nor `patternProperties` know: true for any, false for none, or a schema for theirs. */
function additionalProperties(site: Site): Check {
  const { schema, path } = site;
  const wanted = schema.additionalProperties!;
  const patterns = Object.keys(schema.patternProperties ?? {}).map((pattern) => new RegExp(pattern, 'u'));
  const known = (key: string): boolean =>
    Object.hasOwn(schema.properties ?? {}, key) || patterns.some((pattern) => pattern.test(key));
  const check = typeof wanted === 'object' ? checkOf(wanted, below(path, 'additionalProperties')) : undefined;
  return (value, at, found) => {
    if (wanted === true || !isMap(value)) return;
    for (const key of Object.keys(value).filter((name) => !known(name)))
      if (check !== undefined) check(value[key], below(at, key), found);
      else found.push(mismatch(site, value, at, { additionalProperty: key }));
  };
}
