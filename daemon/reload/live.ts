import { type LeveledProblem, type Problem, withLevel } from '../core/problems/failure.ts';
import { type Linked, linkSteps } from '../core/compile/link.ts';
import type { Excerpt } from '../core/problems/problem-text.ts';
import type { CompileTools } from '../core/compile/registry.ts';
import type { DaemonSettings, Ruleset } from '../core/ruleset.ts';
import { fileProblem, listRulesFiles } from './files.ts';
import {
  type EarlierText,
  type LoadedFile,
  type LoadDeps,
  loadFile,
  loadText,
  type RulesText,
  textsOf,
} from './load.ts';
import { loadWithPlugins, type WithPlugins } from './plugins.ts';
import { type Difference, difference, type FileState, fileStates, needRestart } from './comparison.ts';
import { memoizeByObject } from '../lib/memoize.ts';
import { rulesFingerprint } from './text/rules-fingerprint.ts';
import { RuleSources } from './text/rule-source.ts';
import { inTimeSlices } from './yaml/time-slice.ts';
import { warningsOf } from './warnings.ts';
import type { LintMemo } from '../core/compile/lint/lint.ts';

/** Result of a reload before the swap. */
export type Prepared =
  /** No change can be applied. The live version stays. */
  | { readonly kind: 'refused'; readonly problems: readonly Problem[]; readonly files: readonly FileState[] }
  /** The files on disk are live already. */
  | { readonly kind: 'unchanged'; readonly problems: readonly Problem[]; readonly files: readonly FileState[] }
  | {
      readonly kind: 'ready';
      readonly ruleset: Ruleset;
      /** Digests of its parts, as `digests` of the live version. */
      readonly digests: ReadonlyMap<string, string>;
      readonly files: readonly FileState[];
      readonly diff: Difference;
      /** Settings whose change needs a restart. */
      readonly restartNeeded: readonly string[];
      /** Problems of files that keep their last good version while the changes of others are applied. */
      readonly problems: readonly Problem[];
    };

interface Version {
  readonly ruleset: Ruleset;
  readonly digests: ReadonlyMap<string, string>;
  /** Live files by path, as loaded. */
  readonly files: ReadonlyMap<string, LoadedFile>;
}

const fingerprintOf = memoizeByObject((files: Version['files']) => rulesFingerprint(files.values()));
const sourcesOf = memoizeByObject((files: Version['files']) => new RuleSources(files.values()));

/** Holds the live ruleset, and the files with which a reload compares. */
export class Live {
  readonly #root: string;
  readonly #deps: LoadDeps;
  readonly #prepared = new WeakMap<Prepared, { readonly version: Version; readonly from: number }>();
  #version: Version | undefined;
  /** Settings at the start of the process, to find changes that need a restart. */
  #started: DaemonSettings | undefined;
  #seen: ReadonlyMap<string, LoadedFile> = new Map();
  #files: readonly FileState[] = [];
  #warnings: readonly LeveledProblem[] = [];
  #generation = 0;
  /** Tools with the types of the plugins. */
  #tools: CompileTools;
  #plugins: readonly string[] = [];
  readonly #lintMemo: LintMemo = new WeakMap();
  #earlier: ReadonlyMap<string, EarlierText>;

  /** `earlier`: files that were parsed before, for the first load. */
  constructor(root: string, deps: LoadDeps, earlier: ReadonlyMap<string, EarlierText> = new Map()) {
    this.#root = root;
    this.#deps = deps;
    this.#tools = deps.tools;
    this.#earlier = earlier;
  }

  /** The rules directory, or the one file. */
  get root(): string {
    return this.#root;
  }

  /** Throws before the first swap. */
  get ruleset(): Ruleset {
    return this.#live.ruleset;
  }

  /** Rules of the live version as written. An object that stays as it is when another version goes live. */
  get ruleSources(): RuleSources {
    return sourcesOf(this.#live.files);
  }

  /** Fingerprint of the live version without `daemon`, equal where the same rules are live; undefined before the first swap. */
  get fingerprint(): string | undefined {
    return this.#version && fingerprintOf(this.#version.files);
  }

  /** Digests of the settings of every part of the live version, by a name such as `rule failed-deploy`. */
  get digests(): ReadonlyMap<string, string> {
    return this.#live.digests;
  }

  get #live(): Version {
    if (this.#version === undefined) throw new Error('no rules have been loaded yet');
    return this.#version;
  }

  /** The channel types, with those of the plugins. */
  get channelTypes(): CompileTools['channels'] {
    return this.#tools.channels;
  }

  /** Number of the swaps, also of those in earlier processes if the first one was given its number. */
  get generation(): number {
    return this.#generation;
  }

  /** States of the files at the last reload, applied or not, with the warnings of the live version. */
  get files(): readonly FileState[] {
    if (this.#warnings.length === 0) return this.#files;
    return this.#files.map((state) => ({
      ...state,
      problems: [...state.problems, ...this.#warnings.filter(({ file }) => file === state.path)],
    }));
  }

