import { stat, unlink } from 'node:fs/promises';
import path from 'node:path';
import { isObject } from '../../core/values/json.ts';
import { writeAtomically } from '../../lib/files/atomic-file.ts';
import { readRegularFile } from '../../lib/files/regular-file.ts';
import { configId, isSamePlace } from './daemon-record.ts';
import { type Environment, type StatePaths, statePaths } from './paths.ts';

/** Environment and working directory of a process, which give its default directories. */
export interface StartPlace {
  readonly env: Environment;
  readonly cwd: string;
}

/**
 * Writes the path of the state directory to a file in the default one, if the rules name another directory. A later start with rules
 * that cannot be read finds its state by this file. Errors are ignored: the daemon may not be allowed to write there.
 */
export async function rememberState(config: string, { state }: StatePaths, place: StartPlace): Promise<void> {
  const file = await fileOf(config, place);
  if (file === undefined) return;
  const isDefault = state === defaultState(place);
  if (isDefault) await unlink(file).catch(() => undefined);
  else if ((await rememberedState(config, place)) !== state)
    await writeAtomically(file, `${JSON.stringify({ config, state })}\n`, 0o600).catch(() => undefined);
}

/** State directory that a daemon with this config used last, if it is not the default one. */
export async function rememberedState(config: string, place: StartPlace): Promise<string | undefined> {
  try {
    const file = path.join(defaultState(place), nameOf(config));
    const value: unknown = JSON.parse((await readRegularFile(file)).toString('utf8'));
    if (!isObject(value) || typeof value.config !== 'string' || typeof value.state !== 'string') return undefined;
    return (await isSamePlace(value.config, config)) ? value.state : undefined;
  } catch {
    return undefined;
  }
}

const defaultState = ({ env, cwd }: StartPlace): string => statePaths({}, env, cwd).state;

const nameOf = (config: string): string => `state-of-${configId(config)}.json`;

/** File for `rememberState`. Undefined if the process has no home directory, or if that does not exist. */
async function fileOf(config: string, place: StartPlace): Promise<string | undefined> {
  const { STATE_DIRECTORY, XDG_STATE_HOME, HOME } = place.env;
  const base = STATE_DIRECTORY?.split(':')[0] || XDG_STATE_HOME || HOME;
  const exists = base !== undefined && (await stat(base).catch(() => undefined))?.isDirectory() === true;
  return exists ? path.join(defaultState(place), nameOf(config)) : undefined;
}
