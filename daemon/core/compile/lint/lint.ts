import type { Fragment } from '../compile.ts';
import { CompileContext, type RuleDocument } from '../context.ts';
import { OWN_SOURCE } from '../../event/event.ts';
import { type EventShape, OPEN_SHAPE } from '../../event/shape.ts';
import type { Problem } from '../../problems/failure.ts';
import { isObject } from '../../values/json.ts';
import { OWN_SHAPES } from '../../event/own-events.ts';
import { joinPointer } from '../../values/pointer.ts';
import type { CompiledRule } from '../../ruleset.ts';
import { daemonSchema } from '../../schema/sections/daemon.ts';
import { type Schema, schemaOf } from '../../schema/json-schema.ts';
import { messageSchema } from '../../schema/sections/message.ts';
import { silenceSchema } from '../../schema/sections/silence.ts';
import type { Finding } from '../../schema/mismatch.ts';
import type { Registry } from '../registry.ts';
import { lintAttachments } from './attachments.ts';
import { lintButtons } from './buttons.ts';
import { lintCanaries } from './notify/canary.ts';
import { lintLoops } from './notify/loops.ts';
import { lintOwnChannels } from './notify/own-channel.ts';
import { lintOwnFolders } from './notify/own-folders.ts';
import { lintRule, lintRuleSpelling, MESSAGE_NAMES } from './rule.ts';
import { lintSettings } from './settings.ts';
import type { Warn } from './vocabulary.ts';

/** Variables of templates in channel settings, besides the fields of an event. */
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
 * Finds settings that are valid but never work, one entry at a time. `around`: fragments that are not checked, but whose sources
 * the rules may name. `state`: the state directory, if it is known; then sources must not watch it, nor the folder of the rules.
 */
export function* lintSteps(
  fragments: readonly Fragment[],
  registry: Registry,
  around: readonly Fragment[] = [],
  memo: LintMemo = new WeakMap(),
  state?: string,
): Generator<undefined, readonly Problem[]> {
  const known = { shapes: shapesOfAll([...around, ...fragments], registry), memo };
  const found: Problem[] = [];
  for (const fragment of fragments) {
    if (fragment.document === undefined) continue;
    const context = new CompileContext(fragment.document);
    yield* lintFile(fragment, fragment.document, registry, known, (finding) => context.found(finding));
    found.push(...context.problems);
  }
  const lost = [lintButtons, lintAttachments].map((lint) => lint(fragments, registry, around));
  return [
    ...found,
    ...lost.filter((problem) => problem !== undefined),
    ...lintOwnChannels(fragments, around),
    ...lintCanaries(fragments, around),
    ...lintLoops(fragments, registry, around),
    ...(state === undefined ? [] : lintOwnFolders(fragments, registry, around, state)),
  ];
}

/** Shapes of the events of a source, and a text that changes with them. */
interface Shapes {
  readonly shapes: readonly EventShape[];
  readonly digest: string;
}

const ANY_SHAPE: Shapes = { shapes: [OPEN_SHAPE], digest: '' };

function shapesOfAll(fragments: readonly Fragment[], { sources }: Registry): ReadonlyMap<string, Shapes> {
  const known = new Map<string, Shapes>([[OWN_SOURCE, { shapes: OWN_SHAPES, digest: OWN_SOURCE }]]);
  for (const { name, type, settings } of fragments.flatMap((fragment) => fragment.sources)) {
    const shapes = sources.find((candidate) => candidate.type === type)?.shapes?.(settings);
    if (shapes !== undefined) known.set(name, { shapes, digest: JSON.stringify(shapes) });
  }
  return known;
}

/** Findings of earlier checks. A rule is checked again when the shapes of its sources change. Pointers are relative to the rule. */
export type LintMemo = WeakMap<CompiledRule, { readonly digest: string; readonly findings: readonly Finding[] }>;

/** Shapes by source name, and the findings of earlier checks. */
interface Known {
  readonly shapes: ReadonlyMap<string, Shapes>;
  readonly memo: LintMemo;
}

function findingsIn(
  compiled: CompiledRule,
  rule: Readonly<Record<string, unknown>>,
  { shapes, memo }: Known,
  referenced: (pointer: string) => boolean,
): readonly Finding[] {
  const of = (source: string): Shapes => shapes.get(source) ?? ANY_SHAPE;
  const digest = (compiled.on ?? []).map((source) => of(source).digest).join('\n');
  const before = memo.get(compiled);
  if (before?.digest === digest) return before.findings;
  const findings: Finding[] = [];
  lintRule(
    rule,
    (source) => of(source).shapes,
    { pointer: '', referenced },
    (finding) => findings.push(finding),
  );
  memo.set(compiled, { digest, findings });
  return findings;
}

function* lintFile(
  fragment: Fragment,
  document: RuleDocument,
  registry: Registry,
  known: Known,
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
      joinPointer('/sources', name),
      info.templateNames ?? [],
    );
    yield;
  }
  for (const { name, type } of fragment.channels) {
    const info = registry.channels.find((candidate) => candidate.type === type)!;
    settings(schemaOf(info.settings), entryOf(sections.channels, name), joinPointer('/channels', name), CHANNEL_NAMES);
    yield;
  }
  for (const [index, silence] of listOf(sections.silences))
    settings(schemaOf(silenceSchema), silence, joinPointer('/silences', index), []);
  const good = new Map(fragment.rules.map((rule) => [rule.name, rule]));
  for (const [index, rule] of listOf(sections.rules)) {
    const compiled = isObject(rule) ? good.get(rule.name as string) : undefined;
    if (!isObject(rule) || compiled === undefined) continue;
    const pointer = joinPointer('/rules', index);
    for (const finding of findingsIn(compiled, rule, known, (at) => referenced(pointer + at)))
      warn({ ...finding, pointer: pointer + finding.pointer });
    lintRuleSpelling(rule, pointer, written, warn);
    yield;
  }
}

const entryOf = (section: unknown, name: string): unknown => (isObject(section) ? section[name] : undefined);

const listOf = (section: unknown): readonly (readonly [number, unknown])[] =>
  Array.isArray(section) ? [...section.entries()] : [];
