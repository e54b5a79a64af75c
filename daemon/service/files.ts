import { chmod, chown, readdir, readFile, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { writeAtomically } from '../lib/files/atomic-file.ts';
import { makeFolder } from '../lib/files/make-folder.ts';
import type { Step } from './plan.ts';

/** Owner of a file. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Text of a file; undefined if there is none. */
export async function textOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

export async function exists(file: string): Promise<boolean> {
  return (await stat(file).catch(() => undefined)) !== undefined;
}

/** Whether a path is missing, or is a folder without entries. */
export async function isFree(folder: string): Promise<boolean> {
  const entries = await readdir(folder).catch((error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? [] : ['?']));
  return entries.length === 0;
}

/** Gives a folder and all that is in it to an owner, without access for others. Group members may read. */
async function giveAway(folder: string, { uid, gid }: Owner): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    await chown(file, uid, gid);
    await chmod(file, entry.isDirectory() ? 0o750 : 0o640);
  }
  await chown(folder, uid, gid);
  await chmod(folder, 0o750);
}

/** Creates a folder for its owner alone. Undone, it is removed with everything in it. `owner` is called when the step is carried out. */
export function folderStep(folder: string, what: string, owner?: () => Promise<Owner>): Step {
  return {
    describe: `create the ${what} ${folder}`,
    async do() {
      await makeFolder(path.dirname(folder), 0o755);
      await makeFolder(folder);
      const own = await owner?.();
      if (own !== undefined) await chown(folder, own.uid, own.gid);
    },
    undo: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Writes starter rules; with an owner, its group may read them and only root may change them. */
export function starterStep(
  folder: string,
  writeStarter: (folder: string) => Promise<void>,
  owner?: () => Promise<Owner>,
): Step {
  return {
    describe: `write starter rules to ${folder}`,
    async do() {
      await writeStarter(folder);
      const group = await owner?.();
      if (group !== undefined) await giveAway(folder, { uid: 0, gid: group.gid });
    },
    undo: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Removes a file or a folder with everything in it. */
export function removalStep(file: string, what: string): Step {
  return { describe: `remove the ${what} ${file}`, do: () => rm(file, { recursive: true, force: true }) };
}

/** Writes a file that all may read. Undone, the file has its earlier text again. `after` is called after each of the two changes. */
export function writeStep(file: string, text: string, before: string | undefined, after: () => Promise<void>): Step {
  return {
    describe: `${before === undefined ? 'write' : 'replace'} ${file}`,
    async do() {
      await makeFolder(path.dirname(file), 0o755);
      await writeAtomically(file, text, 0o644);
      await after();
    },
    async undo() {
      if (before === undefined) await rm(file, { force: true });
      else await writeAtomically(file, before, 0o644);
      await after();
    },
  };
}
