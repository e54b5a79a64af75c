import { BLOCK_BYTES, decodeHeader } from './header.ts';

/** A part of an archive: the beginning of a member, or a part of its content. */
export type TarPart =
  | { readonly kind: 'member'; readonly name: string; readonly size: number; readonly type: string }
  | { readonly kind: 'content'; readonly bytes: Buffer };

/** Error of an archive that is not complete, was changed, or is not a tar archive. */
export class TarError extends Error {
  /** `torn`: it ends too early. `damaged`: it was changed. `foreign`: it is no tar archive. */
  readonly kind: 'torn' | 'damaged' | 'foreign';

  constructor(kind: TarError['kind'], message: string) {
    super(message);
    this.kind = kind;
  }
}

/** Bound for the attributes of a member, which are kept in memory. */
const MAX_ATTRIBUTE_BYTES = 64 * 1024;

/** Reads an archive as a stream, with bounded memory. Rejects with `TarError` unless it is complete, up to the zeros at its end. */
export async function* readTar(stream: AsyncIterable<Buffer>): AsyncGenerator<TarPart> {
  const input = new Input(stream);
  try {
    yield* membersOf(input);
  } finally {
    await input.close();
  }
}

async function* membersOf(input: Input): AsyncGenerator<TarPart> {
  let longName: string | undefined;
  for (let isFirst = true; ; isFirst = false) {
    const block = await input.take(BLOCK_BYTES);
    if (block === undefined) throw new TarError('torn', 'it ends before its end mark');
    if (isZero(block)) return await readEnd(input);
    const header = decodeHeader(block);
    if (header === undefined)
      throw isFirst
        ? new TarError('foreign', 'it is not a tar archive')
        : new TarError('damaged', 'a member has no valid header');
    if (header.type === 'x') {
      longName = pathIn(await attributesOf(input, header.size));
      continue;
    }
    yield { kind: 'member', type: header.type, size: header.size, name: longName ?? header.name };
    longName = undefined;
    yield* contentOf(input, header.size);
  }
}

async function* contentOf(input: Input, size: number): AsyncGenerator<TarPart> {
  for (let left = size; left > 0; ) {
    const bytes = await input.takeSome(left);
    if (bytes === undefined) throw new TarError('torn', 'it ends within a member');
    left -= bytes.length;
    yield { kind: 'content', bytes };
  }
  await skipPadding(input, size);
}

async function skipPadding(input: Input, size: number): Promise<void> {
  const padding = (BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES;
  if (padding > 0 && (await input.take(padding)) === undefined)
    throw new TarError('torn', 'it ends within the padding of a member');
}

async function attributesOf(input: Input, size: number): Promise<Buffer> {
  if (size > MAX_ATTRIBUTE_BYTES) throw new TarError('damaged', 'the attributes of a member are too long');
  const bytes = size === 0 ? Buffer.alloc(0) : await input.take(size);
  if (bytes === undefined) throw new TarError('torn', 'it ends within the attributes of a member');
  await skipPadding(input, size);
  return bytes;
}

function pathIn(attributes: Buffer): string | undefined {
  for (let at = 0; at < attributes.length; ) {
    const blank = attributes.indexOf(0x20, at);
    const length = Number(attributes.toString('latin1', at, blank));
    if (blank === -1 || !Number.isInteger(length) || length <= 0) return undefined;
    const record = attributes.toString('utf8', blank + 1, at + length - 1);
    if (record.startsWith('path=')) return record.slice('path='.length);
    at += length;
  }
  return undefined;
}

/** Only zeros may follow the end mark; some programs fill the last blocks with them. */
async function readEnd(input: Input): Promise<void> {
  const second = await input.take(BLOCK_BYTES);
  if (second === undefined) throw new TarError('torn', 'it ends within its end mark');
  for (let rest: Buffer | undefined = second; rest !== undefined; rest = await input.takeSome(BLOCK_BYTES))
    if (!isZero(rest)) throw new TarError('damaged', 'data follows its end mark');
}

const isZero = (bytes: Buffer): boolean => bytes.every((byte) => byte === 0);

/** Stream of which a wanted number of bytes is taken. */
class Input {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(stream: AsyncIterable<Buffer>) {
    this.#chunks = stream[Symbol.asyncIterator]();
  }

  /** Up to `most` bytes, as they come; undefined at the end. */
  async takeSome(most: number): Promise<Buffer | undefined> {
    while (this.#rest.length === 0) {
      const next = await this.#chunks.next();
      if (next.done === true) return undefined;
      this.#rest = next.value;
    }
    const bytes = this.#rest.subarray(0, most);
    this.#rest = this.#rest.subarray(bytes.length);
    return bytes;
  }

  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  /** Exactly `size` bytes; undefined if the stream ends before. */
  async take(size: number): Promise<Buffer | undefined> {
    const parts: Buffer[] = [];
    for (let left = size; left > 0; ) {
      const part = await this.takeSome(left);
      if (part === undefined) return undefined;
      parts.push(part);
      left -= part.length;
    }
    return Buffer.concat(parts);
  }
}
