import type { IncomingMessage } from 'node:http';
import { HttpProblem } from './problem.ts';

/** The whole body, or 413 as soon as it is known to be larger than `most` bytes: by what it announces, or by what has come. */
export async function readBody(request: IncomingMessage, most: number): Promise<Buffer> {
  const tooLarge = (): HttpProblem =>
    new HttpProblem(413, 'body.too_large', `the body is larger than ${most} bytes`, {
      headers: { connection: 'close' },
    });
  if (Number(request.headers['content-length'] ?? 0) > most) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > most) throw tooLarge();
    chunks.push(chunk);
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}

export async function readJson(request: IncomingMessage, most: number): Promise<unknown> {
  const text = (await readBody(request, most)).toString('utf8');
  if (text.trim() === '') return {};
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new HttpProblem(400, 'body.not_json', `the body is not JSON: ${(error as Error).message}`);
  }
}
