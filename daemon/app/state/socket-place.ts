import { constants } from 'node:fs';
import { access, chmod, chown, readlink, stat, symlink, unlink } from 'node:fs/promises';
import path from 'node:path';
import { BelfryError, EXIT } from '../../core/problems/failure.ts';
import type { DaemonSettings } from '../../core/ruleset.ts';
import { removeDead, type SocketGroup } from '../../http/listener/socket-file.ts';
import { makeFolder } from '../../lib/files/make-folder.ts';
import { groupId } from '../../lib/files/owners.ts';
import type { Log } from '../../lib/log.ts';
import { configId, givenFolder } from './daemon-record.ts';
import type { Environment, StatePaths } from './paths.ts';

/** Paths at which a daemon may listen, in its order of preference. */
interface SocketPlaces {
  readonly socket: string;
  readonly otherSocket?: string;
}

/** Group of `daemon.socket_group`. Rejects with exit 78 if this machine does not have it. */
export async function socketGroupOf({
  socketGroup: given,
}: Pick<DaemonSettings, 'socketGroup'>): Promise<SocketGroup | undefined> {
  if (given === undefined) return undefined;
  const name = String(given);
  const gid = /^\d+$/.test(name) ? Number(name) : await groupId(name);
  if (gid !== undefined) return { gid, name };
  throw new BelfryError(
    'http.socket_group',
    `there is no group \`${name}\` on this machine, which \`daemon.socket_group\` names; make it (\`groupadd ${name}\`), or write another name or number`,
    { exit: EXIT.config },
  );
}

export interface SocketPlaceDeps {
  readonly paths: StatePaths;
  readonly env: Environment;
  readonly log: Log;
}

/**
 * Chooses the path of the socket: `daemon.socket`, else the runtime folder of a service, which other users can enter, else the state
 * directory. Several daemons may share a runtime folder; the second one takes a name that is made from the path of its rules.
 */
export async function socketPlaces(
  settings: Pick<DaemonSettings, 'socket'>,
  config: string,
  { paths, env, log }: SocketPlaceDeps,
): Promise<SocketPlaces> {
  const folder = givenFolder(env);
  if (settings.socket !== undefined || folder === undefined) return { socket: paths.socket };
  try {
    await makeFolder(folder);
    await access(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    const reason = (error as Error).message;
    log.warn({ error: reason }, 'the socket is made in the state directory: $RUNTIME_DIRECTORY cannot be used');
    return { socket: paths.socket };
  }
  return {
    socket: path.join(folder, 'belfry.sock'),
    otherSocket: path.join(folder, `belfry-${configId(config)}.sock`),
  };
}

/** Lets a group enter the folder of the socket: gives the runtime folder to the group. Of another folder it only warns, because it may hold other files. */
export async function openFolderTo(
  { gid, name }: SocketGroup,
  socket: string,
  { env, log }: Pick<SocketPlaceDeps, 'env' | 'log'>,
): Promise<void> {
  const folder = path.dirname(socket);
  const { uid, gid: owner, mode } = await stat(folder);
  if ((mode & 0o001) !== 0 || (owner === gid && (mode & 0o010) !== 0)) return;
  try {
    if (folder !== givenFolder(env)) throw new Error('it is not the runtime folder of the daemon');
    await chown(folder, uid, gid);
    await chmod(folder, (mode & 0o777) | 0o010);
  } catch (error) {
    log.warn(
      { error: (error as Error).message },
      `the group ${name} cannot reach the socket: ${folder} is closed to it; set \`daemon.socket\` to a path in a folder that the group may enter`,
    );
  }
}

/** Makes `<state>/belfry.sock` a link to a socket elsewhere. Returns a function that removes the link. An error is only logged. */
export async function linkSocket({ paths, log }: SocketPlaceDeps, socket: string): Promise<() => Promise<void>> {
  const link = paths.socket;
  if (link === socket) return async () => {};
  try {
    // A daemon that was killed leaves its link. It has the right target if this daemon listens at the same path.
    if ((await readlink(link).catch(() => undefined)) !== socket) {
      if (!(await removeDead(link))) throw new Error('another program listens there');
      await symlink(socket, link);
    }
  } catch (error) {
    log.warn({ error: (error as Error).message }, `${link} could not be made a link to the socket ${socket}`);
  }
  return async () => {
    const target = await readlink(link).catch(() => undefined);
    if (target === socket) await unlink(link).catch(() => undefined);
  };
}
