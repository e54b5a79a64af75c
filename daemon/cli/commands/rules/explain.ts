import { readFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { explainFromRules } from '../../../app/api/explain.ts';
import { InvalidRules } from '../../../app/open-state.ts';
import type { Explanation } from '../../../core/explain/explain.ts';
import { givenEvent } from '../../../core/explain/given.ts';
import { EXIT } from '../../../core/problems/failure.ts';
import type { Registry } from '../../../core/compile/registry.ts';
import type { ExplainRequest } from '../../../http/daemon-api.ts';
import { systemClock } from '../../../lib/time/clock.ts';
import { checkCommand } from './check.ts';
import type { Client } from '../../connection/client.ts';
import { explanationText } from '../../render/explanation.ts';
import { readJsonText } from '../../json-input.ts';
import {
  CommandError,
  type CommonOptions,
  jsonLine,
  line,
  painter,
  readAll,
  type Terminal,
} from '../../render/terminal.ts';

export interface ExplainOptions extends CommonOptions {
  readonly rule?: string;
  /** Milliseconds since the epoch. */
  readonly at?: number;
}

/** Where the rules are, when there is no daemon to ask. */
export interface ExplainParts {
  readonly terminal: Terminal;
  readonly client: Client;
  readonly config: string;
  readonly registry: Registry;
}

/** `belfry explain EVENT`: what every rule makes of an event, and why. Exit 3 when none matches it. */
export async function explainCommand(parts: ExplainParts, named: string, options: ExplainOptions): Promise<number> {
  const { terminal, config, registry } = parts;
  const asked = {
    ...(await subject(terminal, named)),
    ...(options.rule !== undefined && { rule: options.rule }),
    ...(options.at !== undefined && { at: options.at }),
  };
  try {
    const explanation = await answer(parts, asked, options);
    if (options.json) jsonLine(terminal, explanation);
    else line(terminal, explanationText(explanation, painter(terminal)));
    return explanation.rules.some(({ outcome }) => outcome !== 'no_match') ? EXIT.ok : EXIT.nothing;
  } catch (error) {
    if (!(error instanceof InvalidRules)) throw error;
    terminal.stderr.write(`belfry: ${error.message}\n\n`);
    return checkCommand({
      paths: [config],
      format: 'text',
      registry,
      terminal: { ...terminal, stdout: terminal.stderr },
    });
  }
}

/** The daemon knows what happened before; without one the rules alone can be asked. */
async function answer(
  { terminal, client, config }: ExplainParts,
  asked: ExplainRequest,
  options: ExplainOptions,
): Promise<Explanation> {
  const { at, event, ...rest } = asked;
  try {
    const body = {
      ...rest,
      ...(event !== undefined && { event }),
      ...(at !== undefined && { at: new Date(at).toISOString() }),
    };
    return await client.call<Explanation>('POST', '/v1/explain', body);
  } catch (error) {
    const isAlone = error instanceof CommandError && error.exit === EXIT.unreachable && options.url === undefined;
    if (!isAlone || event === undefined) throw error;
  }
  const explanation = await explainFromRules({ ...asked, event }, { config, env: terminal.env, clock: systemClock });
  if (asked.rule !== undefined && explanation.rules.length === 0)
    throw new CommandError(EXIT.nothing, `there is no rule \`${asked.rule}\` at ${config}`);
  terminal.stderr.write(
    'belfry: the daemon is not running; this is what the rules say by themselves, as if nothing had happened before\n',
  );
  return explanation;
}

/** A file, `-`, or else the id of a past event. */
async function subject(terminal: Terminal, named: string): Promise<Pick<ExplainRequest, 'event' | 'id'>> {
  const file = path.resolve(terminal.cwd, named);
  if (named !== '-' && !existsSync(file)) {
    if (/^[./~]|\.json$/.test(named)) throw new CommandError(EXIT.usage, `there is no file \`${named}\``);
    return { id: named };
  }
  const text = named === '-' ? await readAll(terminal.stdin) : await fileText(named, file);
  const where = named === '-' ? 'standard input' : named;
  const read = readJsonText(text);
  if (!read.ok)
    throw new CommandError(EXIT.usage, `${where}:${read.line}:${read.column}: this is not JSON: ${read.message}`);
  const given = givenEvent(read.value);
  if (given.ok) return { event: given.event };
  throw new CommandError(EXIT.usage, `${where}: this is no event: ${given.message}${placeText(given.pointer)}`);
}

function placeText(pointer: string): string {
  return pointer === '' ? '' : ` (at ${pointer})`;
}

async function fileText(named: string, file: string): Promise<string> {
  return readFile(file, 'utf8').catch((cause: unknown) => {
    throw new CommandError(EXIT.usage, `${named} cannot be read: ${(cause as Error).message}`, { cause });
  });
}
