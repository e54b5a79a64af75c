import { BUILT_IN_SOURCES } from '../compile-source.ts';
import type { Fragment } from '../compile.ts';
import { Draft, type RuleDocument } from '../draft.ts';
import { OWN_SOURCE } from '../event.ts';
import { type EventShape, OPEN_SHAPE } from '../event-shape.ts';
import type { Problem } from '../failure.ts';
import { isObject } from '../json.ts';
import { OWN_SHAPES } from '../own-events.ts';
import { below } from '../pointer.ts';
import type { SourceConfig } from '../ruleset.ts';
import { daemonSchema } from '../schema/daemon.ts';
import { type Schema, schemaOf } from '../schema/json-schema.ts';
import { messageSchema } from '../schema/message.ts';
import { silenceSchema } from '../schema/silence.ts';
import type { Registry } from '../types.ts';
import { lintRule, MESSAGE_NAMES } from './lint-rule.ts';
import { lintSettings } from './lint-settings.ts';
import type { Warn } from './warn.ts';

/** What the templates of channels may name besides the fields of an event. */
const CHANNEL_NAMES: readonly string[] = [
  'rule',
  'key',
  'status',
  'title',
  'body',
  'priority',
  'tags',
  'link',
  'fields',
];

/**
 * What good files say in vain: it is valid, but never works. `around`: fragments that are not looked at themselves, but whose
 * sources rules may name. In steps of one entry.
 */
export function* lintSteps(
  fragments: readonly Fragment[],
  registry: Registry,
  around: readonly Fragment[] = [],
): Generator<undefined, readonly Problem[]> {
  const sources = new Map(
    [...around, ...fragments].flatMap((fragment) => fragment.sources.map((source) => [source.name, source] as const)),
  );
  const shapesOf = (name: string): readonly EventShape[] => {
    if (BUILT_IN_SOURCES.includes(name)) return name === OWN_SOURCE ? OWN_SHAPES : [OPEN_SHAPE];
    return shapesOfSource(sources.get(name), registry);
  };
  const found: Problem[] = [];
  for (const fragment of fragments) {
    if (fragment.document === undefined) continue;
    const draft = new Draft(fragment.document);
    yield* lintFile(fragment, fragment.document, registry, shapesOf, (finding) => draft.found(finding));
    found.push(...draft.problems);
  }
  return found;
}

function shapesOfSource(source: SourceConfig | undefined, { sources }: Registry): readonly EventShape[] {
  const type = sources.find((candidate) => candidate.type === source?.type);
  return (source !== undefined && type?.shapes?.(source.settings)) || [OPEN_SHAPE];
}

function* lintFile(
  fragment: Fragment,
  document: RuleDocument,
  registry: Registry,
  shapesOf: (name: string) => readonly EventShape[],
  warn: Warn,
): Generator<undefined, void> {
  const sections = isObject(document.data) ? document.data : {};
  const written = (pointer: string): string | undefined => document.written?.(pointer);
  const referenced = (pointer: string): boolean => document.referenced(pointer);
  const settings = (schema: Schema, given: unknown, pointer: string, names: readonly string[]): void =>
    lintSettings(schema, given, { pointer, names, written, referenced }, warn);
  settings(schemaOf(daemonSchema), sections.daemon, '/daemon', []);
  if (isObject(sections.defaults))
    settings(schemaOf(messageSchema), sections.defaults.message, '/defaults/message', MESSAGE_NAMES);
  for (const { name, type } of fragment.sources) {
    const info = registry.sources.find((candidate) => candidate.type === type)!;
    settings(
      schemaOf(info.settings),
      entryOf(sections.sources, name),
      below('/sources', name),
      info.templateNames ?? [],
    );
    yield;
  }
  for (const { name, type } of fragment.channels) {
    const info = registry.channels.find((candidate) => candidate.type === type)!;
    settings(schemaOf(info.settings), entryOf(sections.channels, name), below('/channels', name), CHANNEL_NAMES);
    yield;
  }
  for (const [index, silence] of listOf(sections.silences))
    settings(schemaOf(silenceSchema), silence, below('/silences', index), []);
  const good = new Set(fragment.rules.map(({ name }) => name));
  for (const [index, rule] of listOf(sections.rules)) {
    if (isObject(rule) && good.has(rule.name as string))
      lintRule(rule, shapesOf, { pointer: below('/rules', index), written, referenced }, warn);
    yield;
  }
}

const entryOf = (section: unknown, name: string): unknown => (isObject(section) ? section[name] : undefined);

const listOf = (section: unknown): readonly (readonly [number, unknown])[] =>
  Array.isArray(section) ? [...section.entries()] : [];
