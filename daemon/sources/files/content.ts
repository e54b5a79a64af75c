import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { codeOf, type FileState, readState, stateOf } from '../watching/scan.ts';

/**
 * The text of a file in a given state; `text` is undefined when the file is not UTF-8, contains a NUL or cannot be read. `moved`:
 * the file is in another state now, or changed during the read, so that the bytes may be incomplete or those of another file.
 */
export type ReadText = { readonly moved: true } | { readonly moved: false; readonly text: string | undefined };

export async function readText(file: string, state: FileState, maxBytes: number): Promise<ReadText> {
  if (readState(state).size > maxBytes) return { moved: false, text: undefined };
  // O_NONBLOCK: a pipe that replaced the file would block the open.
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: unknown) =>
    codeOf(error) === 'ENOENT' ? 'gone' : undefined,
  );
  if (handle === 'gone') return { moved: true };
  // An unreadable file still has an event, without its content.
  if (handle === undefined) return { moved: false, text: undefined };
  try {
    if (stateOf(await handle.stat({ bigint: true })) !== state) return { moved: true };
    const bytes = await handle.readFile();
    return stateOf(await handle.stat({ bigint: true })) === state
      ? { moved: false, text: decode(bytes) }
      : { moved: true };
  } catch {
    return { moved: false, text: undefined };
  } finally {
    await handle.close();
  }
}

function decode(bytes: Buffer): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return text.includes('\0') ? undefined : text;
  } catch {
    return undefined;
  }
}
