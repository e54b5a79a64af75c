import { blocksOf } from '../../lib/files/blocks.ts';
import { openToRead } from './file.ts';

/** The dead-letter file at one moment. */
export interface DeadLetterSnapshot {
  /** Bytes that it had then. */
  readonly size: number;
  /** Its content then. Rejects if the file was cut meanwhile. */
  blocks(): AsyncIterable<Buffer>;
  close(): Promise<void>;
}

/** Opens the file; undefined if there is none. To be called while nothing writes to it. */
export async function snapshotDeadLetters(file: string): Promise<DeadLetterSnapshot | undefined> {
  const handle = await openToRead(file);
  if (handle === undefined) return undefined;
  const { size } = await handle.stat();
  const onShort = (): Error => new Error(`${file} was edited while it was copied; try again`);
  return { size, blocks: () => blocksOf(handle, size, onShort), close: () => handle.close() };
}
