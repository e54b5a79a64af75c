import { randomInt } from 'node:crypto';
import { chmod, link, lstat, rename, stat, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import { BelfryError, EXIT } from '../core/problems/failure.ts';

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
  /** Moves the bound socket to its path, open to its owner and group. Rejects when another program listens there. */
  publish(): Promise<void>;
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
    if (!found.isSocket()) throw noSocket(socket);
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

/**
 * Opens the file of a socket. A server that closes removes the file at which it was bound, even if another server owns it by then.
 * The server is therefore bound under a temporary name, and the file is then linked to its path. Linking fails if a file exists
 * there, so only one of two daemons succeeds. A dead socket that a killed daemon left is replaced.
 */
export function openSocketFile(socket: string): SocketFile {
  const temporary = temporaryOf(socket);
  let inode: number | undefined;
  return {
    temporary,
    async publish() {
      await chmod(temporary, 0o660);
      inode = (await lstat(temporary)).ino;
      for (let tries = 1; !(await linked(temporary, socket)); tries += 1) {
        if (tries === MAX_TRIES) throw inUse(socket);
        await removeDead(socket);
      }
    },
    async remove() {
      const found = await lstat(socket).catch(() => undefined);
      if (found !== undefined && found.ino === inode) await unlink(socket).catch(() => undefined);
    },
  };
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

/** Removes the socket if nothing listens on it. Rejects when something listens, or when this is unknown. */
async function removeDead(socket: string): Promise<void> {
  const found = await lstat(socket).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isSocket()) throw noSocket(socket);
  const code = await connectionError(socket);
  if (code === 'ENOENT') return;
  if (code !== 'ECONNREFUSED') throw inUse(socket);
  const now = await lstat(socket).catch(() => undefined);
  // An inode number is reused after a removal, so the time is compared too.
  if (now?.ino === found.ino && now.ctimeMs === found.ctimeMs) await unlink(socket).catch(() => undefined);
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
