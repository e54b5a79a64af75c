import type { GivenSecret } from '../../lib/secrets/secret.ts';
import { compileChannel } from './sections/channel.ts';
import { compileDaemon } from './sections/daemon.ts';
import { defaultsSchema } from '../schema/sections/rule-file.ts';
import { stableText } from './entry.ts';
import { compileHoursEntry } from './sections/hours.ts';
import { compileRule } from './sections/rule.ts';
import { compileSilence } from './sections/silence.ts';
import { compileSource } from './sections/source.ts';
import {
  type Declared,
  CompileContext,
  type FileDefaults,
  type Reference,
  type RuleDocument,
  type WrittenName,
} from './context.ts';
import type { Problem } from '../problems/failure.ts';
import type { Hours } from '../time/hours.ts';
import { isObject } from '../values/json.ts';
import { joinPointer } from '../values/pointer.ts';
import type { ChannelConfig, CompiledRule, DaemonSettings, Silence, SourceConfig } from '../ruleset.ts';
import { kindOf } from '../schema/explain.ts';
import { SECTIONS } from '../schema/sections/rule-file.ts';
import { mendByName } from '../problems/suggest.ts';
import type { CompileTools } from './registry.ts';

/**
 * One compiled file. A file with problems is not used, but its declared and mentioned names are known as far as they could be read,
 * so that it causes no problems in other files.
 */
export interface Fragment {
  readonly file: string;
  /** The parsed file; undefined when it does not parse. */
  readonly document?: RuleDocument;
  readonly problems: readonly Problem[];
  readonly declared: readonly Declared[];
  readonly references: readonly Reference[];
  readonly names: readonly WrittenName[];
  readonly daemon?: DaemonSettings;
  readonly sources: readonly SourceConfig[];
  readonly channels: readonly ChannelConfig[];
  readonly hours: readonly Hours[];
  readonly silences: readonly Silence[];
  readonly rules: readonly CompiledRule[];
  /** Rules without problems, by a digest of everything from which they were compiled. */
  readonly rulesByDigest: ReadonlyMap<string, CompiledRule>;
  /** Number of rules, including those with problems. */
  readonly ruleCount: number;
  /** Values of secret settings, for the scrubber. */
  readonly secrets: readonly GivenSecret[];
  /** Pointers of values that excerpts must not show. */
  readonly masked: ReadonlySet<string>;
  /** Pointers of texts with an unresolved reference, whose placeholder is not a valid value. With the valid values, if they are known. */
  readonly rejected: ReadonlyMap<string, readonly string[]>;
}

interface Parts {
  daemon?: DaemonSettings;
  readonly sources: SourceConfig[];
  readonly channels: ChannelConfig[];
  readonly hours: Hours[];
  readonly silences: Silence[];
  readonly rules: CompiledRule[];
  readonly rulesByDigest: Map<string, CompiledRule>;
  ruleCount: number;
}

/** Compiles one file. Never throws: mistakes are in `problems`. */
export function compileFile(document: RuleDocument, tools: CompileTools): Fragment {
  const steps = compileSteps(document, tools);
  for (let step = steps.next(); ; step = steps.next()) if (step.done) return step.value;
}

/** Compiles one rule at a time, so that the event loop can run in between. Unchanged rules are taken from `before`. */
export function* compileSteps(
  document: RuleDocument,
  tools: CompileTools,
  before?: Fragment,
): Generator<undefined, Fragment> {
  const context = new CompileContext(document);
  const parts: Parts = {
    sources: [],
    channels: [],
    hours: [],
    silences: [],
    rules: [],
    rulesByDigest: new Map(),
    ruleCount: 0,
  };
  const file = sectionsOf(context);
  const defaults = compileDefaults(file.defaults, context);
  for (const compileSection of SECTION_COMPILERS) {
    yield* compileSection(file, defaults, context, tools, parts, before?.rulesByDigest ?? new Map());
  }
  const { problems, declared, references, names, secrets, masked, rejected } = context;
  return { file: document.file, document, problems, declared, references, names, ...parts, secrets, masked, rejected };
}

type Section = (
  file: Readonly<Record<string, unknown>>,
  defaults: FileDefaults,
  context: CompileContext,
  tools: CompileTools,
  parts: Parts,
  known: ReadonlyMap<string, CompiledRule>,
) => Generator<undefined, void>;

const daemonSection: Section = function* (file, _defaults, context, tools, parts) {
  if (file.daemon === undefined) return;
  const settings = compileDaemon(file.daemon, context, tools);
  if (settings !== undefined) parts.daemon = settings;
  yield;
};

const sourcesSection: Section = function* (file, _defaults, context, tools, parts) {
  for (const [name, entry] of entriesOf(file, 'sources', context)) {
    const source = compileSource(name, entry, context, tools);
    if (source !== undefined) parts.sources.push(source);
    yield;
  }
};

