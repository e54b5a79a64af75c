import { isObject } from '../../../core/values/json.ts';

/** Messages of a NATS server. https://docs.nats.io/reference/reference-protocols/nats-protocol */
export type ServerMessage =
  | { readonly kind: 'info'; readonly info: ServerInfo }
  | { readonly kind: 'ping' | 'pong' | 'ok' }
  | { readonly kind: 'error'; readonly text: string }
  | {
      readonly kind: 'message';
      readonly subject: string;
      /** Status in the first line of the headers: `503` says that nobody listens. */
      readonly status: string | undefined;
      readonly payload: string;
    };

export interface ServerInfo {
  readonly max_payload?: number;
  readonly headers?: boolean;
  readonly tls_required?: boolean;
  readonly nonce?: string;
}

const MAX_BYTES = 1024 * 1024;
const HEADER_LINE = /^NATS\/1\.0(?: (\d{3}))?/;

/** Reads messages from chunks. Throws if they are not of the protocol. */
export class NatsParser {
  #rest: Buffer = Buffer.alloc(0);

  /** Messages that the chunk completes. */
  read(chunk: Buffer): ServerMessage[] {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const messages: ServerMessage[] = [];
    for (let next = this.#next(); next !== undefined; next = this.#next()) messages.push(next);
    if (this.#rest.length > MAX_BYTES) throw new Error('a message is too long');
    return messages;
  }

  #next(): ServerMessage | undefined {
    const end = this.#rest.indexOf('\r\n');
    if (end === -1) return undefined;
    const line = this.#rest.toString('utf8', 0, end);
    const [verb = '', ...words] = line.split(/[ \t]+/);
    const operation = verb.toUpperCase();
    if (operation === 'MSG' || operation === 'HMSG') return this.#message(operation === 'HMSG', words, end + 2);
    this.#rest = this.#rest.subarray(end + 2);
    return messageOf(operation, line.slice(verb.length).trim());
  }

  /** `MSG subject sid [reply] size`, `HMSG subject sid [reply] headers size`. */
  #message(hasHeaders: boolean, words: readonly string[], start: number): ServerMessage | undefined {
    const size = sizeOf(words.at(-1));
    const headerSize = hasHeaders ? sizeOf(words.at(-2)) : 0;
    if (size > MAX_BYTES || headerSize > size) throw new Error('a size is not valid');
    if (this.#rest.length < start + size + 2) return undefined;
    const headers = this.#rest.toString('utf8', start, start + headerSize);
    const payload = this.#rest.toString('utf8', start + headerSize, start + size);
    this.#rest = this.#rest.subarray(start + size + 2);
    return { kind: 'message', subject: words[0] ?? '', status: HEADER_LINE.exec(headers)?.[1], payload };
  }
}

/** A size in bytes. A negative one would move the position back, and the same bytes would be read without end. */
function sizeOf(text = ''): number {
  if (!/^\d{1,15}$/.test(text)) throw new Error('a size is not valid');
  return Number(text);
}

function messageOf(operation: string, rest: string): ServerMessage {
  if (operation === 'INFO') return { kind: 'info', info: infoOf(rest) };
  if (operation === 'PING') return { kind: 'ping' };
  if (operation === 'PONG') return { kind: 'pong' };
  if (operation === '+OK') return { kind: 'ok' };
  if (operation === '-ERR') return { kind: 'error', text: rest.replace(/^'|'$/g, '') };
  throw new Error('a message has an unknown operation');
}

function infoOf(text: string): ServerInfo {
  const info: unknown = JSON.parse(text);
  if (!isObject(info)) throw new Error('INFO is not an object');
  return info;
}

/** `HPUB`, or `PUB` for a server that knows no headers. Names and values of headers have no control characters. */
export function publication(
  subject: string,
  reply: string | undefined,
  headers: Readonly<Record<string, string>> | undefined,
  payload: Buffer,
): Buffer {
  const target = reply === undefined ? subject : `${subject} ${reply}`;
  if (headers === undefined) return Buffer.concat([Buffer.from(`PUB ${target} ${payload.length}\r\n`), payload, CRLF]);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = Buffer.from(`NATS/1.0\r\n${lines.join('')}\r\n`);
  const command = `HPUB ${target} ${head.length} ${head.length + payload.length}\r\n`;
  return Buffer.concat([Buffer.from(command), head, payload, CRLF]);
}

const CRLF = Buffer.from('\r\n');
