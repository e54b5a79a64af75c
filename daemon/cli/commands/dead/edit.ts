import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { DeadLetter } from '../../../core/delivery/delivery.ts';
import { EXIT } from '../../../core/problems/failure.ts';
import { isObject } from '../../../core/values/json.ts';
import { NAME } from '../../../core/values/value-kind.ts';
import type { Client } from '../../connection/client.ts';
import type { Verb } from '../../context.ts';
import { daemonOptions, TypedArgument, TypedOption } from '../../options.ts';
import {
  CommandError,
  type CommonOptions,
  harmless,
  jsonLine,
  line,
  painter,
  type Terminal,
} from '../../render/terminal.ts';
import { requireConsent } from '../../render/progress.ts';

interface EditOptions extends CommonOptions {
  readonly channel?: string;
  readonly message?: string;
  readonly yes?: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

/** The part of a record that may be edited. */
interface Editable {
  readonly channel: string;
  readonly message: Fields;
}

export const declareEdit: Verb = (dead, { terminal, access, run }) => {
  daemonOptions(dead.command('edit'))
    .description('edit the message or the channel of a dead letter, in $EDITOR unless options say how')
    .addArgument(new TypedArgument('<id>', NAME))
    .addOption(new TypedOption('--channel <channel>', NAME, 'the channel to which a resend sends it'))
    .addOption(new TypedOption('--message <json>', NAME, 'fields of the message as JSON; null removes one'))
    .option('--yes', 'do not ask')
    .action((id: string, options: EditOptions) =>
      run(async () => edit(terminal, await access.client(options), id, options)),
    );
};

/** Shows the difference and asks before it is saved. A record that has changed meanwhile is not overwritten. */
async function edit(terminal: Terminal, client: Client, id: string, options: EditOptions): Promise<number> {
  const url = `/v1/dead/${encodeURIComponent(id)}`;
  let etag = '*';
  const { channel, message } = await client.call<DeadLetter>('GET', url, undefined, {
    onEtag: (found) => (etag = found),
  });
  const before: Editable = { channel, message: { ...message } };
  const after = isGiven(options) ? editedBy(options, before) : await editedByHand(terminal, before);
  const body = changeOf(before, after);
  if (Object.keys(body).length === 0) throw new CommandError(EXIT.nothing, 'nothing was changed');
  if (!options.json) line(terminal, difference(before, after, terminal));
  await requireConsent(terminal, options.yes, false, 'save it?');
  const saved = await client.call<DeadLetter>('PATCH', url, body, { headers: { 'if-match': etag } });
  if (options.json) jsonLine(terminal, saved);
  else line(terminal, `${id}  edited; \`belfry dead resend ${id}\` sends it`);
  return EXIT.ok;
}

const isGiven = ({ channel, message }: EditOptions): boolean => channel !== undefined || message !== undefined;

function editedBy({ channel, message }: EditOptions, before: Editable): Editable {
  const given = message === undefined ? {} : parsed(message, '--message');
  const fields = Object.entries({ ...before.message, ...given }).filter(([, value]) => value !== null);
  return { channel: channel ?? before.channel, message: Object.fromEntries(fields) };
}

function parsed(text: string, where: string): Fields {
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch {
    // Reported below.
  }
  throw new CommandError(EXIT.usage, `${where} is no JSON object; write it like {"title": "..."}`);
}

/** Opens the record in the editor of the user, in a file that only the user can read. */
async function editedByHand({ env }: Terminal, before: Editable): Promise<Editable> {
  const editor = env.VISUAL || env.EDITOR;
  if (!editor) throw new CommandError(EXIT.usage, 'there is no editor: set $EDITOR, or give --channel or --message');
  const folder = await mkdtemp(path.join(tmpdir(), 'belfry-edit-'));
  try {
    const file = path.join(folder, 'dead-letter.json');
    await writeFile(file, `${JSON.stringify(before, null, 2)}\n`, { mode: 0o600 });
    // The shell splits the options of an editor such as `code --wait`.
    const child = spawn('/bin/sh', ['-c', `${editor} "$1"`, 'sh', file], { stdio: 'inherit', env: { ...env } });
    const [code] = (await once(child, 'exit')) as [number | null];
    if (code !== 0)
      throw new CommandError(EXIT.failed, `the editor ended with ${code ?? 'a signal'}; nothing was changed`);
    const { channel, message } = parsed(await readFile(file, 'utf8'), 'the edited text');
    if (typeof channel !== 'string' || !isObject(message))
      throw new CommandError(EXIT.usage, 'the edited text lacks `channel` or `message`; nothing was changed');
    return { channel, message };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Body of the request: changed fields, and null for those that are gone. */
function changeOf(before: Editable, after: Editable): object {
  const names = changedFields(before.message, after.message);
  const message = Object.fromEntries(names.map((name) => [name, after.message[name] ?? null]));
  return {
    ...(names.length > 0 && { message }),
    ...(before.channel !== after.channel && { channel: after.channel }),
  };
}

function changedFields(before: Fields, after: Fields): readonly string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
}

/** Changed fields, one line before and one after. */
function difference(before: Editable, after: Editable, terminal: Terminal): string {
  const paint = painter(terminal);
  const [old, next] = [before, after].map(({ channel, message }) => ({ ...message, channel }) as Fields);
  return changedFields(old!, next!)
    .flatMap((name) => [
      ...(old![name] === undefined ? [] : [paint('red', `- ${name}: ${shown(old![name])}`)]),
      ...(next![name] === undefined ? [] : [paint('green', `+ ${name}: ${shown(next![name])}`)]),
    ])
    .join('\n');
}

function shown(value: unknown): string {
  return harmless(typeof value === 'string' ? value : JSON.stringify(value));
}
