import { addressOf } from './client.ts';
import type { Method } from './client.ts';

/** Part of an address with escaped segments: `path('alerts', key, 'ack')` is `/v1/alerts/KEY/ack`. */
export function path(...segments: readonly string[]): string {
  return `/v1/${segments.map(encodeURIComponent).join('/')}`;
}

/** A call as a command for `curl`. The token is left to the shell, so that it is in no history and no chat. */
export function curlOf(method: Method, address: string, body?: unknown): string {
  const url = addressOf(address.split('?')[0]!, Object.fromEntries(new URLSearchParams(address.split('?')[1])));
  const parts = ['curl', ...(method === 'GET' ? [] : ['-X', method]), `-H "Authorization: Bearer $BELFRY_TOKEN"`];
  if (body !== undefined) parts.push(`-H 'Content-Type: application/json' -d ${quote(JSON.stringify(body))}`);
  return [...parts, quote(url.href)].join(' ');
}

/** A command of Belfry with its arguments. */
export function cliOf(...words: readonly string[]): string {
  return ['belfry', ...words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : quote(word)))].join(' ');
}

/** Text in the single quotes of a POSIX shell. */
function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
