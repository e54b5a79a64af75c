import { openToRead } from './file.ts';

/** The dead-letter file at one moment. */
export interface HeldDeadLetters {
  /** Bytes that it had then. */
  readonly size: number;
  /** Its content then. Rejects if the file was cut meanwhile. */
  blocks(): AsyncIterable<Buffer>;
  close(): Promise<void>;
}

const BLOCK_BYTES = 256 * 1024;

/** Opens the file; undefined if there is none. To be called while nothing writes to it. */
export async function holdDeadLetters(file: string): Promise<HeldDeadLetters | undefined> {
  const handle = await openToRead(file);
  if (handle === undefined) return undefined;
  const { size } = await handle.stat();
  return {
    size,
    async *blocks() {
      for (let at = 0; at < size; ) {
        const wanted = Math.min(BLOCK_BYTES, size - at);
        const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(wanted), 0, wanted, at);
        if (bytesRead === 0) throw new Error(`${file} was edited while it was copied; try again`);
        yield buffer.subarray(0, bytesRead);
        at += bytesRead;
      }
    },
    close: () => handle.close(),
  };
}
