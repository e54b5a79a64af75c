import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';

/** Permissions of folders for their owner only. */
const OWNER_ONLY = 0o700;

/**
 * Creates a folder and its missing parents; returns the topmost new one, or undefined if the folder exists already. Replaces Node's
 * recursive `mkdir`, which never returns if the system refuses a new entry with ENOENT although the parent exists: below a folder that
 * was removed while in use (a stale bind mount), and in /proc.
 */
export async function makeFolder(folder: string, mode: number = OWNER_ONLY): Promise<string | undefined> {
  try {
    await mkdir(folder, { mode });
    return folder;
  } catch (error) {
    if (await isFolder(folder)) return undefined;
    const parent = path.dirname(folder);
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === folder) throw error;
    const topmost = await makeFolder(parent, mode);
    // A second refusal is final: the parent exists, and no folder can be created in it.
    await mkdir(folder, { mode }).catch(unlessFolder(folder));
    return topmost ?? folder;
  }
}

/** Ignores the error if another process has created the folder in the meantime. */
function unlessFolder(folder: string): (error: unknown) => Promise<void> {
  return async (error) => {
    if (!(await isFolder(folder))) throw error;
  };
}

async function isFolder(file: string): Promise<boolean> {
  return await stat(file).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
