import { createHmac, randomBytes } from 'node:crypto';
import { builtIn } from '../../../channels/index.ts';
import type { Fragment } from '../../../core/compile/compile.ts';
import { ownerOf } from '../../../core/compile/context.ts';
import { BUILT_IN_SOURCES } from '../../../core/compile/sections/source.ts';
import { link } from '../../../core/compile/link.ts';
import type { ChannelTypeInfo, CompileTools } from '../../../core/compile/registry.ts';
import { withoutDisk } from '../../../core/compile/without-disk.ts';
import { UNSAVED_FILE } from '../../../core/explain/unsaved.ts';
import { type LeveledProblem, type Problem, withLevel } from '../../../core/problems/failure.ts';
import type { Ruleset } from '../../../core/ruleset.ts';
import type { TSchema } from '../../../core/schema/type.ts';
import { Scrubber } from '../../../lib/secrets/scrubber.ts';
import { sha256 } from '../../../lib/sha256.ts';
import { type LoadDeps, type LoadedFile, loadText } from '../../../reload/load.ts';
import { warningsOf } from '../../../reload/warnings.ts';
import { sourceTypes } from '../../../sources/index.ts';
import type { PluginTypeData, RulesInput } from './protocol.ts';

export interface CompiledInput {
  readonly files: number;
  readonly rules: number;
  /** Errors, then warnings about the unsaved text. */
  readonly problems: readonly LeveledProblem[];
  /** Undefined if there is an error. */
  readonly ruleset: Ruleset | undefined;
  readonly scrubber: Scrubber;
}

/**
 * Compiles rules without an effect on the machine: no reference is resolved, no plugin is loaded, and what a check finds about a file
 * on the disk is left out, since the text may come from somebody who may not examine the disk.
 */
export async function compileInput(input: RulesInput): Promise<CompiledInput> {
  const scrubber = new Scrubber();
  const tools = toolsOf(input.pluginTypes);
  const deps: LoadDeps = { env: {}, withoutSecrets: true, readsFiles: false, tools, cwd: input.folder, scrubber };
  const { text, others } = await loadInput(input, deps);
  const all = text === undefined ? others : [...others, text];
  const fragments = all.map(({ fragment }) => fragment);
  const linked = link(fragments, tools, all.some(({ isParsed }) => !isParsed) ? 'unknown' : undefined);
  const errors = [...fragments.flatMap(({ problems }) => problems), ...(linked.ok ? [] : linked.problems)];
  const checked = text === undefined ? all : [text];
  const warnings = await warningsOf(checked, tools, text === undefined ? [] : others);
  const hide = (problem: LeveledProblem): LeveledProblem => ({
    ...problem,
    message: scrubber.scrub(problem.message),
    mend: scrubber.scrub(problem.mend),
  });
  return {
    files: checked.length,
    rules: checked.reduce((sum, { fragment }) => sum + fragment.ruleCount, 0),
    problems: [...withLevel('error', errors), ...withLevel('warning', warnings)].sort(byPosition).map(hide),
    ruleset: linked.ok ? linked.ruleset : undefined,
    scrubber,
  };
}

interface LoadedInput {
  /** The unsaved text. */
  readonly text: LoadedFile | undefined;
  readonly others: readonly LoadedFile[];
}

async function loadInput({ files, unsaved }: RulesInput, deps: LoadDeps): Promise<LoadedInput> {
  const text = unsaved && (await loadText({ file: UNSAVED_FILE, text: unsaved.text }, deps));
  if (text !== undefined && (!text.isParsed || (unsaved?.base !== true && isWhole(text.fragment))))
    return { text, others: [] };
  const loaded: LoadedFile[] = [];
  for (const file of files) loaded.push(await loadText(file, deps));
  if (text === undefined) return { text, others: loaded };
  return { text, others: loaded.map((file) => neighbourOf(file, text.fragment, unsaved?.base === true)) };
}

/** Kinds of names that a text may take from the live files, by the kind of the mention. */
const SHARED = { on: 'source', notify: 'channel', fallback: 'channel', canary: 'channel', hours: 'hours' } as const;

const nameOf = (kind: string, name: string): string => `${kind} ${name}`;

/** Whether a text has all channels, sources and hours that it names. */
function isWhole({ declared, references }: Fragment): boolean {
  const names = new Set(declared.map(({ kind, name }) => nameOf(kind, name)));
  for (const name of BUILT_IN_SOURCES) names.add(nameOf('source', name));
  return references.every(({ kind, name }) => kind === 'inhibited_by' || names.has(nameOf(SHARED[kind], name)));
}

/** A live file without the parts that the text has under the same name; without `base` also without rules and silences. */
function neighbourOf(file: LoadedFile, text: Fragment, base: boolean): LoadedFile {
  const { fragment, isParsed } = file;
  const taken = new Set(text.declared.map(({ kind, name }) => nameOf(kind, name)));
  const isKept = (kind: string, name: string): boolean =>
    !taken.has(nameOf(kind, name)) && (base || (kind !== 'rule' && kind !== 'silence'));
  const kept = <T extends { readonly name?: string }>(kind: string, entries: readonly T[]): T[] =>
    entries.filter(({ name = '' }) => isKept(kind, name));
  const { daemon, ...rest } = fragment;
  const neighbour: Fragment = {
    ...rest,
    ...(daemon !== undefined && isKept('daemon', '') && { daemon }),
    // Paths of sources have no owner here. The live ones differ from each other.
    declared: fragment.declared.filter(({ kind, name }) => kind !== 'path' && isKept(kind, name)),
    references: fragment.references.filter(({ kind, from }) => isKept(ownerOf(kind), from)),
    names: [],
    channels: kept('channel', fragment.channels),
    sources: kept('source', fragment.sources),
    hours: kept('hours', fragment.hours),
    silences: kept('silence', fragment.silences),
    rules: kept('rule', fragment.rules),
  };
  return { ...file, isParsed, excerpt: () => undefined, fragment: neighbour };
}

function toolsOf(plugins: readonly PluginTypeData[]): CompileTools {
  const key = randomBytes(32);
  const ofPlugins = plugins.map((type): ChannelTypeInfo => ({ ...type, settings: type.settings as TSchema }));
  return {
    sources: sourceTypes,
    loader: builtIn.loader,
    get channels() {
      return [...builtIn.channels.map(withoutDisk), ...ofPlugins];
    },
    fingerprint: (text) => createHmac('sha256', key).update(text).digest('base64'),
    tokenHash: sha256,
  };
}

function byPosition(a: Problem, b: Problem): number {
  return a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line || a.column - b.column;
}
