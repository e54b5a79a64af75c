/** Replies of Redis. https://redis.io/docs/latest/develop/reference/protocol-spec/ */

/** `error` has the text of an error reply. Arrays and the types of RESP3 are not asked for. */
export type Reply = { readonly error: string } | { readonly value: string | number | null };

/** Longest reply that is read: `INFO` has some kilobytes. */
const MAX_REPLY_BYTES = 1024 * 1024;

/** Reads replies from chunks. Throws if they are not of the protocol. */
export class ReplyParser {
  #rest: Buffer = Buffer.alloc(0);

  /** Replies that the chunk completes. */
  read(chunk: Buffer): Reply[] {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const replies: Reply[] = [];
    for (let reply = this.#next(); reply !== undefined; reply = this.#next()) replies.push(reply);
    if (this.#rest.length > MAX_REPLY_BYTES) throw new Error('a reply is too long');
    return replies;
  }

  #next(): Reply | undefined {
    const end = this.#rest.indexOf('\r\n');
    if (end === -1) return undefined;
    const line = this.#rest.toString('utf8', 0, end);
    const [kind, text] = [line[0], line.slice(1)];
    if (kind === '$' && text !== '-1') return this.#bulk(integerOf(text), end + 2);
    this.#rest = this.#rest.subarray(end + 2);
    if (kind === '+') return { value: text };
    if (kind === '-') return { error: text };
    if (kind === ':') return { value: integerOf(text) };
    if (kind === '$') return { value: null };
    throw new Error('a reply has an unknown type');
  }

  #bulk(length: number, start: number): Reply | undefined {
    if (length < 0 || length > MAX_REPLY_BYTES) throw new Error('a length is not valid');
    if (this.#rest.length < start + length + 2) return undefined;
    const value = this.#rest.toString('utf8', start, start + length);
    this.#rest = this.#rest.subarray(start + length + 2);
    return { value };
  }
}

function integerOf(text: string): number {
  const value = /^[+-]?\d{1,19}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(value)) throw new Error('a number is not valid');
  return value;
}

/** Command as an array of bulk strings. */
export function command(...parts: readonly (string | Buffer)[]): Buffer {
  const encoded = parts.flatMap((part) => {
    const bytes = Buffer.from(part as string);
    return [Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n')];
  });
  return Buffer.concat([Buffer.from(`*${parts.length}\r\n`), ...encoded]);
}
