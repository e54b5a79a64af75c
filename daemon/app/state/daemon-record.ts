import { createHash } from 'node:crypto';
import { chmod, readdir, realpath, stat, unlink } from 'node:fs/promises';
import path from 'node:path';
import { isObject } from '../../core/values/json.ts';
import { writeAtomically } from '../../lib/files/atomic-file.ts';
import type { Log } from '../../lib/log.ts';
import { makeFolder } from '../../lib/files/make-folder.ts';
import { readRegularFile } from '../../lib/files/regular-file.ts';
import type { Environment, StatePaths } from './paths.ts';

/** Addresses of a running daemon, as it writes them to `belfry.json`. */
export interface DaemonRecord {
  readonly pid: number;
  /** Path of the rules directory or file. */
  readonly config: string;
  readonly state: string;
  readonly socket: string;
  readonly listen: string;
}

const NAME = 'belfry.json';
const SYSTEM_FOLDER = '/run/belfry';
const READABLE_BY_ALL = 0o644;

/** Folders that may contain records of the daemons of this machine, in the order in which a daemon tries them. */
export function runtimeFolders(env: Environment): readonly string[] {
  const given = givenFolder(env);
  const own = env.XDG_RUNTIME_DIR;
  return [...(given ? [given] : []), SYSTEM_FOLDER, ...(own ? [path.join(own, 'belfry')] : [])];
}

/** Folder that systemd made for the daemon's unit; the first of a list. */
export const givenFolder = (env: Environment): string | undefined => env.RUNTIME_DIRECTORY?.split(':')[0] || undefined;

/**
 * Files of a folder that may contain the record of a daemon with this config: a file named after the config, and the file of the
 * daemon that was started last. Several daemons may share a folder, and a command may not know the state directory.
 */
export function recordFiles(folder: string, config: string): readonly string[] {
  return [path.join(folder, `belfry-${configId(config)}.json`), path.join(folder, NAME)];
}

/** Part of a file name that stands for rules. */
export const configId = (config: string): string => createHash('sha256').update(config).digest('hex').slice(0, 16);

/** Path of the record in a state directory. */
export const stateRecord = ({ state }: Pick<StatePaths, 'state'>): string => path.join(state, NAME);

/** Resolves to undefined if the file is missing or no record. */
export async function readRecord(file: string): Promise<DaemonRecord | undefined> {
  try {
    const value: unknown = JSON.parse((await readRegularFile(file)).toString('utf8'));
    if (!isObject(value)) return undefined;
    const texts = [value.config, value.state, value.socket, value.listen];
    const isRecord = typeof value.pid === 'number' && texts.every((text) => typeof text === 'string');
    return isRecord ? (value as unknown as DaemonRecord) : undefined;
  } catch {
    return undefined;
  }
}

/** Records in a folder by their file, of daemons on any rules; they may be out of date. */
export async function readRecords(folder: string): Promise<ReadonlyMap<string, DaemonRecord>> {
  const found = new Map<string, DaemonRecord>();
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter((one) => /^belfry(?:-[0-9a-f]+)?\.json$/.test(one))) {
    const file = path.join(folder, name);
    const record = await readRecord(file);
    if (record !== undefined) found.set(file, record);
  }
  return found;
}

/** Other rules on which a daemon uses a state directory, as a record in a runtime folder says; undefined if none does. */
export async function otherConfig(state: string, config: string, env: Environment): Promise<string | undefined> {
  for (const folder of runtimeFolders(env))
    for (const record of (await readRecords(folder)).values())
      if ((await isSamePlace(record.state, state)) && !(await isSamePlace(record.config, config))) return record.config;
  return undefined;
}

/** Whether two paths lead to the same rules or the same folder. */
export async function isSamePlace(a: string, b: string): Promise<boolean> {
  if (a === b) return true;
  const [realA, realB] = await Promise.all([a, b].map((file) => realpath(file).catch(() => undefined)));
  return realA !== undefined && realA === realB;
}

export interface RecordDeps {
  readonly record: DaemonRecord;
  readonly paths: StatePaths;
  readonly env: Environment;
  readonly log: Log;
}

/**
 * Writes the record to the state directory and to the first runtime folder that the daemon may write to. Returns a function that
 * deletes the record. An error is only logged, because the daemon works without it.
 */
export async function publishRecord({ record, paths, env, log }: RecordDeps): Promise<() => Promise<void>> {
  const written: string[] = [];
  const write = async (file: string): Promise<void> => {
    await writeAtomically(file, `${JSON.stringify(record)}\n`, READABLE_BY_ALL, undefined, `${record.pid}.new`);
    written.push(file);
  };
  const warn = (error: unknown): void =>
    log.warn(
      { error: (error as Error).message },
      'commands may not find this daemon: belfry.json could not be written',
    );
  await writeAtomically(paths.lastConfig, `${record.config}\n`, 0o600).catch(warn);
  await write(stateRecord(paths)).catch(warn);
  for (const folder of runtimeFolders(env)) {
    try {
      await prepareRuntimeFolder(folder);
      for (const file of recordFiles(folder, record.config)) await write(file);
      break;
    } catch (error) {
      // A folder that systemd made for this daemon must be writable; an error of another one is expected.
      if (folder === givenFolder(env)) warn(error);
    }
  }
  return async () => {
    for (const file of written) if (await isOwn(file, record)) await unlink(file).catch(() => undefined);
  };
}

/** Creates a runtime folder; the one of the system is readable by all users. */
async function prepareRuntimeFolder(folder: string): Promise<void> {
  const made = await makeFolder(folder);
  if (made !== undefined && folder === SYSTEM_FOLDER) await chmod(folder, 0o755);
}

async function isOwn(file: string, { pid, state }: DaemonRecord): Promise<boolean> {
  const found = await readRecord(file);
  return found?.pid === pid && found.state === state;
}

/**
 * Time of the last start in a state directory, milliseconds since the epoch; undefined if that was on other rules or if there was none,
 * `closed` if the directory may not be read.
 */
export async function lastRunOn(
  { lastConfig }: Pick<StatePaths, 'lastConfig'>,
  config: string,
): Promise<number | 'closed' | undefined> {
  try {
    const last = (await readRegularFile(lastConfig)).toString('utf8').replace(/\n$/, '');
    return (await isSamePlace(last, config)) ? (await stat(lastConfig)).mtimeMs : undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES' ? 'closed' : undefined;
  }
}
