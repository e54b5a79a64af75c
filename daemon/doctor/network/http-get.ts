import { request as requestPlain } from 'node:http';
import { request as requestTls } from 'node:https';
import type { Machine } from '../../lib/machine/machine.ts';

const ANSWER_MS = 5000;
const MAX_BYTES = 1024 * 1024;

export type Got = { readonly status: number; readonly text: string } | { readonly error: string };

/** Requests a URL once, without following redirects. Never rejects. */
export function httpGet(url: string, { lookup }: Machine): Promise<Got> {
  return new Promise((resolve) => {
    const send = url.startsWith('https:') ? requestTls : requestPlain;
    const request = send(url, { lookup, agent: false, timeout: ANSWER_MS }, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      const done = (): void => {
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') });
        request.destroy();
      };
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        chunks.push(chunk);
        if (size > MAX_BYTES) done();
      });
      response.on('end', done);
    });
    request.on('timeout', () => request.destroy(Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' })));
    request.on('error', (error: NodeJS.ErrnoException) => resolve({ error: error.code ?? error.message }));
    request.end();
  });
}
