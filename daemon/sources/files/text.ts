import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { type FileState, readState, stateOf } from '../watching/scan.ts';

/**
 * The text of a file in just this state; `text` is undefined when it is no UTF-8 or holds a NUL. `moved`: the file is in
 * another state by now, or was while it was read, so what was read may be a half of it, or of another file put in its place.
 */
export type ReadText = { readonly moved: true } | { readonly moved: false; readonly text: string | undefined };

export async function readText(file: string, state: FileState, most: number): Promise<ReadText> {
  if (readState(state).size > most) return { moved: false, text: undefined };
  // A pipe put in its place would otherwise hold up whoever opens it.
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: NodeJS.ErrnoException) =>
    error.code === 'ENOENT' ? 'gone' : undefined,
  );
  if (handle === 'gone') return { moved: true };
  // It may be seen but not read: that it changed is told all the same.
  if (handle === undefined) return { moved: false, text: undefined };
  try {
    if (stateOf(await handle.stat({ bigint: true })) !== state) return { moved: true };
    const bytes = await handle.readFile();
    return stateOf(await handle.stat({ bigint: true })) === state
      ? { moved: false, text: textOf(bytes) }
      : { moved: true };
  } catch {
    return { moved: false, text: undefined };
  } finally {
    await handle.close();
  }
}

function textOf(bytes: Buffer): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return text.includes('\0') ? undefined : text;
  } catch {
    return undefined;
  }
}
