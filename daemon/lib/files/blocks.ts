import type { FileHandle } from 'node:fs/promises';

const BLOCK_BYTES = 256 * 1024;

/** The first `size` bytes of an open file, in blocks. Rejects with the error of `onShort` if the file has become shorter. */
export async function* blocksOf(handle: FileHandle, size: number, onShort: () => Error): AsyncGenerator<Buffer> {
  for (let at = 0; at < size; ) {
    const wanted = Math.min(BLOCK_BYTES, size - at);
    const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(wanted), 0, wanted, at);
    if (bytesRead === 0) throw onShort();
    yield buffer.subarray(0, bytesRead);
    at += bytesRead;
  }
}
