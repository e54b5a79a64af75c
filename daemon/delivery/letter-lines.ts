import type { FileHandle } from 'node:fs/promises';
import type { DeadLetter } from '../core/delivery.ts';
import { isObject, parseJson } from '../core/json.ts';

export const NEWLINE = 0x0a;

/** A record's new line; null takes it out, undefined keeps it as it is. */
export type Rewrite = (record: DeadLetter) => string | null | undefined;

/** The file with each record rewritten; undefined when all are kept. What does not parse is kept byte for byte. */
export function rewritten(text: Buffer, change: Rewrite): Buffer | undefined {
  const parts: Buffer[] = [];
  let touched = false;
  for (const bytes of linesOf(text)) {
    const { record } = parseLine(bytes.toString('utf8'));
    const next = record && change(record);
    if (next === undefined) parts.push(bytes, Buffer.of(NEWLINE));
    else {
      touched = true;
      if (next !== null) parts.push(Buffer.from(next));
    }
  }
  return touched ? Buffer.concat(parts) : undefined;
}

function* linesOf(text: Buffer): Iterable<Buffer> {
  for (let from = 0; from < text.length; ) {
    const end = text.indexOf(NEWLINE, from);
    yield text.subarray(from, end === -1 ? text.length : end);
    from = end === -1 ? text.length : end + 1;
  }
}

/** Every line that is not empty. Lines end at the byte 0x0A and nowhere else. */
export async function* parsedLines(
  handle: FileHandle,
): AsyncIterable<{ line: number; record?: DeadLetter; problem?: string }> {
  let rest: Buffer = Buffer.alloc(0);
  let line = 0;
  for await (const chunk of handle.createReadStream({ start: 0, autoClose: false })) {
    rest = rest.length === 0 ? (chunk as Buffer) : Buffer.concat([rest, chunk as Buffer]);
    for (let end = rest.indexOf(NEWLINE); end !== -1; end = rest.indexOf(NEWLINE)) {
      line += 1;
      if (end > 0) yield { line, ...parseLine(rest.subarray(0, end).toString('utf8')) };
      rest = rest.subarray(end + 1);
    }
  }
  if (rest.length > 0) yield { line: line + 1, ...parseLine(rest.toString('utf8')) };
}

/** What a record cannot do without; the rest may have been edited away. */
export function parseLine(text: string): { record?: DeadLetter; problem?: string } {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch {
    return { problem: 'it is not JSON' };
  }
  if (!isObject(value)) return { problem: 'it is not a JSON object' };
  for (const name of ['id', 'channel', 'rule'] as const)
    if (typeof value[name] !== 'string') return { problem: `\`${name}\` is missing` };
  for (const name of ['message', 'event'] as const)
    if (!isObject(value[name])) return { problem: `\`${name}\` is missing` };
  const { message } = value as { message: Record<string, unknown> };
  if (typeof message.title !== 'string' || typeof message.body !== 'string')
    return { problem: '`message.title` or `message.body` is missing' };
  return {
    record: {
      ...value,
      attempts: Array.isArray(value.attempts) ? value.attempts : [],
      message: { format: 'text', priority: 'normal', tags: [], ...message },
    } as unknown as DeadLetter,
  };
}
