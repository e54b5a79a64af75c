import type { Readable } from 'node:stream';

/** Everything that was written to a stream so far: one `read` may give only the first piece of it. */
export function written(stream: Readable): string {
  let text = '';
  const next = (): Buffer | null => stream.read() as Buffer | null;
  for (let piece = next(); piece !== null; piece = next()) text += piece.toString();
  return text;
}
