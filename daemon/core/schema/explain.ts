import { formatDuration } from '../../lib/time/duration.ts';
import { joinPointer, nameOf } from '../values/pointer.ts';
import { mendByName, suggest } from '../problems/suggest.ts';
import type { Schema } from './json-schema.ts';
import type { Finding, Mismatch, ValidationContext } from './mismatch.ts';

/** A finding with a pointer relative to the error; `suggested` is the known key that was probably intended. */
export type Explained = Finding & { readonly suggested?: string };

type Explain = (
  error: Mismatch,
  name: string,
  context: ValidationContext,
) => Omit<Explained, 'pointer' | 'at'> & { pointer?: string; at?: 'key' };

/** Messages for the keywords of JSON Schema, for people who write rules. */
const EXPLANATIONS: Readonly<Record<string, Explain>> = {
  additionalProperties(error, _name, context) {
    const key = String(error.params.additionalProperty);
    const known = Object.keys(schemaIn(error).properties ?? {});
    const suggested = suggest(key, known);
    const whole = error.instancePath === '' ? context.noun : nameOf(error.instancePath);
    return {
      pointer: joinPointer('', key),
      at: 'key',
      code: 'schema.unknown_key',
      message: `\`${key}\` is not a setting of ${whole}`,
      mend: mendByName(key, known, 'remove it'),
      ...(suggested !== undefined && { suggested }),
    };
  },
  required(error, _name, context) {
    const key = String(error.params.missingProperty);
    const whole = error.instancePath === '' ? context.noun : nameOf(error.instancePath);
    const [example] = schemaIn(error).properties?.[key]?.examples ?? [];
    const mend = example === undefined ? `add \`${key}\`` : `add it, for example \`${key}: ${inline(example)}\``;
    return { at: 'key', code: 'schema.missing', message: `${whole} lacks \`${key}\``, mend };
  },
  type: explainType,
  enum: (error, name, context) => choice(error, name, context, error.params.allowedValues as readonly unknown[]),
  anyOf: explainUnion,
  pattern(error, name) {
    const [example] = schemaIn(error).examples ?? [];
    const mend =
      example === undefined ? `it must match ${String(error.params.pattern)}` : `write it like \`${inline(example)}\``;
    const takes = typeof example === 'string' ? [example] : [];
    return { code: 'schema.format', message: `${name} does not have the required form`, mend, takes };
  },
  minItems: (error, name) => ({
    code: 'schema.empty',
    message: `${name} has too few entries`,
    mend: `give at least ${String(error.params.limit)}`,
  }),
  maxItems: (error, name) => ({
    code: 'schema.range',
    message: `${name} has too many entries`,
    mend: `give at most ${String(error.params.limit)}`,
  }),
  minLength: (_error, name) => ({
    code: 'schema.empty',
    message: `${name} is empty or too short`,
    mend: 'give it a value or remove it',
  }),
  maxLength: (error, name) => ({
    code: 'schema.range',
    message: `${name} is too long`,
    mend: `use at most ${String(error.params.limit)} characters`,
  }),
  minimum: explainLimit,
  maximum: explainLimit,
  exclusiveMinimum: explainLimit,
  exclusiveMaximum: explainLimit,
  minProperties: (_error, name) => ({
    code: 'schema.empty',
    message: `${name} has too few settings`,
    mend: 'give at least one',
  }),
  maxProperties: (error, name) => ({
    code: 'schema.range',
    message: `${name} has too many settings`,
    mend: `give at most ${String(error.params.limit)}`,
  }),
};

export function explain(error: Mismatch, context: ValidationContext): Explained {
  const name = error.instancePath === '' ? context.noun : nameOf(error.instancePath);
  const explanation = EXPLANATIONS[error.keyword]?.(error, name, context);
  if (explanation !== undefined) return { pointer: '', at: 'value', ...explanation };
  return {
    pointer: '',
    at: 'value',
    code: 'schema.invalid',
    message: `${name} is not valid`,
    mend: 'see the reference of this setting',
  };
}

const schemaIn = (error: Mismatch): Schema => error.parentSchema;

const NOUNS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  object: 'a map of settings',
  array: 'a list',
  null: 'nothing',
};

