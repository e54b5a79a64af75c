import { type Static, type TProperties, type TSchema, Type } from './type.ts';
import type { Rate } from '../../lib/time/duration.ts';
import type { Secret } from '../../lib/secrets/secret.ts';
import type { Condition, Template } from '../ruleset.ts';
import type { ProxySetting } from '../values/proxy.ts';

/** Documentation of a field, which editors and the reference tables show. */
export interface FieldDoc<D = unknown> {
  readonly description: string;
  readonly examples: readonly unknown[];
  readonly default?: D;
}

/**
 * A string in YAML that becomes a value of another type. `belfry` names the conversion, which `decode` applies. Defaults are
 * written as in YAML and converted, too.
 */
function decoded<T>(belfry: Decoding, doc: FieldDoc<string>) {
  return Type.Unsafe<T>({ type: 'string', belfry, ...doc });
}

export type Decoding =
  | 'duration'
  | 'duration-text'
  | 'size'
  | 'rate'
  | 'secret'
  | 'template'
  | 'condition'
  | 'path'
  | 'glob'
  | 'name-or-path'
  | 'path-template'
  | 'argument'
  | 'alert-button'
  | 'button-change'
  | 'pem';

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
/** Text that is used unchanged and may be a credential, such as a header or a variable. Its literal parts are masked as secrets. */
export const sensitive = <T extends TSchema>(field: T): T => ({ ...field, sensitive: true });
/** Liquid. */
export const template = (doc: FieldDoc<string>) => decoded<Template>('template', doc);
/** One of `words`, or a template that renders to one. */
export const wordOrTemplate = (words: readonly string[], doc: FieldDoc<string>) =>
  Type.Unsafe<Template>({
    belfry: 'template',
    anyOf: [
      { type: 'string', enum: [...words] },
      { type: 'string', pattern: String.raw`\{[{%]` },
    ],
    ...doc,
  });
/** A file or folder. Here and below, a relative path starts at the folder of the file that contains it; the decoded path is absolute. */
export const path = (doc: FieldDoc<string>) =>
  Type.Unsafe<string>({ type: 'string', belfry: 'path', minLength: 1, ...doc });
/** One glob of a list of them. */
export const glob = () => Type.Unsafe<string>({ type: 'string', belfry: 'glob', minLength: 1 });
/** A path if it contains a slash, otherwise a name. */
export const nameOrPath = (doc: FieldDoc<string> & { readonly pattern?: string }) =>
  decoded<string>('name-or-path', doc);
/** Liquid that renders to a path. */
export const pathTemplate = (doc: FieldDoc<string>) => decoded<Template>('path-template', doc);
/** Liquid that renders to an element of an argument list: the program (the first one), or an argument. */
export const argument = (doc: FieldDoc<string>) => decoded<Template>('argument', doc);
/** PEM, or the path of a file with it. A private key in it is a secret. */
export const pem = (doc: FieldDoc<string>) =>
  Type.Unsafe<Secret>({ type: 'string', belfry: 'pem', minLength: 1, ...doc });
/** A proxy for connections of channels. */
export const proxy = (doc: FieldDoc<string>) =>
  Type.Unsafe<ProxySetting>({
    anyOf: [
      { type: 'string', enum: ['env', 'none'] },
      secret({
        description: 'The address of the proxy.',
        examples: ['http://belfry:${env:PROXY_PASSWORD}@proxy.internal:3128'],
      }),
    ],
    ...doc,
  });
/** CEL, boolean. */
export const condition = (doc: FieldDoc<string>) => decoded<Condition>('condition', doc);

/** One value or a list of values; decoded as a list. */
export const oneOrMany = <T extends TSchema>(item: T, doc: FieldDoc) =>
  Type.Unsafe<readonly Static<T>[]>({
    belfry: 'list',
    anyOf: [item, { type: 'array', items: item, minItems: 1 }],
    ...doc,
  });

/** An object without unknown keys. With `default: {}`, an object that is left out gets the defaults of its fields. */
export const strict = <P extends TProperties>(
  properties: P,
  doc: { readonly description?: string; readonly default?: Readonly<Record<string, never>> } = {},
) => Type.Object(properties, { additionalProperties: false, ...doc });

/** Names of sources, channels and hours: they become URLs, file names and labels. */
export const ENTRY_NAME = '^[A-Za-z0-9_.-]{1,100}$';
