import { constants, type Stats } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';

/** Something else stands where a regular file is expected. `kind`: `a FIFO`, `a directory`. */
export class NotRegularFile extends Error {
  readonly kind: string;

  constructor(file: string, kind: string) {
    super(`${file} is ${kind}, not a regular file`);
    this.kind = kind;
  }
}

/** Opens a regular file, also through symbolic links; rejects with `NotRegularFile` at once where a plain open would wait for ever on a FIFO. */
export async function openRegularFile(file: string, flags: number, mode?: number): Promise<FileHandle> {
  const handle = await open(file, flags | constants.O_NONBLOCK, mode).catch(async (error: unknown) => {
    // A directory and a socket refuse the open with codes that do not name them.
    await statRegularFile(file);
    throw error;
  });
  try {
    refuseOther(file, await handle.stat());
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** The whole of a regular file; rejects as `openRegularFile` does. */
export async function readRegularFile(file: string): Promise<Buffer> {
  const handle = await openRegularFile(file, constants.O_RDONLY);
  try {
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

/** undefined: there is none. Rejects with `NotRegularFile` for anything else that stands there. */
export async function statRegularFile(file: string): Promise<Stats | undefined> {
  const found = await stat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (found !== undefined) refuseOther(file, found);
  return found;
}

function refuseOther(file: string, found: Stats): void {
  if (found.isFile()) return;
  const kinds = [
    found.isDirectory() && 'a directory',
    found.isFIFO() && 'a FIFO',
    found.isSocket() && 'a socket',
    'a device',
  ];
  throw new NotRegularFile(file, kinds.find((kind) => kind !== false) as string);
}
