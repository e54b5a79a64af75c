import { type LeveledProblem, type Problem, withLevel } from '../core/problems/failure.ts';
import { type Linked, linkSteps } from '../core/compile/link.ts';
import type { Excerpt } from '../core/problems/problem-text.ts';
import type { DaemonSettings, Ruleset } from '../core/ruleset.ts';
import { fileProblem, listRulesFiles } from './files.ts';
import { type EarlierText, type LoadedFile, type LoadParts, loadFile } from './load.ts';
import { inTurns } from './yaml/time-slice.ts';
import { warningsOf } from './warnings.ts';
import type { LintMemo } from '../core/compile/lint/lint.ts';

/** A file as `status` shows it: `ok`, what is live is what is on disk; `kept`, what is live is older or nothing. */
export interface FileState {
  readonly path: string;
  readonly state: 'ok' | 'kept';
  readonly problems: readonly LeveledProblem[];
}

/** Names like `rule failed-deploy`, `channel ops`, `source inbox`, `daemon`. */
export interface Difference {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

/** A reload before anything is swapped. */
export type Prepared =
  /** Nothing can be taken over. What is live stays. */
  | { readonly kind: 'refused'; readonly problems: readonly Problem[]; readonly files: readonly FileState[] }
  /** What is on disk is what is live already. */
  | { readonly kind: 'unchanged'; readonly problems: readonly Problem[]; readonly files: readonly FileState[] }
  | {
      readonly kind: 'ready';
      readonly ruleset: Ruleset;
      readonly files: readonly FileState[];
      readonly diff: Difference;
      /** Settings that are taken over only by a restart. */
      readonly restartNeeded: readonly string[];
      /** Of files that keep their last good version while others are taken over. */
      readonly problems: readonly Problem[];
    };

interface Version {
  readonly ruleset: Ruleset;
  readonly digests: ReadonlyMap<string, string>;
  /** By path: what each live file was compiled from. */
  readonly files: ReadonlyMap<string, LoadedFile>;
}

const NEEDS_RESTART = ['listen', 'socket', 'state'] as const;

/** Holds the one live ruleset, and everything needed to know what a reload would change. */
export class Live {
  readonly #root: string;
  readonly #parts: LoadParts;
  readonly #prepared = new WeakMap<Prepared, { readonly version: Version; readonly from: number }>();
  #version: Version | undefined;
  /** As the process was started: what needs a restart is compared with this. */
  #started: DaemonSettings | undefined;
  #seen: ReadonlyMap<string, LoadedFile> = new Map();
  #files: readonly FileState[] = [];
  #warnings: readonly LeveledProblem[] = [];
  #generation = 0;
  readonly #lintMemo: LintMemo = new WeakMap();
  #earlier: ReadonlyMap<string, EarlierText>;

  /** `earlier`: what was parsed before, for the first reading. */
  constructor(root: string, parts: LoadParts, earlier: ReadonlyMap<string, EarlierText> = new Map()) {
    this.#root = root;
    this.#parts = parts;
    this.#earlier = earlier;
  }

  /** The rules directory, or the one file. */
  get root(): string {
    return this.#root;
  }

  /** Throws before the first swap. */
  get ruleset(): Ruleset {
    if (this.#version === undefined) throw new Error('no rules have been loaded yet');
    return this.#version.ruleset;
  }

  /** Counts the swaps. */
  get generation(): number {
    return this.#generation;
  }

  /** As the last reload found them, whether or not it was taken over, with the warnings of what is live. */
  get files(): readonly FileState[] {
    if (this.#warnings.length === 0) return this.#files;
    return this.#files.map((state) => ({
      ...state,
      problems: [...state.problems, ...this.#warnings.filter(({ file }) => file === state.path)],
    }));
  }