/** Corrected text for a number without the unit that it needs. */
const UNITS: Readonly<Record<string, (count: number) => string>> = {
  duration: (count) => formatDuration(Math.max(0, count * 1000)),
  'duration-text': (count) => formatDuration(Math.max(0, count * 1000)),
  size: (count) => `${count}B`,
  rate: (count) => `${count}/1m`,
};

function explainType(error: Mismatch, name: string, context: ValidationContext): ReturnType<Explain> {
  const schema = schemaIn(error);
  const unit = UNITS[schema.belfry ?? ''];
  if (unit !== undefined && typeof error.data === 'number') {
    const number = context.hidden(context.pointer + error.instancePath) ? 10 : error.data;
    return { code: 'value.unit', message: `${name} needs a unit`, mend: `write \`${unit(number)}\`` };
  }
  const wanted = [error.params.type as string | readonly string[]].flat();
  const [example] = schema.examples ?? [];
  const hint = error.data === null && wanted.includes('string') ? '; a text that begins with `#` needs quotes' : '';
  return {
    code: 'schema.type',
    message: `${name} must be ${wanted.map((type) => NOUNS[type] ?? type).join(' or ')}, not ${kindOf(error.data)}`,
    mend:
      wanted.includes('string') && isScalar(error.data) && error.data !== null
        ? 'put it in quotes'
        : example === undefined
          ? 'change it'
          : `for example \`${inline(example)}\`${hint}`,
  };
}

function explainUnion(error: Mismatch, name: string, context: ValidationContext): ReturnType<Explain> {
  const schema = schemaIn(error);
  const branches = schema.anyOf ?? [];
  const unit = branches.map((branch) => branch.belfry).find((belfry) => belfry !== undefined && belfry in UNITS);
  if (unit !== undefined && typeof error.data === 'number') {
    return { code: 'value.unit', message: `${name} needs a unit`, mend: `write \`${UNITS[unit]!(error.data)}\`` };
  }
  const words = branches.flatMap((branch) => [
    ...(branch.enum ?? []),
    ...(branch.const === undefined ? [] : [branch.const]),
  ]);
  if (words.length > 0 && isScalar(error.data)) return choice(error, name, context, words);
  const kinds = [...new Set(branches.flatMap((branch) => [branch.type ?? []].flat()))].map(
    (type) => NOUNS[type] ?? type,
  );
  const [example] = schema.examples ?? [];
  const mend = example === undefined ? 'change it' : `for example \`${inline(example)}\``;
  return {
    code: 'schema.type',
    message: `${name} must be ${kinds.join(' or ') || 'something else'}, not ${kindOf(error.data)}`,
    mend,
  };
}

function choice(
  error: Mismatch,
  name: string,
  context: ValidationContext,
  allowed: readonly unknown[],
): ReturnType<Explain> {
  const words = allowed.map(String);
  const hidden = context.hidden(context.pointer + error.instancePath) || !isScalar(error.data);
  return {
    code: 'schema.choice',
    message: hidden ? `${name} is not one of its values` : `\`${String(error.data)}\` is not a value of ${name}`,
    mend: hidden
      ? `choose one of: ${words.join(', ')}`
      : mendByName(String(error.data), words, 'remove it', 'choose one of'),
    takes: words,
  };
}

function explainLimit(error: Mismatch, name: string): ReturnType<Explain> {
  const words: Readonly<Record<string, string>> = {
    '>=': 'at least',
    '<=': 'at most',
    '>': 'more than',
    '<': 'less than',
  };
  const { comparison, limit } = error.params as { comparison: string; limit: number };
  return {
    code: 'schema.range',
    message: `${name} is out of range`,
    mend: `it must be ${words[comparison] ?? comparison} ${limit}`,
  };
}

const isScalar = (value: unknown): boolean => typeof value !== 'object' || value === null;

export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'number') return 'a number';
  if (typeof value === 'boolean') return 'true or false';
  return typeof value === 'string' ? 'text' : 'a map';
}

/** A value as YAML on one line. */
export function inline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    return `{ ${Object.entries(value)
      .map(([key, item]) => `${key}: ${inline(item)}`)
      .join(', ')} }`;
  }
  if (typeof value !== 'string') return String(value);
  return /^[A-Za-z0-9_./@-][A-Za-z0-9_./@ -]*$/.test(value) ? value : JSON.stringify(value);
}