  /** Finds valid settings of the live version that never have an effect. Runs in the background. */
  async lint(): Promise<readonly LeveledProblem[]> {
    const files = [...(this.#version?.files.values() ?? [])];
    this.#warnings = withLevel('warning', await warningsOf(files, this.#tools, [], this.#lintMemo));
    return this.#warnings;
  }

  /** Source line of a problem with secrets masked; undefined when it has none. */
  excerpt(problem: Problem): Excerpt | undefined {
    return this.#seen.get(problem.file)?.excerpt(problem);
  }

  /** The same for readers who may not see the file: undefined where a secret could be in it. */
  publicExcerpt(problem: Problem): Excerpt | undefined {
    return this.#seen.get(problem.file)?.publicExcerpt(problem);
  }

  /** Texts of the live version, to be kept for a later start. A file that did not change is the same object as before. */
  get texts(): readonly RulesText[] {
    return textsOf(this.#version?.files.values() ?? []);
  }

  /** Files named by references, and plugins; a change of one is a reason to reload. */
  get namedFiles(): readonly string[] {
    const secretFiles = [...this.#seen.values()].flatMap((file) => file.secretFiles);
    return [...new Set([...secretFiles, ...this.#plugins])];
  }

  /**
   * Does every step that can fail and changes no live data. Unchanged files are not compiled again. Before the first swap any
   * problem refuses the reload; later a file that does not load keeps its last good version.
   */
  async prepare(): Promise<Prepared> {
    const listing = await listRulesFiles(this.#root);
    const { files: current, problems: inPlugins } = await this.#load(async (deps) => {
      const loaded = new Map<string, LoadedFile>();
      for (const file of listing.files)
        loaded.set(file, await loadFile(file, deps, this.#seen.get(file), this.#earlier.get(file)));
      return loaded;
    });
    this.#earlier = new Map();
    if (listing.problems.length > 0) return this.#refuse(listing.problems, current);
    if (listing.files.length === 0) {
      const problem = fileProblem(
        this.#root,
        'file.none',
        'there is no rules file here',
        'put a `*.yaml` file here; `belfry init` makes a first one',
      );
      return this.#refuse([problem], current);
    }
    this.#seen = current;
    if (inPlugins.length > 0) return this.#refuse(inPlugins, current);
    if (this.#isLive(current)) {
      this.#files = fileStates(current, current, []);
      return { kind: 'unchanged', problems: [], files: this.#files };
    }
    const own = [...current.values()].flatMap(({ fragment }) => fragment.problems);
    const effective = this.#effective(current);
    const linked = await this.#link([...effective.values()], own.length > 0 && this.#version === undefined);
    if (!linked.ok) return this.#refuse([...own, ...linked.problems], current);
    return this.#compare({ ruleset: linked.ruleset, digests: linked.digests, files: effective }, current, own);
  }

  /**
   * Takes texts that were live in an earlier process as the version with which the next `prepare` compares, so that a start does what
   * a reload does. Only before the first swap. Resolves to the problems when the texts do not load now.
   */
  async restore(texts: readonly RulesText[]): Promise<readonly Problem[]> {
    const { files, problems } = await this.#load(async (deps) => {
      const loaded = new Map<string, LoadedFile>();
      for (const text of texts) loaded.set(text.file, await loadText(text, deps, this.#seen.get(text.file)));
      return loaded;
    });
    const own = [...problems, ...[...files.values()].flatMap(({ fragment }) => fragment.problems)];
    if (own.length > 0) return own;
    const linked = await this.#link([...files.values()], false);
    if (!linked.ok) return linked.problems;
    this.#version = { ruleset: linked.ruleset, digests: linked.digests, files };
    return [];
  }

  /** Rules of texts that were live in an earlier process, as written. */
  async ruleSourcesOf(texts: readonly RulesText[]): Promise<RuleSources> {
    const deps = { ...this.#deps, tools: this.#tools };
    const files: LoadedFile[] = [];
    for (const text of texts) files.push(await loadText(text, deps, this.#version?.files.get(text.file)));
    return new RuleSources(files);
  }

  /** The restored version as a whole, to be swapped in: the files on disk are refused for these problems. */
  restored(problems: readonly Problem[]): Extract<Prepared, { kind: 'ready' }> {
    const version = this.#version;
    if (version === undefined) throw new Error('no earlier rules were restored');
    this.#refuse(problems, this.#seen);
    const diff = difference(new Map(), version.digests);
    const prepared: Prepared = {
      kind: 'ready',
      ruleset: version.ruleset,
      digests: version.digests,
      files: this.#files,
      diff,
      restartNeeded: [],
      problems,
    };
    this.#prepared.set(prepared, { version, from: this.#generation });
    return prepared;
  }

  /** Whether the files on disk are the live version. Changes no data. */
  async isOnDisk(): Promise<boolean> {
    const { files, problems } = await listRulesFiles(this.#root);
    const current = new Map<string, LoadedFile>();
    for (const file of files)
      current.set(file, await loadFile(file, { ...this.#deps, tools: this.#tools }, this.#seen.get(file)));
    return problems.length === 0 && this.#isLive(current);
  }

  /** Makes a prepared ruleset the live one, as the given generation. Throws when another swap came between. */
  swap(prepared: Prepared, generation = this.#generation + 1): void {
    const next = this.#prepared.get(prepared);
    if (next === undefined || next.from !== this.#generation)
      throw new Error('another reload went live after this one was prepared');
    this.#version = next.version;
    this.#started ??= next.version.ruleset.daemon;
    this.#files = prepared.files;
    this.#generation = generation;
    this.#deps.plugins?.use(this.#tools.plugins ?? '');
  }

  /** Refuses a reload after it was prepared; `files` then shows these problems. */
  reject(problems: readonly Problem[]): void {
    this.#refuse(problems, this.#seen);
  }

  async #load<F extends ReadonlyMap<string, LoadedFile>>(
    load: (deps: LoadDeps) => Promise<F>,
  ): Promise<Pick<WithPlugins<F>, 'files' | 'problems'>> {
    const { files, tools, problems, plugins } = await loadWithPlugins(this.#deps, this.#tools, load);
    this.#tools = tools;
    this.#plugins = plugins;
    return { files, problems };
  }

  /** Test whether every file is the live one. */
  #isLive(current: ReadonlyMap<string, LoadedFile>): boolean {
    const live = this.#version?.files;
    return live?.size === current.size && [...current].every(([file, loaded]) => live.get(file) === loaded);
  }

  /** The version on disk of each good file, the last good version of others; a file without a good version is left out. */
  #effective(current: ReadonlyMap<string, LoadedFile>): ReadonlyMap<string, LoadedFile> {
    const effective = new Map<string, LoadedFile>();
    for (const [file, loaded] of current) {
      const kept =
        loaded.fragment.problems.length === 0 || this.#version === undefined ? loaded : this.#version.files.get(file);
      if (kept !== undefined) effective.set(file, kept);
    }
    return effective;
  }

  #link(files: readonly LoadedFile[], atStart: boolean): Promise<Linked> {
    const namesUnknown = atStart && files.some(({ isParsed }) => !isParsed);
    const fragments = files.map(({ fragment }) => fragment);
    return inTimeSlices(linkSteps(fragments, this.#tools, namesUnknown ? 'unknown' : undefined));
  }

  #refuse(problems: readonly Problem[], current: ReadonlyMap<string, LoadedFile>): Prepared {
    this.#files = fileStates(current, this.#version?.files ?? new Map(), problems);
    return { kind: 'refused', problems, files: this.#files };
  }

  #compare(version: Version, current: ReadonlyMap<string, LoadedFile>, problems: readonly Problem[]): Prepared {
    const files = fileStates(current, version.files, problems);
    const diff = difference(this.#version?.digests ?? new Map(), version.digests);
    const isSame = diff.added.length + diff.changed.length + diff.removed.length === 0;
    if (isSame && this.#version !== undefined) {
      // Comments and the order of keys may have changed: keep the new files, so that later problems have the right lines.
      this.#version = { ...this.#version, files: version.files };
      this.#files = files;
      return { kind: problems.length > 0 ? 'refused' : 'unchanged', problems, files };
    }
    const { ruleset, digests } = version;
    const restartNeeded = this.#started === undefined ? [] : needRestart(this.#started, ruleset.daemon);
    const prepared: Prepared = { kind: 'ready', ruleset, digests, files, diff, restartNeeded, problems };
    this.#prepared.set(prepared, { version, from: this.#generation });
    return prepared;
  }
}
