import { chmod, open, realpath, rename, stat, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { makeFolder } from './make-folder.ts';

/**
 * Replaces a file atomically: readers see the old content or the new one, also after a power cut (temporary file, fsync, rename, fsync
 * of the folder). `stillWanted` is called before the rename; if it returns false, the file stays unchanged and the result is false.
 * `suffix` is that of the temporary file, for files that several processes may replace at once.
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
    // Each block is appended.
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
 * Writes to a path that a user named. A regular file is replaced atomically, also behind symbolic links. Anything else, such as a FIFO
 * or `/dev/stdout`, is written to, since a rename would replace it by a file.
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
