import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { givenEvent } from '../core/explain/given.ts';
import { EXIT } from '../core/problems/failure.ts';
import type { ExplainRequest } from '../http/daemon-api.ts';
import { CommandError, readAll, type Terminal } from './render/terminal.ts';

/** Reads the event from a file or standard input; any other text is the id of a past event. */
export async function namedEvent(terminal: Terminal, named: string): Promise<Pick<ExplainRequest, 'event' | 'id'>> {
  const file = path.resolve(terminal.cwd, named);
  if (named !== '-' && !existsSync(file)) {
    if (/^[./~]|\.json$/.test(named)) throw new CommandError(EXIT.usage, `there is no file \`${named}\``);
    return { id: named };
  }
  const text = named === '-' ? await readAll(terminal.stdin) : await fileText(named, file);
  const where = named === '-' ? 'standard input' : named;
  const { readJsonText } = await import('./json-input.ts');
  const read = readJsonText(text);
  if (!read.ok)
    throw new CommandError(EXIT.usage, `${where}:${read.line}:${read.column}: this is not JSON: ${read.message}`);
  const given = givenEvent(read.value);
  if (given.ok) return { event: given.event };
  throw new CommandError(EXIT.usage, `${where}: this is not an event: ${given.message}${pointerText(given.pointer)}`);
}

function pointerText(pointer: string): string {
  return pointer === '' ? '' : ` (at ${pointer})`;
}

async function fileText(named: string, file: string): Promise<string> {
  return readFile(file, 'utf8').catch((cause: unknown) => {
    throw new CommandError(EXIT.usage, `${named} cannot be read: ${(cause as Error).message}`, { cause });
  });
}
