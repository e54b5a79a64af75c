import { stat } from 'node:fs/promises';
import type { Problem } from '../../core/problems/failure.ts';
import type { Ruleset } from '../../core/ruleset.ts';
import { guessStates, type ReadDaemonSettings } from '../../reload/daemon-settings.ts';
import type { Live, Prepared } from '../../reload/live.ts';
import { readRecord, recordFiles, runtimeFolders } from './daemon-record.ts';
import { InvalidRules } from './invalid-rules.ts';
import { hasKeptRules, type KeptRead } from './kept-rules.ts';
import { type StatePaths, statePaths } from './paths.ts';
import { rememberedState, type StartPlace } from './remembered-state.ts';

type Ready = Extract<Prepared, { kind: 'ready' }>;

/** Rules with which a daemon starts. */
export interface StartRules {
  readonly prepared: Ready;
  /** Problems of files on disk that are not in use; their kept versions are used. */
  readonly rejected: readonly Problem[];
  /** Time at which the kept rules were kept, RFC 3339; undefined when they were not needed. */
  readonly keptAt?: string;
}

export interface StartRulesDeps {
  readonly live: Live;
  readonly config: string;
  /** Reads the kept rules. Undefined if only the rules on disk may be used. */
  readonly readKept: (() => Promise<KeptRead>) | undefined;
  /** Runs the tests of the rules if they require it; returns the failures. */
  readonly test: (ruleset: Ruleset) => Promise<readonly Problem[]>;
}

/**
 * Loads the rules on disk. If they do not load, does the same as a reload, with the kept rules as the rules in force: a file that does
 * not load keeps its kept version, and any other problem keeps all kept rules in force. Rejects with `InvalidRules` if no rules are kept.
 */
export async function loadAtStart({ live, config, readKept, test }: StartRulesDeps): Promise<StartRules> {
  const fresh = await live.prepare();
  const isReady = fresh.kind === 'ready';
  const problems = isReady ? await test(fresh.ruleset) : fresh.problems;
  if (isReady && problems.length === 0) return { prepared: fresh, rejected: [] };
  const found = (await readKept?.()) ?? { kind: 'none' };
  if (found.kind === 'none') throw new InvalidRules(config, problems);
  if (found.kind === 'unusable') throw new InvalidRules(config, problems, [unusableProblem(found)]);
  const { files, keptAt } = found.kept;
  const unloadable = await live.restore(files);
  if (unloadable.length > 0) throw new InvalidRules(config, problems, unloadable);
  const { prepared, rejected } = isReady ? allKept(live, problems) : await prepareWithKept(live, test);
  return { prepared, rejected, ...(rejected.length > 0 && { keptAt }) };
}

/** The kept rules as a whole, while the files on disk are rejected. */
const allKept = (live: Live, rejected: readonly Problem[]): StartRules => ({
  prepared: live.restored(rejected),
  rejected,
});

/** The rules on disk, in which a file that does not load has its kept version. */
async function prepareWithKept(live: Live, test: StartRulesDeps['test']): Promise<StartRules> {
  const prepared = await live.prepare();
  if (prepared.kind !== 'ready') return allKept(live, prepared.problems);
  const failing = await test(prepared.ruleset);
  if (failing.length > 0) return allKept(live, [...prepared.problems, ...failing]);
  return { prepared, rejected: prepared.problems };
}

function unusableProblem({ file, reason }: Extract<KeptRead, { kind: 'unusable' }>): Problem {
  return {
    file,
    line: 1,
    column: 1,
    code: 'rules.kept_unusable',
    message: `the last good rules cannot be used: ${reason}`,
    mend: 'correct the rules; the next start that succeeds keeps them again',
  };
}

/**
 * State directory of a start. If the rules cannot be read, it is a directory with kept rules of this config: one that the files seem to
 * name, the one that the last daemon has written down, or the default one.
 */
export async function stateAtStart(
  config: string,
  { settings, certain }: Pick<ReadDaemonSettings, 'settings' | 'certain'>,
  { env, cwd }: StartPlace,
): Promise<StatePaths> {
  const configured = statePaths(settings, env, cwd);
  if (certain) return configured;
  for (const state of await likelyStates(config, { env, cwd })) {
    const paths = statePaths(state === undefined ? {} : { state }, env, cwd);
    if ((await isFolder(paths.keptRules)) && (await hasKeptRules(paths.keptRules, config))) return paths;
  }
  return configured;
}

/** Directories to look in, the most likely first; undefined stands for the default one. */
async function likelyStates(config: string, place: StartPlace): Promise<readonly (string | undefined)[]> {
  const { env } = place;
  const states: (string | undefined)[] = [...(await guessStates(config, env))];
  const remembered = await rememberedState(config, place);
  if (remembered !== undefined) states.push(remembered);
  for (const file of runtimeFolders(env).flatMap((folder) => recordFiles(folder, config))) {
    const record = await readRecord(file);
    if (record?.config === config) states.push(record.state);
  }
  return [...states, undefined];
}

function isFolder(file: string): Promise<boolean> {
  return stat(file).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
