import type { Fragment } from '../compile.ts';
import { CompileContext, type RuleDocument } from '../context.ts';
import { OWN_SOURCE } from '../../event/event.ts';
import { type EventShape, OPEN_SHAPE } from '../../event/shape.ts';
import type { Problem } from '../../problems/failure.ts';
import { isObject } from '../../values/json.ts';
import { OWN_SHAPES } from '../../event/own-events.ts';
import { below } from '../../values/pointer.ts';
import type { CompiledRule } from '../../ruleset.ts';
import { daemonSchema } from '../../schema/sections/daemon.ts';
import { type Schema, schemaOf } from '../../schema/json-schema.ts';
import { messageSchema } from '../../schema/sections/message.ts';
import { silenceSchema } from '../../schema/sections/silence.ts';
import type { Finding } from '../../schema/mismatch.ts';
import type { Registry } from '../registry.ts';
import { lintRule, lintRuleSpelling, MESSAGE_NAMES } from './rule.ts';
import { lintSettings } from './settings.ts';
import type { Warn } from './warn.ts';

/** Names that templates of channels may use besides the fields of an event. */
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
 * Finds settings that are valid but never work. `around`: fragments that are not searched themselves, but whose
 * sources rules may name. In steps of one entry.
 */
export function* lintSteps(
  fragments: readonly Fragment[],
  registry: Registry,
  around: readonly Fragment[] = [],
): Generator<undefined, readonly Problem[]> {
  const known = shapesOfAll([...around, ...fragments], registry);
  const found: Problem[] = [];
  for (const fragment of fragments) {
    if (fragment.document === undefined) continue;
    const context = new CompileContext(fragment.document);
    yield* lintFile(fragment, fragment.document, registry, known, (finding) => context.found(finding));
    found.push(...context.problems);
  }
  return found;
}

/** Shapes of the events of a source, and a text that changes with them. */
interface Known {
  readonly shapes: readonly EventShape[];
  readonly digest: string;
}

const NOTHING_KNOWN: Known = { shapes: [OPEN_SHAPE], digest: '' };

function shapesOfAll(fragments: readonly Fragment[], { sources }: Registry): ReadonlyMap<string, Known> {
  const known = new Map<string, Known>([[OWN_SOURCE, { shapes: OWN_SHAPES, digest: OWN_SOURCE }]]);
  for (const { name, type, settings } of fragments.flatMap((fragment) => fragment.sources)) {
    const shapes = sources.find((candidate) => candidate.type === type)?.shapes?.(settings);
    if (shapes !== undefined) known.set(name, { shapes, digest: JSON.stringify(shapes) });
  }
  return known;
}

/** Memoized findings of a rule, by the shapes of its sources; pointers begin in the rule. */
const remembered = new WeakMap<CompiledRule, { readonly digest: string; readonly findings: readonly Finding[] }>();

function findingsIn(
  compiled: CompiledRule,
  rule: Readonly<Record<string, unknown>>,
  known: ReadonlyMap<string, Known>,
  referenced: (pointer: string) => boolean,
): readonly Finding[] {
  const of = (source: string): Known => known.get(source) ?? NOTHING_KNOWN;
  const digest = (compiled.on ?? []).map((source) => of(source).digest).join('\n');
  const before = remembered.get(compiled);
  if (before?.digest === digest) return before.findings;
  const findings: Finding[] = [];
  lintRule(
    rule,
    (source) => of(source).shapes,
    { pointer: '', referenced },
    (finding) => findings.push(finding),
  );
  remembered.set(compiled, { digest, findings });
  return findings;
}

function* lintFile(
  fragment: Fragment,
  document: RuleDocument,
  registry: Registry,
  known: ReadonlyMap<string, Known>,
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
  const good = new Map(fragment.rules.map((rule) => [rule.name, rule]));
  for (const [index, rule] of listOf(sections.rules)) {
    const compiled = isObject(rule) ? good.get(rule.name as string) : undefined;
    if (!isObject(rule) || compiled === undefined) continue;
    const pointer = below('/rules', index);
    for (const finding of findingsIn(compiled, rule, known, (at) => referenced(pointer + at)))
      warn({ ...finding, pointer: pointer + finding.pointer });
    lintRuleSpelling(rule, pointer, written, warn);
    yield;
  }
}

const entryOf = (section: unknown, name: string): unknown => (isObject(section) ? section[name] : undefined);

const listOf = (section: unknown): readonly (readonly [number, unknown])[] =>
  Array.isArray(section) ? [...section.entries()] : [];
