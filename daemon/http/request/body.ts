import type { IncomingMessage } from 'node:http';
import { EXCESSES, excessOf, parseJson } from '../../core/values/json.ts';
import { HttpProblem } from '../problem.ts';

/** Bytes of a refused body that are read and discarded, so that its sender can read the response. */
const MAX_DISCARDED_BYTES = 4 * 1024 * 1024;

/** Nesting of a JSON body; posted events have a limit of their own. */
export const MAX_DEPTH = 64;

/** Reads the whole body. Rejects with 413 as soon as its length, announced or received, is over `most` bytes. */
export function readBody(request: IncomingMessage, most: number): Promise<Buffer> {
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding.toLowerCase() !== 'identity')
    return Promise.reject(new HttpProblem(415, 'body.encoding', 'a compressed body is not read; send it uncompressed'));
  const tooLarge = (): HttpProblem => new HttpProblem(413, 'body.too_large', `the body is larger than ${most} bytes`);
  if (Number(request.headers['content-length'] ?? 0) > most) return Promise.reject(tooLarge());
  // Not `for await`: leaving such a loop early destroys the connection before the response is sent.
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > most) end(() => reject(tooLarge()));
      else chunks.push(chunk);
    };
    const onEnd = (): void => end(() => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
    const onCut = (): void => end(() => reject(new HttpProblem(400, 'body.cut', 'the body ended early')));
    const end = (settle: () => void): void => {
      request.off('data', onData).off('end', onEnd).off('close', onCut);
      request.pause();
      settle();
    };
    // An aborted request also emits `error`; `close` has handled it.
    request.on('error', () => {});
    request.on('data', onData).on('end', onEnd).on('close', onCut);
  });
}

/** Reads and discards the rest of a refused body. Closing at once would reset the connection before the client reads the response. */
export function discardRest(request: IncomingMessage): void {
  let left = MAX_DISCARDED_BYTES;
  request.on('error', () => {});
  request.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) request.socket.destroy();
  });
  request.resume();
}

export async function readJson(request: IncomingMessage, most: number): Promise<unknown> {
  const text = (await readBody(request, most)).toString('utf8');
  if (text.trim() === '') return {};
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    throw new HttpProblem(400, 'body.not_json', `the body is not JSON: ${(error as Error).message}`);
  }
  const excess = excessOf(value, MAX_DEPTH);
  if (excess === undefined) return value;
  const { code, text: about } = EXCESSES[excess];
  throw new HttpProblem(400, `body.${code}`, `the body ${about(MAX_DEPTH)}`);
}