const channelsSection: Section = function* (file, defaults, context, tools, parts) {
  for (const [name, entry] of entriesOf(file, 'channels', context)) {
    const channel = compileChannel(name, entry, defaults, context, tools);
    if (channel !== undefined) parts.channels.push(channel);
    yield;
  }
};

const hoursSection: Section = function* (file, _defaults, context, _tools, parts) {
  for (const [name, entry] of entriesOf(file, 'hours', context)) {
    const hours = compileHoursEntry(name, entry, context);
    if (hours !== undefined) parts.hours.push(hours);
    yield;
  }
};

const silencesSection: Section = function* (file, _defaults, context, tools, parts) {
  for (const [index, entry] of listOf(file, 'silences', '- match: ...', context).entries()) {
    const digest = tools.fingerprint(stableText(entry));
    const silence = compileSilence(entry, joinPointer('/silences', index), context, digest);
    if (silence !== undefined) parts.silences.push(silence);
    yield;
  }
};

const rulesSection: Section = function* (file, defaults, context, _tools, parts, known) {
  const rules = listOf(file, 'rules', '- name: ...', context);
  parts.ruleCount = rules.length;
  for (const [index, entry] of rules.entries()) {
    const digest = ruleDigest(entry, defaults, context);
    const rule = compileRule(entry, joinPointer('/rules', index), defaults, context, digest, known.get(digest));
    if (rule !== undefined) {
      parts.rules.push(rule);
      parts.rulesByDigest.set(digest, rule);
    }
    yield;
  }
};

/** Digest of everything from which a rule is compiled: also the folder of the file if the rule has attachments, whose paths may be relative. */
function ruleDigest(entry: unknown, defaults: FileDefaults, { document }: CompileContext): string {
  const text = stableText([entry, defaults.raw.message]);
  return text.includes('"attach":') ? text + (document.absolute?.('.') ?? '') : text;
}

const SECTION_COMPILERS: readonly Section[] = [
  daemonSection,
  sourcesSection,
  channelsSection,
  hoursSection,
  silencesSection,
  rulesSection,
];

/** Returns the known sections of a file, and reports the others. */
function sectionsOf(context: CompileContext): Readonly<Record<string, unknown>> {
  const { data } = context.document;
  if (data === null || data === undefined) return {};
  if (!isObject(data)) {
    const mend = Array.isArray(data)
      ? 'put the list under `rules:`'
      : `begin with one of: ${Object.keys(SECTIONS).join(', ')}`;
    context.found({
      pointer: '',
      at: 'value',
      code: 'schema.type',
      message: `a rules file is a map of sections, not ${kindOf(data)}`,
      mend,
    });
    return {};
  }
  const known = Object.keys(SECTIONS);
  for (const key of Object.keys(data)) {
    if (Object.hasOwn(SECTIONS, key)) continue;
    context.found({
      pointer: joinPointer('', key),
      at: 'key',
      code: 'schema.unknown_key',
      message: `\`${key}\` is not a section of a rules file`,
      mend: mendByName(key, known, 'remove it'),
    });
  }
  return Object.fromEntries(Object.entries(data).filter(([key]) => Object.hasOwn(SECTIONS, key)));
}

function entriesOf(
  file: Readonly<Record<string, unknown>>,
  section: 'sources' | 'channels' | 'hours',
  context: CompileContext,
): [string, unknown][] {
  const entries = file[section];
  if (entries === undefined || entries === null) return [];
  if (isObject(entries)) return Object.entries(entries);
  context.found({
    pointer: `/${section}`,
    at: 'value',
    code: 'schema.type',
    message: `\`${section}\` must be a map of names, not ${kindOf(entries)}`,
    mend: `write \`NAME: { ${section === 'hours' ? 'from' : 'type'}: ... }\` for each of the ${section}`,
  });
  context.masked.add(`/${section}`);
  return [];
}

function listOf(
  file: Readonly<Record<string, unknown>>,
  section: 'rules' | 'silences',
  beginning: string,
  context: CompileContext,
): readonly unknown[] {
  const list = file[section];
  if (list === undefined || list === null) return [];
  if (Array.isArray(list)) return list;
  context.found({
    pointer: `/${section}`,
    at: 'value',
    code: 'schema.type',
    message: `\`${section}\` must be a list, not ${kindOf(list)}`,
    mend: `begin each one with \`${beginning}\``,
  });
  return [];
}

/** Compiles `defaults:`; returns empty defaults when there is a problem. */
function compileDefaults(given: unknown, context: CompileContext): FileDefaults {
  const none = { message: {}, delivery: {}, raw: {} };
  if (given === undefined || given === null) return none;
  const settings = context.settings(defaultsSchema, given, '/defaults', '`defaults`');
  const raw = context.coerced(defaultsSchema, given, '/defaults') as Record<string, unknown>;
  if (settings === undefined) return none;
  return { message: settings.message ?? {}, delivery: isObject(raw.delivery) ? raw.delivery : {}, raw };
}
