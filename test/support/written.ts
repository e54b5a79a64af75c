import type { Readable } from 'node:stream';

/** Everything that was written to a stream so far: one `read` may give only the first piece of it. */
export function written(stream: Readable): string {
  let text = '';
  for (let piece: unknown = stream.read(); piece !== null; piece = stream.read()) text += String(piece);
  return text;
}
