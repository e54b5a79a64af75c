import { type Static, type TProperties, type TSchema, Type } from './type.ts';
import type { Rate } from '../../lib/duration.ts';
import type { Secret } from '../../lib/secret.ts';
import type { Condition, Template } from '../ruleset.ts';

/** Every field says what it is and shows one: editors and the reference tables print both. */
export interface FieldDoc<D = unknown> {
  readonly description: string;
  readonly examples: readonly unknown[];
  readonly default?: D;
}

/**
 * A string in YAML that is something else in code. `belfry` names the decoding: after validation `compile` replaces the
 * string by the value that the static type promises. Defaults are written as in YAML and decoded too.
 */
function decoded<T>(belfry: Decoding, doc: FieldDoc<string>) {
  return Type.Unsafe<T>({ type: 'string', belfry, ...doc });
}

export type Decoding = 'duration' | 'duration-text' | 'size' | 'rate' | 'secret' | 'template' | 'condition';

/** `10s` -> milliseconds. */
export const duration = (doc: FieldDoc<string>) => decoded<number>('duration', doc);
/** A duration that stays as it is written (`1h`), because it is stored as text. */
export const durationText = (doc: FieldDoc<string>) => decoded<string>('duration-text', doc);
/** `64KiB` -> bytes. */
export const size = (doc: FieldDoc<string>) => decoded<number>('size', doc);
/** `20/1m` -> {count, per}. */
export const rate = (doc: FieldDoc<string>) => decoded<Rate>('rate', doc);
/** Never logged, shown or stored: `.reveal()` it inside `send` only. */
export const secret = (doc: FieldDoc<string>) => decoded<Secret>('secret', doc);
/** Text that is used as it is written, and often holds a credential: a header, a variable. Its literal parts are masked as secrets. */
export const sensitive = <T extends TSchema>(field: T): T => ({ ...field, sensitive: true });
/** Liquid. */
export const template = (doc: FieldDoc<string>) => decoded<Template>('template', doc);
/** One of `words`, or a template that gives one. */
export const wordOrTemplate = (words: readonly string[], doc: FieldDoc<string>) =>
  Type.Unsafe<Template>({
    belfry: 'template',
    anyOf: [
      { type: 'string', enum: [...words] },
      { type: 'string', pattern: String.raw`\{[{%]` },
    ],
    ...doc,
  });
/** CEL, boolean. */
export const condition = (doc: FieldDoc<string>) => decoded<Condition>('condition', doc);

/** One or several of the same; in code always a list. */
export const oneOrMany = <T extends TSchema>(item: T, doc: FieldDoc) =>
  Type.Unsafe<readonly Static<T>[]>({
    belfry: 'list',
    anyOf: [item, { type: 'array', items: item, minItems: 1 }],
    ...doc,
  });

/** An object that refuses keys it does not know. `default: {}` fills in the defaults of its fields where it is left out. */
export const strict = <P extends TProperties>(
  properties: P,
  doc: { readonly description?: string; readonly default?: Readonly<Record<string, never>> } = {},
) => Type.Object(properties, { additionalProperties: false, ...doc });
