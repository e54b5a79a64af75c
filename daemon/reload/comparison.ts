import { type LeveledProblem, type Problem, withLevel } from '../core/problems/failure.ts';
import type { DaemonSettings } from '../core/ruleset.ts';
import type { LoadedFile } from './load.ts';
import { PLUGIN_PROBLEM } from './plugins.ts';

/** A file as `status` shows it. `ok`: the live version is the one on disk; `kept`: the live version is older, or there is none. */
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

/** Compares digests by name. */
export function difference(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): Difference {
  return {
    added: [...after.keys()].filter((name) => !before.has(name)),
    changed: [...after]
      .filter(([name, digest]) => before.has(name) && before.get(name) !== digest)
      .map(([name]) => name),
    removed: [...before.keys()].filter((name) => !after.has(name)),
  };
}

/** States of the files on disk, and of live files that are gone. */
export function fileStates(
  current: ReadonlyMap<string, LoadedFile>,
  live: ReadonlyMap<string, LoadedFile>,
  problems: readonly Problem[],
): FileState[] {
  // A problem may be about the directory or a file of tests, which are no files of the live version.
  const paths = new Set([...current.keys(), ...live.keys(), ...problems.map(({ file }) => file)]);
  return [...paths].map((file) => {
    const own = problems.filter((problem) => problem.file === file);
    const hasPluginProblem = own.some(({ code }) => code === PLUGIN_PROBLEM);
    const isLive = current.get(file) !== undefined && current.get(file)?.stamp === live.get(file)?.stamp;
    return { path: file, state: isLive && !hasPluginProblem ? 'ok' : 'kept', problems: withLevel('error', own) };
  });
}

/** Settings of `daemon` that need a restart, by their names in the rules; each function returns the value to be compared. */
const NEEDS_RESTART: Readonly<Record<string, (daemon: DaemonSettings) => string | number | undefined>> = {
  listen: ({ listen }) => listen,
  socket: ({ socket }) => socket,
  socket_group: ({ socketGroup }) => socketGroup,
  state: ({ state }) => state,
  store: ({ store }) => (store.type === 'postgres' ? store.fingerprint : store.type),
  instance: ({ instance }) => instance,
};

/** Names of the settings that differ and take effect after a restart only. */
export function needRestart(started: DaemonSettings, now: DaemonSettings): string[] {
  return Object.entries(NEEDS_RESTART)
    .filter(([, valueOf]) => valueOf(started) !== valueOf(now))
    .map(([name]) => name);
}