  /** Looks for what is valid in what is live and never works. Nothing waits for it. */
  async lint(): Promise<readonly LeveledProblem[]> {
    const files = [...(this.#version?.files.values() ?? [])];
    this.#warnings = withLevel('warning', await warningsOf(files, this.#parts.tools, [], this.#lintMemo));
    return this.#warnings;
  }

  /** The line of a problem as it may be shown, secrets masked; undefined when there is none. */
  excerpt(problem: Problem): Excerpt | undefined {
    return this.#seen.get(problem.file)?.excerpt(problem);
  }

  /** Files that references name; their change is a reason to reload. */
  get secretFiles(): readonly string[] {
    return [...new Set([...this.#seen.values()].flatMap(({ secretFiles }) => secretFiles))];
  }

  /**
   * Does everything that can fail, and changes nothing that is live. Files that did not change are not compiled again. Before
   * the first swap every problem refuses; later a file that does not load keeps its last good version.
   */
  async prepare(): Promise<Prepared> {
    const listing = await listRulesFiles(this.#root);
    const current = new Map<string, LoadedFile>();
    for (const file of listing.files)
      current.set(file, await loadFile(file, this.#parts, this.#seen.get(file), this.#earlier.get(file)));
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
    if (this.#isLive(current)) {
      this.#files = this.#states(current, current, []);
      return { kind: 'unchanged', problems: [], files: this.#files };
    }
    const own = [...current.values()].flatMap(({ fragment }) => fragment.problems);
    const effective = this.#effective(current);
    const linked = await this.#link([...effective.values()], own.length > 0 && this.#version === undefined);
    if (!linked.ok) return this.#refuse([...own, ...linked.problems], current);
    return this.#compare({ ruleset: linked.ruleset, digests: linked.digests, files: effective }, current, own);
  }

  /** Makes a prepared ruleset the live one. Throws when another swap came between. */
  swap(prepared: Prepared): void {
    const next = this.#prepared.get(prepared);
    if (next === undefined || next.from !== this.#generation)
      throw new Error('this reload was not prepared from what is live');
    this.#version = next.version;
    this.#started ??= next.version.ruleset.daemon;
    this.#files = prepared.files;
    this.#generation += 1;
  }

  /** What was prepared is not taken over after all; `files` says so. */
  reject(problems: readonly Problem[]): void {
    this.#refuse(problems, this.#seen);
  }

  /** Every file is the very one that is live. */
  #isLive(current: ReadonlyMap<string, LoadedFile>): boolean {
    const live = this.#version?.files;
    return live?.size === current.size && [...current].every(([file, loaded]) => live.get(file) === loaded);
  }

  /** Each file as it is on disk if it is good, else as it was when it last was; a file without any good version is left out. */
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
    const blind = atStart && files.some(({ opaque }) => opaque);
    const fragments = files.map(({ fragment }) => fragment);
    return inTurns(linkSteps(fragments, this.#parts.tools, blind ? 'unknown' : undefined));
  }

  #refuse(problems: readonly Problem[], current: ReadonlyMap<string, LoadedFile>): Prepared {
    this.#files = this.#states(current, this.#version?.files ?? new Map(), problems);
    return { kind: 'refused', problems, files: this.#files };
  }

  #compare(version: Version, current: ReadonlyMap<string, LoadedFile>, problems: readonly Problem[]): Prepared {
    const files = this.#states(current, version.files, problems);
    const diff = difference(this.#version?.digests ?? new Map(), version.digests);
    const nothing = diff.added.length + diff.changed.length + diff.removed.length === 0;
    if (nothing && this.#version !== undefined) {
      // Comments and order of keys may have changed: remembered, so that later problems point to the right lines.
      this.#version = { ...this.#version, files: version.files };
      this.#files = files;
      return { kind: problems.length > 0 ? 'refused' : 'unchanged', problems, files };
    }
    const restartNeeded = NEEDS_RESTART.filter(
      (name) => this.#started !== undefined && this.#started[name] !== version.ruleset.daemon[name],
    );
    const prepared: Prepared = { kind: 'ready', ruleset: version.ruleset, files, diff, restartNeeded, problems };
    this.#prepared.set(prepared, { version, from: this.#generation });
    return prepared;
  }

  #states(
    current: ReadonlyMap<string, LoadedFile>,
    live: ReadonlyMap<string, LoadedFile>,
    problems: readonly Problem[],
  ): FileState[] {
    const paths = new Set([...current.keys(), ...live.keys()]);
    return [...paths].map((file) => ({
      path: file,
      state: current.get(file) !== undefined && current.get(file)?.stamp === live.get(file)?.stamp ? 'ok' : 'kept',
      problems: withLevel(
        'error',
        problems.filter((problem) => problem.file === file),
      ),
    }));
  }
}

function difference(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): Difference {
  return {
    added: [...after.keys()].filter((name) => !before.has(name)),
    changed: [...after]
      .filter(([name, digest]) => before.has(name) && before.get(name) !== digest)
      .map(([name]) => name),
    removed: [...before.keys()].filter((name) => !after.has(name)),
  };
}
