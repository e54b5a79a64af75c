import { createHmac, randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { statePaths } from '../app/state/paths.ts';
import { type LeveledProblem, type Problem, withLevel } from '../core/problems/failure.ts';
import { type ExternalNames, link } from '../core/compile/link.ts';
import type { Excerpt } from '../core/problems/problem-text.ts';
import type { CompileTools, Registry } from '../core/compile/registry.ts';
import { PluginHost } from '../channels/plugins/host.ts';
import { shownPath } from '../lib/files/shown-path.ts';
import { Scrubber } from '../lib/secrets/scrubber.ts';
import { sha256 } from '../lib/sha256.ts';
import { listRulesFiles } from '../reload/files.ts';
import { type LoadedFile, type LoadDeps, loadFile } from '../reload/load.ts';
import { loadWithPlugins } from '../reload/plugins.ts';
import { warningsOf } from '../reload/warnings.ts';

export interface CheckRequest {
  /** Rules files and directories of them. */
  readonly paths: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Base of relative paths; problems name files below it relative to it. */
  readonly cwd: string;
  readonly registry: Registry;
  /** Time at which tokens must not expire soon, milliseconds since the epoch; without it no token is checked. */
  readonly now?: number;
  /** Use placeholders for secret references that cannot be resolved. */
  readonly withoutSecrets?: boolean;
  /** Warnings make the rules invalid. */
  readonly strict?: boolean;
  /** Names of files in problems; default: relative to `cwd` when they are below it. */
  readonly names?: 'absolute' | 'shown';
}

/** JSON of `belfry check --json`. */
export interface CheckResult {
  readonly valid: boolean;
  readonly files: number;
  readonly rules: number;
  readonly problems: readonly LeveledProblem[];
}

export interface Checked extends CheckResult {
  /** Source line of a problem, with secrets masked; undefined when it has none. */
  excerpt(problem: Problem): Excerpt | undefined;
}

/** Loads and compiles the rules as the daemon does and collects all problems. Touches no state and needs no daemon. */
export async function check(request: CheckRequest): Promise<Checked> {
  const plugins = new PluginHost();
  try {
    return await checkWith(plugins, request);
  } finally {
    plugins.close();
  }
}

async function checkWith(
  plugins: PluginHost,
  { paths, env, cwd, registry, now, withoutSecrets = false, strict = false, names = 'shown' }: CheckRequest,
): Promise<Checked> {
  const scrubber = new Scrubber();
  const nameOf = (file: string): string => (names === 'absolute' ? file : shownPath(file, cwd));
  const given = { env, cwd, nameOf, scrubber, withoutSecrets, tools: toolsOf(registry), plugins };
  const { files, neighbours, problems, tools, areTypesKnown } = await loadToCheck(paths, given);
  const fragments = [...files.values()].map(({ fragment }) => fragment);
  const linked = link(fragments, tools, externalNames(files, neighbours));
  const errors = [
    ...problems,
    ...fragments
      .flatMap((fragment) => fragment.problems)
      .filter(({ code }) => areTypesKnown || code !== 'channel.unknown_type'),
    ...(linked.ok ? [] : linked.problems),
  ];
  const daemon = [...files.values(), ...neighbours].find(({ fragment }) => fragment.daemon !== undefined)?.fragment
    .daemon;
  const { state } = statePaths(daemon ?? {}, env, cwd);
  const warnings = await warningsOf([...files.values()], tools, neighbours, undefined, now, state);
  const all = [...withLevel('error', errors), ...withLevel('warning', warnings)];
  return {
    valid: errors.length === 0 && (!strict || warnings.length === 0),
    files: files.size,
    rules: fragments.reduce((sum, { ruleCount }) => sum + ruleCount, 0),
    problems: all.sort(byPosition).map((problem) => ({
      ...problem,
      message: scrubber.scrub(problem.message),
      mend: scrubber.scrub(problem.mend),
    })),
    excerpt: (problem) => files.get(problem.file)?.excerpt(problem),
  };
}

/** Compile tools for rules that are checked or tested but not run. */
export function toolsOf(registry: Registry): CompileTools {
  const key = randomBytes(32);
  return {
    ...registry,
    fingerprint: (text) => createHmac('sha256', key).update(text).digest('base64'),
    tokenHash: sha256,
  };
}

type CheckDeps = LoadDeps & { readonly cwd: string; readonly nameOf: (file: string) => string };

interface FilesToCheck {
  readonly files: ReadonlyMap<string, LoadedFile>;
  readonly neighbours: readonly LoadedFile[];
  readonly problems: readonly Problem[];
  readonly tools: CompileTools;
  /** False when a plugin cannot be used: its types are not known then. */
  readonly areTypesKnown: boolean;
}

/** Loads the files of the paths, and the other files in their folders, which may name plugins. */
async function loadToCheck(paths: readonly string[], deps: CheckDeps): Promise<FilesToCheck> {
  let problems: readonly Problem[] = [];
  let neighbours: ReadonlyMap<string, LoadedFile> = new Map();
  let files: ReadonlyMap<string, LoadedFile> = new Map();
  const loaded = await loadWithPlugins(deps, deps.tools, async (loadDeps) => {
    const all = { ...deps, ...loadDeps };
    ({ files, problems } = await loadAll(paths, all));
    neighbours = await neighboursOf(paths, all);
    return new Map([...neighbours, ...files]);
  });
  return {
    files,
    neighbours: [...neighbours.values()],
    problems: [...problems, ...loaded.problems],
    areTypesKnown: loaded.problems.length === 0,
    tools: loaded.tools,
  };
}

async function loadAll(
  paths: readonly string[],
  deps: CheckDeps,
): Promise<{ files: Map<string, LoadedFile>; problems: Problem[] }> {
  const files = new Map<string, LoadedFile>();
  const problems: Problem[] = [];
  for (const given of paths) {
    const root = path.resolve(deps.cwd, given);
    const listing = await listRulesFiles(root);
    problems.push(...listing.problems.map((problem) => ({ ...problem, file: deps.nameOf(problem.file) })));
    if (listing.files.length === 0 && listing.problems.length === 0) problems.push(noFiles(deps.nameOf(root)));
    for (const file of listing.files) {
      const name = deps.nameOf(file);
      if (!files.has(name)) files.set(name, await loadFile(name, deps));
    }
  }
  return { files, problems };
}

function byPosition(a: Problem, b: Problem): number {
  return a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line || a.column - b.column;
}

function noFiles(root: string): Problem {
  return {
    file: root,
    line: 1,
    column: 1,
    code: 'file.none',
    message: 'there is no rules file here',
    mend: 'put a `*.yaml` file here; `belfry init` makes a first one',
  };
}

/** Other files in the folders of single files: rules may name their channels, sources and hours. */
async function neighboursOf(paths: readonly string[], deps: CheckDeps): Promise<ReadonlyMap<string, LoadedFile>> {
  const folders = new Set<string>();
  for (const given of paths) {
    const file = path.resolve(deps.cwd, given);
    if ((await stat(file).catch(() => undefined))?.isFile()) folders.add(path.dirname(file));
  }
  return (await loadAll([...folders], deps)).files;
}

/** Names that the neighbours declare; `unknown` while a file cannot be parsed, because it may declare any name. */
function externalNames(loaded: ReadonlyMap<string, LoadedFile>, neighbours: readonly LoadedFile[]): ExternalNames {
  if ([...loaded.values()].some(({ isParsed }) => !isParsed)) return 'unknown';
  const declared = neighbours.flatMap(({ fragment }) => fragment.declared);
  const named = (wanted: string): string[] => declared.filter(({ kind }) => kind === wanted).map(({ name }) => name);
  return { channels: named('channel'), sources: named('source'), hours: named('hours'), rules: named('rule') };
}
