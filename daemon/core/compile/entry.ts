import type { CompileContext } from './context.ts';
import { isObject } from '../values/json.ts';
import { joinPointer, segmentsOf, valueAt } from '../values/pointer.ts';
import { kindOf } from '../schema/explain.ts';
import { ENTRY_NAME } from '../schema/fields.ts';
import { mendByName, suggest } from '../problems/suggest.ts';
import { exampleTexts } from '../schema/examples.ts';
import { schemaOf } from '../schema/json-schema.ts';
import type { ChannelTypeInfo, SourceTypeInfo } from './registry.ts';

/** Settings of a source or channel, with its type. */
export interface Entry<T> {
  readonly type: T;
  readonly settings: Readonly<Record<string, unknown>>;
}

/** Types of entries. */
interface KnownTypes<T> {
  readonly types: readonly T[];
  /** Names of all types, also of those that are not among `types`. */
  readonly names: () => readonly string[];
  /** Types that could not be loaded, with the reason. */
  readonly faults?: ReadonlyMap<string, string>;
}

/** Reads an entry of `sources` or `channels`: a name, a known `type`, settings. Undefined when one of these is invalid. */
export function readEntry<T extends { readonly type: string }>(
  noun: 'source' | 'channel',
  name: string,
  given: unknown,
  { types, names, faults }: KnownTypes<T>,
  context: CompileContext,
): Entry<T> | undefined {
  const pointer = joinPointer(`/${noun}s`, name);
  if (!new RegExp(ENTRY_NAME, 'u').test(name)) {
    const message = `\`${name}\` cannot be the name of a ${noun}`;
    context.found({ pointer, at: 'key', code: `${noun}.name`, message, mend: 'use letters, digits, `_`, `.` and `-`' });
  }
  if (!isObject(given)) {
    context.masked.add(pointer);
    const message = `the ${noun} \`${name}\` must be a map of settings, not ${kindOf(given)}`;
    context.found({
      pointer,
      at: 'key',
      code: 'schema.type',
      message,
      mend: `write \`${name}: { type: ${names()[0] ?? '...'} }\``,
    });
    return undefined;
  }
  const found = types.find(({ type }) => type === given.type);
  if (found !== undefined) {
    const { type: _type, ...settings } = given;
    return { type: found, settings };
  }
  for (const key of Object.keys(given)) if (key !== 'type') context.masked.add(joinPointer(pointer, key));
  const fault = typeof given.type === 'string' ? faults?.get(given.type) : undefined;
  if (fault === undefined) reportType(noun, name, given, names(), context);
  else reportFault(given.type as string, fault, joinPointer(pointer, 'type'), context);
  return undefined;
}

function reportFault(type: string, fault: string, pointer: string, context: CompileContext): void {
  context.found({
    pointer,
    at: 'value',
    code: 'program.missing',
    message: `the part of the program for \`${type}\` cannot be loaded: ${fault}`,
    mend: 'restart the daemon if Belfry was updated under it; otherwise install Belfry again',
  });
}

function reportType(
  noun: string,
  name: string,
  given: Record<string, unknown>,
  known: readonly string[],
  context: CompileContext,
): void {
  const pointer = joinPointer(`/${noun}s`, name);
  if (typeof given.type === 'string') {
    context.found({
      pointer: joinPointer(pointer, 'type'),
      at: 'value',
      code: `${noun}.unknown_type`,
      message: context.document.referenced(joinPointer(pointer, 'type'))
        ? `this is not a type of ${noun}`
        : `\`${given.type}\` is not a type of ${noun}`,
      mend: mendByName(given.type, known, 'this build has no types', 'there are'),
    });
    return;
  }
  const misspelt = Object.keys(given).find((key) => suggest(key, ['type']) !== undefined);
  context.found({
    pointer: misspelt === undefined ? pointer : joinPointer(pointer, misspelt),
    at: 'key',
    code: 'schema.missing',
    message: `the ${noun} \`${name}\` lacks \`type\``,
    mend: misspelt === undefined ? `add \`type\`; there are: ${known.join(', ')}` : 'did you mean `type`?',
  });
}

/** Runs the check of a type on valid settings, and reports its findings as problems of the entry. */
export function runCheck(
  { check, settings: schema }: Pick<ChannelTypeInfo | SourceTypeInfo, 'check' | 'settings'>,
  settings: unknown,
  pointer: string,
  noun: string,
  context: CompileContext,
): void {
  const code = `${noun}.settings`;
  try {
    for (const { pointer: relative, message, mend } of check?.(settings) ?? []) {
      const takes = exampleTexts(schemaOf(schema), relative);
      context.found({ pointer: pointerInFile(pointer + relative, context), at: 'value', code, message, mend, takes });
    }
  } catch (error) {
    const message = `this ${noun} could not be checked (${error instanceof Error ? error.name : 'error'})`;
    context.found({
      pointer,
      at: 'key',
      code,
      message,
      mend: 'please report this as a bug, with this part of the file',
    });
  }
}

/** Converts a pointer into checked settings to one into the file, in which a list with one entry may be a single value. */
export function pointerInFile(pointer: string, context: CompileContext): string {
  const [owner, last] = [segmentsOf(pointer).slice(0, -1), segmentsOf(pointer).at(-1)];
  return last === '0' && !Array.isArray(valueAt(context.document.data, owner)) ? joinPointer('', ...owner) : pointer;
}

/** JSON with sorted keys: equal settings give the same text. */
export function stableText(value: unknown): string {
  return JSON.stringify(inOrder(value)) ?? '';
}

function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (!isObject(value)) return value;
  const ordered: Record<string, unknown> = {};
  for (const key of Object.keys(value).sort()) ordered[key] = inOrder(value[key]);
  return ordered;
}
