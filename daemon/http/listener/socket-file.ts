import { randomInt } from 'node:crypto';
import type { Stats } from 'node:fs';
import { chmod, chown, link, lstat, rename, stat, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import { BelfryError, EXIT } from '../../core/problems/failure.ts';

/** sockaddr_un(7): 108 bytes with the closing NUL. */
const MAX_PATH_BYTES = 107;
/** Length of the temporary name. */
const TEMPORARY_LETTERS = 5;
/** Attempts to publish the socket while other processes create theirs. */
const MAX_TRIES = 5;

/** File of a Unix socket. The socket of another process is never removed. */
export interface SocketFile {
  /** Path at which the server is bound first. */
  readonly temporary: string;
  /** Moves the bound socket to the first free path, open to its owner and group; returns the path. Rejects when another program listens at each. */
  publish(): Promise<string>;
  /** Removes the socket, unless another one has taken its path. */
  remove(): Promise<void>;
}

/** Refuses an unusable path before anything is changed. The folder of the socket must exist, unless it is `newFolder`, which will be created. */
export async function checkSocketPath(socket: string, newFolder?: string): Promise<void> {
  const longest = Math.max(Buffer.byteLength(socket), Buffer.byteLength(temporaryOf(socket)));
  if (longest > MAX_PATH_BYTES)
    throw unusable(`the path of the socket is longer than ${MAX_PATH_BYTES} bytes: ${socket}`, 'a shorter one');
  const found = await lstat(socket).catch((error: NodeJS.ErrnoException) => error.code);
  if (typeof found === 'object') {
    if (!(await isReplaceable(socket, found))) throw noSocket(socket);
    return;
  }
  const folder = path.dirname(socket);
  if (folder === newFolder) return;
  const isFolder = await stat(folder).then(
    (target) => target.isDirectory(),
    () => false,
  );
  if (!isFolder)
    throw unusable(`the folder of the socket does not exist: ${folder}`, 'a path in an existing folder, or create it');
}

/** Group that may use a socket, and its name as the rules write it. */
export interface SocketGroup {
  readonly gid: number;
  readonly name: string;
}

/**
 * Opens the file of a socket. A server that closes removes the file at which it was bound, even if another server owns it by then.
 * The server is therefore bound under a temporary name, and the file is then linked to its path. Linking fails if a file exists
 * there, so only one of two daemons succeeds. A dead socket that a killed daemon left is replaced. `paths` are in one folder.
 */
export function openSocketFile(paths: readonly [string, ...string[]], group?: SocketGroup): SocketFile {
  const temporary = temporaryOf(paths[0]);
  let published: { readonly path: string; readonly inode: number } | undefined;
  return {
    temporary,
    async publish() {
      if (group !== undefined) await giveTo(group, temporary);
      await chmod(temporary, 0o660);
      const { ino: inode } = await lstat(temporary);
      for (const path of paths) {
        if (!(await linkAt(path, temporary, path === paths.at(-1)))) continue;
        published = { path, inode };
        return path;
      }
      throw inUse(paths[0]);
    },
    async remove() {
      if (published === undefined) return;
      const found = await lstat(published.path).catch(() => undefined);
      if (found?.ino === published.inode) await unlink(published.path).catch(() => undefined);
    },
  };
}

/** Links the socket to a path, in place of a dead socket. False when another program listens there; rejects then if it is the last path. */
async function linkAt(path: string, temporary: string, isLast: boolean): Promise<boolean> {
  for (let tries = 1; !(await linked(temporary, path)); tries += 1) {
    if (tries === MAX_TRIES) throw inUse(path);
    if (await removeDead(path)) continue;
    if (isLast) throw inUse(path);
    return false;
  }
  return true;
}

async function giveTo({ gid, name }: SocketGroup, file: string): Promise<void> {
  const { uid, gid: own } = await lstat(file);
  // A sandbox may forbid the call also where it would change nothing.
  if (own === gid) return;
  await chown(file, uid, gid).catch((cause: NodeJS.ErrnoException) => {
    throw new BelfryError(
      'http.socket_group',
      `the socket may not be given to the group \`${name}\` of \`daemon.socket_group\` (${cause.code}): the user of the daemon must be a member. Add it (\`usermod -aG ${name} USER\`; in a unit of systemd set \`Group=${name}\`) and start again, or remove the setting`,
      { exit: EXIT.config, cause },
    );
  });
}

/** Name in the folder of the socket that no other process uses. */
function temporaryOf(socket: string): string {
  const letters = randomInt(36 ** TEMPORARY_LETTERS).toString(36);
  return path.join(path.dirname(socket), `.${letters.padStart(TEMPORARY_LETTERS, '0')}`);
}

/** Links the socket to its path; false when a file exists there. */
async function linked(temporary: string, socket: string): Promise<boolean> {
  try {
    await link(temporary, socket);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    // Some file systems have no hard links.
    if ((await lstat(socket).catch(() => undefined)) !== undefined) return false;
    await rename(temporary, socket);
    return true;
  }
  await unlink(temporary);
  return true;
}

/** Removes the socket if nothing listens on it; false if something listens, or if this is unknown. */
export async function removeDead(socket: string): Promise<boolean> {
  const found = await lstat(socket).catch(() => undefined);
  if (found === undefined) return true;
  if (!(await isReplaceable(socket, found))) throw noSocket(socket);
  const code = await connectionError(socket);
  if (code === 'ENOENT' && !found.isSymbolicLink()) return true;
  if (code !== 'ECONNREFUSED' && code !== 'ENOENT') return false;
  const now = await lstat(socket).catch(() => undefined);
  // An inode number is reused after a removal, so the time is compared too.
  if (now?.ino === found.ino && now.ctimeMs === found.ctimeMs) await unlink(socket).catch(() => undefined);
  return true;
}

/** Whether it is a socket, or a link to one or to nothing: a killed daemon leaves these. */
async function isReplaceable(file: string, found: Stats): Promise<boolean> {
  if (!found.isSymbolicLink()) return found.isSocket();
  const target = await stat(file).catch(() => undefined);
  return target === undefined || target.isSocket();
}

/** Code of the connection error; undefined when the connection is accepted. */
function connectionError(socket: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const connection = connect(socket);
    connection.once('connect', () => {
      connection.destroy();
      resolve(undefined);
    });
    connection.once('error', (error: NodeJS.ErrnoException) => resolve(error.code));
  });
}

function inUse(socket: string): BelfryError {
  return new BelfryError(
    'http.socket_in_use',
    `another program listens on the socket ${socket}; stop that program, or set \`daemon.socket\` to another path`,
    { exit: EXIT.locked },
  );
}

const noSocket = (socket: string): BelfryError => unusable(`${socket} exists and is not a socket`, 'another path');

function unusable(what: string, instead: string): BelfryError {
  return new BelfryError('http.socket_path', `${what}; set \`daemon.socket\` to ${instead}`, { exit: EXIT.config });
}
