import { parseDuration, parseRate, parseSize } from '../../lib/time/duration.ts';
import { Secret } from '../../lib/secrets/secret.ts';
import { isObject } from '../values/json.ts';
import { compileCondition } from '../match/condition/condition.ts';
import { joinPointer, nameOf } from '../values/pointer.ts';
import type { Template } from '../ruleset.ts';
import { readButton } from '../message/alert-button.ts';
import { compileTemplate } from '../message/template.ts';
import type { Decoding } from './fields.ts';
import { type Absolute, absoluteArgument, absoluteGlob, absoluteTemplate, absoluteUnlessName } from './paths.ts';
import type { TSchema } from './type.ts';
import { holdsSecret, type Schema, schemaOf } from './json-schema.ts';
import { fits, type Finding } from './mismatch.ts';

/** Receives the results of decoding besides the value: findings, and the positions of secrets. */
export interface DecodeSink {
  found(finding: Finding): void;
  secret(pointer: string, value: string): void;
  /** Reports the literal part of a text that may hold a credential. */
  sensitive(pointer: string, literal: string): void;
  /** Reports that a value of the wrong form may be a secret. */
  hide(pointer: string): void;
  /** Resolves a path by the folder of the file. Without it paths stay as written. */
  absolute?: Absolute;
  /** Reports that the value depends on the folder of the file. */
  located?(pointer: string): void;
}

/** Sink for values that were checked before. */
export const NO_SINK: DecodeSink = {
  found: () => undefined,
  secret: () => undefined,
  sensitive: () => undefined,
  hide: () => undefined,
};

type Decoder = (text: string, pointer: string, sink: DecodeSink) => unknown;

const quantity =
  (parse: (text: string) => unknown, noun: string, mend: string): Decoder =>
  (text, pointer, sink) => {
    const value = parse(text);
    if (value === undefined) {
      const message = `${nameOf(pointer)} is not ${noun}`;
      sink.found({ pointer, at: 'value', code: 'value.format', message, mend });
    }
    return value;
  };

const parseDurationText = quantity(
  parseDuration,
  'a duration',
  'write it like `500ms`, `10s`, `5m`, `2h`, `3d` or `1h30m`',
);

/** Resolves the relative paths in a value; the same value when there is none. */
const located =
  <T>(
    read: (text: string, pointer: string, sink: DecodeSink) => T | undefined,
    resolve: (value: T, absolute: Absolute, pointer: string) => T,
  ): Decoder =>
  (text, pointer, sink) => {
    const value = read(text, pointer, sink);
    if (value === undefined || sink.absolute === undefined) return value;
    const resolved = resolve(value, sink.absolute, pointer);
    if (resolved !== value) sink.located?.(pointer);
    return resolved;
  };

const asWritten = (text: string): string => text;
const template = (text: string, pointer: string, sink: DecodeSink): Template | undefined => {
  const compiled = compileTemplate(text);
  if (compiled.ok) return compiled.template;
  sink.found({
    pointer,
    at: 'value',
    offset: compiled.offset,
    code: 'value.template',
    message: `${nameOf(pointer)} is not a template: ${compiled.message}`,
    mend: compiled.mend ?? 'it is Liquid: `{{ data.name }}`, `{% if data.ok %}...{% endif %}`',
    quotes: true,
  });
  return undefined;
};

/** Reads a button on the alert; undefined after a finding. */
const buttonChange = (text: string, pointer: string, sink: DecodeSink): string | undefined => {
  const read = readButton(text);
  if (read.ok) return read.text;
  sink.found({ pointer, at: 'value', code: 'value.button', message: read.message, mend: read.mend, quotes: true });
  return undefined;
};

const DECODERS: Readonly<Record<Decoding, Decoder>> = {
  path: located(asWritten, (text, absolute) => absolute(text)),
  glob: located(asWritten, absoluteGlob),
  'name-or-path': located(asWritten, absoluteUnlessName),
  'path-template': located(template, absoluteTemplate),
  argument: located(template, absoluteArgument),
  pem: located(
    (text, pointer, sink) => {
      if (/-----BEGIN [A-Z ]*PRIVATE KEY/.test(text)) sink.secret(pointer, text);
      return new Secret(text);
    },
    (given, absolute) => {
      const text = given.reveal();
      return text.includes('-----BEGIN ') ? given : new Secret(absolute(text));
    },
  ),
  template,
  'alert-button': (text, pointer, sink) => {
    const change = buttonChange(text, pointer, sink);
    return change === undefined ? undefined : { do: change };
  },
  'button-change': buttonChange,
  duration: parseDurationText,
  'duration-text': (text, pointer, sink) => (parseDurationText(text, pointer, sink) === undefined ? undefined : text),
  size: quantity(parseSize, 'a size', 'write it like `64KiB` or `1MB`'),
  rate: quantity(parseRate, 'a rate', 'write it like `20/1m`: at most 20 in one minute'),
  secret(text, pointer, sink) {
    if (text === '') {
      const message = `${nameOf(pointer)} is empty`;
      sink.found({
        pointer,
        at: 'value',
        code: 'value.empty',
        message,
        mend: 'give the secret, best as a reference such as `${env:NAME}`',
      });
    }
    sink.secret(pointer, text);
    return new Secret(text);
  },
  condition(text, pointer, sink) {
    const compiled = compileCondition(text);
    if (compiled.ok) return compiled.condition;
    sink.found({
      pointer,
      at: 'value',
      offset: compiled.offset,
      code: 'value.condition',
      message: `${nameOf(pointer)} is not a condition: ${compiled.message}`,
      mend:
        compiled.mend ?? 'it is a CEL expression that is true or false: `data.status == "failed" && data.count > 3.0`',
      quotes: true,
    });
    return undefined;
  },
};

