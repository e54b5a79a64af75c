import { existsSync } from 'node:fs';
import {
  type DaemonRecord,
  isSamePlace,
  lastRunOn,
  otherConfig,
  readRecord,
  recordFiles,
  runtimeFolders,
} from '../../app/state/daemon-record.ts';
import { serviceStates, type StatePaths, statePaths } from '../../app/state/paths.ts';
import { closedStateText } from '../../app/state/state-owner.ts';
import type { Terminal } from '../../lib/terminal.ts';
import { readSettingsOf, type Search } from './locate.ts';

/** State directory of the daemon on some rules, as a command finds it; no daemon needs to run. */
export interface LocatedState {
  readonly paths: StatePaths;
  /** Whether the last daemon in this directory ran on these rules. If not, it is the directory that a daemon would use now. */
  readonly hasRun: boolean;
  /** State directories that the caller may not read, so that it is not known who has used them. */
  readonly closed: readonly string[];
  /** Directories whose last daemon ran on other rules, or that no daemon has used. */
  readonly tried: readonly string[];
  /** False while the rules do not load, so that they may name another directory. */
  readonly certain: boolean;
}

/**
 * Finds the state directory: the one that the rules set, else one in a record of a daemon on these rules, else the default one or
 * the one of a service, whichever a daemon on these rules used last.
 */
export async function locateState(search: Search): Promise<LocatedState> {
  const { config, env, cwd } = search;
  const { settings, certain } = await readSettingsOf(search);
  const configured = statePaths(settings, env, cwd);
  const recorded = settings.state === undefined ? await recordsOf(search) : [];
  const closed: string[] = [];
  const tried: string[] = [];
  /** The time of the last start in a directory; undefined if it was on other rules. */
  const lastRun = async (paths: StatePaths): Promise<number | undefined> => {
    const last = await lastRunOn(paths, config);
    if (typeof last === 'number') return last;
    // Only its owner can read a closed directory, but the record of a daemon there is open to all.
    const isUnknown = last === 'closed' && (await otherConfig(paths.state, config, env)) === undefined;
    (isUnknown ? closed : tried).push(paths.state);
    return undefined;
  };
  const rest = { closed, tried, certain };
  for (const { state } of recorded) {
    const paths = statePaths({ ...settings, state }, env, cwd);
    if ((await lastRun(paths)) !== undefined) return { paths, hasRun: true, ...rest };
  }
  let newest: { readonly paths: StatePaths; readonly at: number } | undefined;
  const isSet = settings.state !== undefined || Boolean(env.STATE_DIRECTORY);
  // Rules that do not load may set a directory, so the default one is not certain to be the one of their daemon.
  for (const state of certain || isSet ? [configured.state, ...(isSet ? [] : serviceStates(env))] : []) {
    const paths = statePaths({ ...settings, state }, env, cwd);
    const at = await lastRun(paths);
    if (at !== undefined && at > (newest?.at ?? Number.NEGATIVE_INFINITY)) newest = { paths, at };
  }
  return { paths: newest?.paths ?? configured, hasRun: newest !== undefined, ...rest };
}

/**
 * State directory in whose inbox an event for these rules can be left: a daemon has run there on these rules, and the next daemon will
 * probably use it too. Resolves to the reason if there is none.
 */
export async function locateInbox(search: Search, terminal: Pick<Terminal, 'uid'>): Promise<StatePaths | string> {
  const { paths, hasRun, closed, tried, certain } = await locateState(search);
  if (hasRun) return paths;
  const [first] = closed;
  if (first !== undefined) return (await closedStateText(first, terminal)) ?? `${first} cannot be read`;
  if (!existsSync(search.config)) return 'there are no rules there; name those of the daemon with `--config`';
  return certain
    ? `no daemon has run on these rules, so there is no inbox that one would read (looked in ${tried.join(', ')}); start the daemon, or set \`daemon.state\` in the rules or $STATE_DIRECTORY to its state directory`
    : 'it is not known whether a daemon has run on these rules, since they do not load; fix them, or start the daemon';
}

/** Records of daemons on these rules in the runtime folders; they may be out of date. */
async function recordsOf({ config, env }: Search): Promise<DaemonRecord[]> {
  const files = runtimeFolders(env).flatMap((folder) => recordFiles(folder, config));
  const records: DaemonRecord[] = [];
  for (const file of files) {
    const record = await readRecord(file);
    if (record !== undefined && (await isSamePlace(record.config, config))) records.push(record);
  }
  return records;
}
