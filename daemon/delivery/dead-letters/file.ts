import { constants } from 'node:fs';
import { chmod, type FileHandle, lstat, realpath } from 'node:fs/promises';
import path from 'node:path';
import { BelfryError, EXIT } from '../../core/problems/failure.ts';
import { writeAtomically } from '../../lib/files/atomic-file.ts';
import type { Log } from '../../lib/log.ts';
import { NotRegularFile, openRegularFile, statRegularFile } from '../../lib/files/regular-file.ts';
import { systemErrorText } from '../../lib/machine/system-error.ts';
import { MAX_LINE_BYTES, NEWLINE, isComplete } from './records.ts';

const OWNER_ONLY = 0o600;

/** Opens the dead-letter file for reading; undefined if there is none. Rejects if it is not a regular file. */
export function openToRead(file: string): Promise<FileHandle | undefined> {
  return openExisting(file, constants.O_RDONLY);
}

async function openExisting(file: string, flags: number): Promise<FileHandle | undefined> {
  return openRegularFile(file, flags).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw describe(error, file);
  });
}

/** Opens the dead-letter file for appending, and creates it if it is missing. */
export async function openToAppend(file: string): Promise<FileHandle> {
  const { O_RDWR, O_APPEND, O_CREAT } = constants;
  return openRegularFile(file, O_RDWR | O_APPEND | O_CREAT, OWNER_ONLY).catch((error: unknown) => {
    throw describe(error, file);
  });
}

/** Adds advice to an error of opening the file: the path is not a regular file (a FIFO, a folder), or cannot be opened. */
function describe(error: unknown, file: string): unknown {
  const reason = systemErrorText(error);
  if (error instanceof NotRegularFile)
    return unusable('dead_letters.not_a_file', `${error.message}; move it away: Belfry creates a new file`, error);
  if (reason === undefined) return error;
  const mend = 'let the user that runs belfry read and write it, or move it away: Belfry creates a new file';
  return unusable('dead_letters.unusable', `${file} cannot be used: ${reason}; ${mend}`, error);
}

function unusable(code: string, text: string, cause: unknown): BelfryError {
  return new BelfryError(code, `the dead-letter file ${text}`, { exit: EXIT.config, cause });
}

/** Checks the file without opening it. Rejects if it is not a regular file. Resets its mode to 600, which an editor that saves by rename may have changed. Resolves to whether it exists. */
export async function checkFile(file: string, log: Log): Promise<boolean> {
  const refuse = (error: unknown): never => {
    throw describe(error, file);
  };
  const found = await statRegularFile(file).catch(refuse);
  if (found === undefined) return false;
  if ((found.mode & 0o777) === OWNER_ONLY) return true;
  await chmod(file, OWNER_ONLY).catch(refuse);
  log.warn(
    { file, was: (found.mode & 0o777).toString(8) },
    'dead letters: the file could be read or written by other users; its mode is 600 again',
  );
  return true;
}

/** Prepares the file at the start: checks its mode, and moves an incomplete last line, which a crash has left, to another file. */
export async function repairFile(file: string, log: Log): Promise<void> {
  await checkFile(file, log);
  const handle = await openExisting(file, constants.O_RDWR);
  if (handle === undefined) return;
  try {
    if ((await lstat(file)).isSymbolicLink())
      log.info({ file, target: await realpath(file) }, 'dead letters: the file is a symbolic link, which is followed');
    await repairTail(handle, file, log);
  } finally {
    await handle.close();
  }
}

async function repairTail(handle: FileHandle, file: string, log: Log): Promise<void> {
  const { size } = await handle.stat();
  const tail = await tailOf(handle, size);
  if (tail?.length === 0) return;
  if (tail === undefined || isComplete(tail)) await handle.write(Buffer.of(NEWLINE), 0, 1, size);
  else {
    const aside = await asideName(file);
    await writeAtomically(aside, tail, OWNER_ONLY);
    await handle.truncate(size - tail.length);
    log.warn(
      { file: path.basename(aside), bytes: tail.length },
      'dead letters: the last line was incomplete; it was moved to another file',
    );
  }
  await handle.sync();
}

/** Text after the last newline; undefined if it is too long to be a record and therefore stays in the file. */
async function tailOf(handle: FileHandle, size: number): Promise<Buffer | undefined> {
  const parts: Buffer[] = [];
  for (let from = size; from > 0; ) {
    const length = Math.min(64 * 1024, from);
    from -= length;
    const { buffer } = await handle.read(Buffer.alloc(length), 0, length, from);
    const end = buffer.lastIndexOf(NEWLINE);
    parts.unshift(buffer.subarray(end + 1));
    if (end !== -1) break;
    if (size - from > MAX_LINE_BYTES) return undefined;
  }
  return Buffer.concat(parts);
}

async function asideName(file: string): Promise<string> {
  const base = path.join(path.dirname(file), path.basename(file, '.jsonl'));
  for (let number = 1; ; number += 1) {
    const name = `${base}.torn-${number}`;
    if ((await statRegularFile(name).catch(() => 'exists')) === undefined) return name;
  }
}
