import { randomInt } from 'node:crypto';
import { chmod, link, lstat, rename, stat, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import { BelfryError, EXIT } from '../core/problems/failure.ts';

/** sockaddr_un(7): 108 bytes with the closing NUL. */
const LONGEST_PATH = 107;
/** Of the name under which a socket is bound before it gets its own. */
const ASIDE_LETTERS = 5;
/** Times that another process may have come between. */
const MOST_TRIES = 5;

/** The place of a Unix socket that a server has been given; nobody else's socket is ever removed from it. */
export interface SocketPlace {
  /** Where the server is to be bound first. */
  readonly aside: string;
  /** Gives the bound socket its name, for its owner and group. Rejects when another program listens there. */
  take(): Promise<void>;
  /** Takes the name away again, unless it has become that of another socket. */
  leave(): Promise<void>;
}

/** Refuses what can be no socket before anything is touched. `made`: a folder that is going to be made; others have to be there. */
export async function checkSocketPath(socket: string, made?: string): Promise<void> {
  const longest = Math.max(Buffer.byteLength(socket), Buffer.byteLength(asideOf(socket)));
  if (longest > LONGEST_PATH)
    throw unusable(`the path of the socket is longer than ${LONGEST_PATH} bytes: ${socket}`, 'a shorter one');
  const found = await lstat(socket).catch((error: NodeJS.ErrnoException) => error.code);
  if (typeof found === 'object') {
    if (!found.isSocket()) throw noSocket(socket);
    return;
  }
  const folder = path.dirname(socket);
  if (folder === made) return;
  const isFolder = await stat(folder).then(
    (target) => target.isDirectory(),
    () => false,
  );
  if (!isFolder)
    throw unusable(`the folder of the socket is not there: ${folder}`, 'a path in one that is, or make it');
}

/**
 * A server removes at its end whatever lies where it was bound, so it is bound aside, and the socket is then linked to its place:
 * that fails when something is there, so of two daemons only one gets it. A dead socket, which a killed daemon left, is replaced.
 */
export function openSocketPlace(socket: string): SocketPlace {
  const aside = asideOf(socket);
  let inode: number | undefined;
  return {
    aside,
    async take() {
      await chmod(aside, 0o660);
      inode = (await lstat(aside)).ino;
      for (let tries = 1; !(await placed(aside, socket)); tries += 1) {
        if (tries === MOST_TRIES) throw inUse(socket);
        await removeDead(socket);
      }
    },
    async leave() {
      const found = await lstat(socket).catch(() => undefined);
      if (found !== undefined && found.ino === inode) await unlink(socket).catch(() => undefined);
    },
  };
}

/** A name beside the socket that no other process uses. */
function asideOf(socket: string): string {
  const letters = randomInt(36 ** ASIDE_LETTERS).toString(36);
  return path.join(path.dirname(socket), `.${letters.padStart(ASIDE_LETTERS, '0')}`);
}

/** False when something is there. */
async function placed(aside: string, socket: string): Promise<boolean> {
  try {
    await link(aside, socket);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    // A file system without hard links.
    if ((await lstat(socket).catch(() => undefined)) !== undefined) return false;
    await rename(aside, socket);
    return true;
  }
  await unlink(aside);
  return true;
}

/** Removes the socket if nobody listens on it. Rejects when somebody does, or when that cannot be told. */
async function removeDead(socket: string): Promise<void> {
  const found = await lstat(socket).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isSocket()) throw noSocket(socket);
  const code = await connectionError(socket);
  if (code === 'ENOENT') return;
  if (code !== 'ECONNREFUSED') throw inUse(socket);
  const now = await lstat(socket).catch(() => undefined);
  // The number of a removed inode may be given to a new one.
  if (now?.ino === found.ino && now.ctimeMs === found.ctimeMs) await unlink(socket).catch(() => undefined);
}

/** Undefined when somebody answers. */
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
    `another program listens on the socket ${socket}; stop that, or set \`daemon.socket\` to another path`,
    { exit: EXIT.locked },
  );
}

const noSocket = (socket: string): BelfryError => unusable(`${socket} is there and is no socket`, 'another path');

function unusable(what: string, instead: string): BelfryError {
  return new BelfryError('http.socket_path', `${what}; set \`daemon.socket\` to ${instead}`, { exit: EXIT.config });
}
