import { constants, type Stats } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';

/** Error: another kind of file is where a regular file is expected. `kind`: `a FIFO`, `a directory`. */
export class NotRegularFile extends Error {
  readonly kind: string;

  constructor(file: string, kind: string) {
    super(`${file} is ${kind}, not a regular file`);
    this.kind = kind;
  }
}

/** Opens a regular file, also through symbolic links; rejects at once with `NotRegularFile` for a FIFO, on which a plain open would wait forever. */
export async function openRegularFile(file: string, flags: number, mode?: number): Promise<FileHandle> {
  const handle = await open(file, flags | constants.O_NONBLOCK, mode).catch(async (error: unknown) => {
    // The error codes for a directory and a socket do not name them.
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

/** Reads a regular file; rejects like `openRegularFile`. */
export async function readRegularFile(file: string): Promise<Buffer> {
  const handle = await openRegularFile(file, constants.O_RDONLY);
  try {
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

/** Attributes of a regular file; undefined if nothing is there. Rejects with `NotRegularFile` for anything else. */
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