/**
 * Converts strings to the values of the schema's static type, and fills in defaults. Values that do not fit the schema are left
 * unchanged, because validation reports them; so both can run on the same file, and all problems are reported at once.
 */
export function decode(schema: TSchema, value: unknown, pointer: string, sink: DecodeSink): unknown {
  return walk(schemaOf(schema), value, pointer, sink);
}

function walk(schema: Schema, given: unknown, pointer: string, sink: DecodeSink): unknown {
  const value = given === undefined ? schema.default : given;
  if (value === undefined) return undefined;
  if (schema.sensitive === true && typeof value === 'string') sink.sensitive(pointer, literalOf(schema, value));
  if (schema.belfry === 'list') return decodeList(schema, value, pointer, sink);
  const decoder = schema.belfry === undefined ? undefined : DECODERS[schema.belfry as Decoding];
  if (decoder !== undefined && typeof value === 'string') return decoder(value, pointer, sink);
  if (decoder !== undefined || schema.anyOf !== undefined) {
    const branch = (schema.anyOf ?? []).find((candidate) => fits(candidate, value));
    if (branch !== undefined && decoder === undefined) return walk(branch, value, pointer, sink);
    if (holdsSecret(schema)) sink.hide(pointer);
    return value;
  }
  if (hasOtherForm(schema, value) && holdsSecret(schema)) sink.hide(pointer);
  if (Array.isArray(value)) {
    const { items } = schema;
    return items === undefined
      ? value
      : value.map((item, index) => walk(items, item, joinPointer(pointer, index), sink));
  }
  return isObject(value) ? decodeObject(schema, value, pointer, sink) : value;
}

/** True for a value of another kind than the schema wants, such as a list in place of a map. */
const hasOtherForm = ({ type }: Schema, value: unknown): boolean =>
  (type === 'object' && !isObject(value)) || (type === 'array' && !Array.isArray(value));

/** A text without the tags of its template. */
function literalOf(schema: Schema, text: string): string {
  if (schema.belfry !== 'template') return text;
  return text.replace(/\{\{.*?(?:\}\}|$)|\{%.*?(?:%\}|$)/gs, ' ').trim();
}

function decodeList(schema: Schema, value: unknown, pointer: string, sink: DecodeSink): unknown {
  const branches = schema.anyOf ?? [];
  const many = branches.find((branch) => branch.type === 'array');
  if (Array.isArray(value)) return many === undefined ? value : walk(many, value, pointer, sink);
  const one = { anyOf: branches.filter((branch) => branch !== many) };
  return [walk(one.anyOf.length === 1 ? one.anyOf[0]! : one, value, pointer, sink)];
}

function decodeObject(schema: Schema, value: Record<string, unknown>, pointer: string, sink: DecodeSink): unknown {
  const properties = schema.properties ?? {};
  const decoded: Record<string, unknown> = {};
  for (const [name, property] of Object.entries(properties)) {
    const given = Object.hasOwn(value, name) ? value[name] : undefined;
    if (given === undefined && property.default === undefined) continue;
    const item = walk(property, given, joinPointer(pointer, name), sink);
    if (item !== undefined) decoded[name] = item;
  }
  for (const [name, item] of Object.entries(value)) {
    if (Object.hasOwn(properties, name)) continue;
    const open = openSchema(schema, name);
    decoded[name] = open === undefined ? item : walk(open, item, joinPointer(pointer, name), sink);
  }
  return decoded;
}

function openSchema(schema: Schema, name: string): Schema | undefined {
  for (const [pattern, open] of Object.entries(schema.patternProperties ?? {})) {
    if (new RegExp(pattern, 'u').test(name)) return open;
  }
  return typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
}

const READINGS: Readonly<Record<string, (text: string) => unknown>> = {
  integer: (text) => (/^[-+]?\d+$/.test(text) ? Number(text) : text),
  number: (text) => (/^[-+]?(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : text),
  boolean: (text) => (text === 'true' ? true : text === 'false' ? false : text),
};

/** Converts texts from references to the numbers and booleans that the schema requires. Texts that are written in the file stay texts. */
export function coerceReferenced(
  schema: Schema,
  value: unknown,
  pointer: string,
  referenced: (pointer: string) => boolean,
): unknown {
  if (typeof value === 'string') {
    const reading = typeof schema.type === 'string' ? READINGS[schema.type] : undefined;
    return reading !== undefined && referenced(pointer) ? reading(value) : value;
  }
  if (Array.isArray(value)) {
    const { items } = schema;
    return items === undefined
      ? value
      : value.map((item, index) => coerceReferenced(items, item, joinPointer(pointer, index), referenced));
  }
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => {
      const property = schema.properties?.[name];
      return [
        name,
        property === undefined ? item : coerceReferenced(property, item, joinPointer(pointer, name), referenced),
      ];
    }),
  );
}
