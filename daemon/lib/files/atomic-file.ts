import { chmod, open, realpath, rename, stat, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { makeFolder } from './make-folder.ts';

/**
 * Replaces a file whole: readers see the old content or the new, also after a power cut (temp, fsync, rename, fsync of the folder).
 * `stillWanted` is asked when only the rename is left; false leaves the file as it is, and is what this then resolves to.
 * `suffix`: of the temporary file, where several processes may replace the same file at once.
 */
export async function writeAtomically(
  file: string,
  content: string | Buffer | AsyncIterable<Buffer>,
  mode: number,
  stillWanted: () => Promise<boolean> = () => Promise.resolve(true),
  suffix = 'new',
): Promise<boolean> {
  const folder = path.dirname(file);
  await makeFolder(folder);
  const aside = path.join(folder, `.${path.basename(file)}.${suffix}`);
  const handle = await open(aside, 'w', mode);
  try {
    const blocks = typeof content === 'string' || Buffer.isBuffer(content) ? [content] : content;
    // Each one goes where the last one ended.
    for await (const block of blocks) await handle.writeFile(block);
    await handle.sync();
  } catch (error) {
    await handle.close();
    await unlink(aside).catch(() => undefined);
    throw error;
  }
  await handle.close();
  await chmod(aside, mode);
  if (!(await stillWanted())) {
    await unlink(aside);
    return false;
  }
  await rename(aside, file);
  await syncFolder(folder);
  return true;
}

/**
 * Writes to a path that somebody named. A regular file is replaced whole, also behind symbolic links; anything else that stands
 * there, such as a FIFO or `/dev/stdout`, is written to, since a rename would put a file in its place.
 */
export async function writeToNamed(file: string, content: string, mode: number): Promise<void> {
  const found = await stat(file).catch(() => undefined);
  if (found === undefined) await writeAtomically(file, content, mode);
  else if (found.isFile()) await writeAtomically(await realpath(file), content, mode);
  else await writeFile(file, content);
}

/** Makes a new or renamed entry of a folder durable. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
