import { constants, type Stats } from 'node:fs';
import { access, lstat, stat } from 'node:fs/promises';
import path from 'node:path';
import { BelfryError, EXIT } from '../../core/problems/failure.ts';
import type { Resumption, Terminal, UserIds } from '../../lib/terminal.ts';

const ROOT = 0;
const MAY_USE = constants.R_OK | constants.W_OK | constants.X_OK;

/**
 * Makes a command of root that works in a state directory continue as the user whose daemon uses it. Files that it makes there then
 * belong to that user, and a hostile owner of the directory cannot lead root to other files. Rejects with `state.owner` (exit 78) if
 * the directory cannot be used, and names its owner. Files that the user of the command has named must be open before.
 */
export async function continueAsOwner(terminal: Pick<Terminal, 'uid' | 'runAs'>, again: Resumption): Promise<void> {
  const { state } = again;
  const { uid } = terminal;
  if (uid === undefined) return;
  const found = await stat(state).catch(unlessMissing);
  if (uid === ROOT && found !== undefined) {
    const owner = await daemonUser(state, found);
    if (owner.uid === ROOT) return;
    await terminal.runAs(owner, again);
    await access(state, MAY_USE).catch((cause: unknown) => refuse(state, owner.uid, owner.uid, cause));
  } else if (found !== undefined) {
    await access(state, MAY_USE).catch((cause: unknown) => refuse(state, uid, found.uid, cause));
  }
}

/** Owner of the directory. In a directory of root (a volume of a container) it is the owner of the store. */
async function daemonUser(state: string, { uid, gid }: Stats): Promise<UserIds> {
  if (uid !== ROOT) return { uid, gid };
  return (await lstat(path.join(state, 'belfry.db')).catch(unlessMissing)) ?? { uid, gid };
}

function unlessMissing(error: NodeJS.ErrnoException): undefined {
  // If a folder above is closed to this user, the caller fails with its own error.
  if (!['ENOENT', 'ENOTDIR', 'EACCES'].includes(error.code ?? '')) throw error;
}

async function refuse(state: string, user: number, owner: number, cause: unknown): Promise<never> {
  throw new BelfryError('state.owner', await refusalText(state, user, owner), { exit: EXIT.config, cause });
}

async function refusalText(state: string, user: number, owner: number): Promise<string> {
  const { sudoUser, userText } = await import('../../lib/files/owners.ts');
  const [who, whose] = await Promise.all([userText(user), userText(owner)]);
  if (user === owner)
    return `the state directory ${state} cannot be used by its owner ${whose}; let that user read and write it, and enter the folders above it`;
  return `the state directory ${state} belongs to ${whose} and cannot be used by ${who}; run the command as that user (\`sudo -u ${await sudoUser(owner)} belfry ...\`) or as root, or start the daemon, which answers the users of its socket`;
}

/** Text of the refusal for a state directory, or a file in it, that the user of a command may not read; undefined if the owner is not known. */
export async function closedStateText(state: string, terminal: Pick<Terminal, 'uid'>): Promise<string | undefined> {
  for (let folder = state; ; folder = path.dirname(folder)) {
    const found = await stat(folder).catch(() => undefined);
    if (found !== undefined) return refusalText(state, terminal.uid ?? found.uid, found.uid);
    if (folder === path.dirname(folder)) return undefined;
  }
}
