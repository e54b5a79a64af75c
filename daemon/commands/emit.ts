import { open, readFile, rename } from 'node:fs/promises';
import path from 'node:path';
import { EXIT } from '../core/failure.ts';
import { isObject, type Json, parseJson } from '../core/json.ts';
import { syncFolder } from '../lib/atomic-file.ts';
import { parseDuration } from '../lib/duration.ts';
import { makeFolder } from '../lib/make-folder.ts';
import type { StatePaths } from '../app/paths.ts';
import type { DeliveryView } from '../http/port.ts';
import type { Client } from './client.ts';
import { CommandError, type CommonOptions, jsonLine, line, painter, readAll, type Terminal } from './terminal.ts';

export interface EmitOptions extends CommonOptions {
  readonly data?: string;
  readonly subject?: string;
  readonly id?: string;
  readonly time?: string;
  readonly source?: string;
  /** true: as long as the default; a string: a duration. */
  readonly wait?: boolean | string;
}

interface Posted {
  readonly events: readonly { readonly id: string; readonly duplicate: boolean }[];
  readonly deliveries?: readonly DeliveryView[];
}

const DEFAULT_WAIT = 10_000;

/** `belfry emit TYPE [KEY=VALUE...]`: exit 0 means that the event is on disk, with the daemon or in its inbox. */
export async function emitCommand(
  terminal: Terminal,
  client: Client,
  paths: () => Promise<StatePaths>,
  newId: () => string,
  type: string,
  pairs: readonly string[],
  options: EmitOptions,
): Promise<number> {
  const event = {
    // Chosen here so that a retry after a lost answer, or a second life through the inbox, is a duplicate and not a second event.
    id: options.id ?? newId(),
    type,
    ...(options.source !== undefined && { source: options.source }),
    ...(options.subject !== undefined && { subject: options.subject }),
    time: instant(options.time) ?? new Date().toISOString(),
    data: await eventData(terminal, options.data, pairs),
  };
  const wait = waitFor(options.wait);
  try {
    const query = wait === undefined ? '' : `?wait=${wait}ms`;
    const posted = await client.call<Posted>('POST', `/v1/events${query}`, event, { timeout: (wait ?? 0) + 60_000 });
    return tellPosted(terminal, posted, options, wait !== undefined);
  } catch (error) {
    if (!(error instanceof CommandError) || error.exit !== EXIT.unreachable || options.url !== undefined) throw error;
    return leaveInInbox(terminal, await paths(), event, options, wait !== undefined);
  }
}

function tellPosted(terminal: Terminal, posted: Posted, options: EmitOptions, waited: boolean): number {
  const { id, duplicate } = posted.events[0]!;
  const deliveries = posted.deliveries ?? [];
  if (options.json) jsonLine(terminal, { id, duplicate, ...(waited && { deliveries }) });
  else {
    const paint = painter(terminal);
    line(terminal, `${id}${duplicate ? '  (duplicate: it was here before and is not run again)' : ''}`);
    if (waited && deliveries.length === 0) line(terminal, '  no rule asked for a delivery');
    for (const delivery of deliveries)
      line(
        terminal,
        `  ${delivery.channel}: ${paint(delivery.state === 'delivered' ? 'green' : 'red', delivery.state)}${lastWords(delivery)}`,
      );
  }
  return deliveries.some(({ state }) => state === 'dead') ? EXIT.failed : EXIT.ok;
}

function lastWords(delivery: DeliveryView): string {
  const last = delivery.attempts.at(-1);
  return last?.code === undefined ? '' : `  ${last.code}: ${last.message ?? ''}`;
}

/** Durable before it says so: written aside, synced, renamed, and the folder synced too. */
async function leaveInInbox(
  terminal: Terminal,
  paths: StatePaths,
  event: { id: string },
  options: EmitOptions,
  waited: boolean,
): Promise<number> {
  const name = `${encodeURIComponent(event.id).slice(0, 200)}.json`;
  try {
    await makeFolder(paths.inbox);
    const aside = path.join(paths.inbox, `.${name}.${terminal.pid}`);
    const file = await open(aside, 'w', 0o600);
    try {
      await file.writeFile(JSON.stringify(event));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(aside, path.join(paths.inbox, name));
    await syncFolder(paths.inbox);
  } catch (cause) {
    throw new CommandError(
      EXIT.unreachable,
      `the daemon cannot be reached, and its inbox cannot be written: ${(cause as Error).message}`,
      { cause },
    );
  }
  if (options.json)
    jsonLine(terminal, { id: event.id, duplicate: false, queued: true, ...(waited && { deliveries: [] }) });
  else line(terminal, event.id);
  terminal.stderr.write(
    `belfry: the daemon is not running; the event waits in ${paths.inbox} and is taken in when it starts\n`,
  );
  return waited ? EXIT.unreachable : EXIT.ok;
}

async function eventData(terminal: Terminal, data: string | undefined, pairs: readonly string[]): Promise<Json> {
  const base = data === undefined ? {} : await parseData(terminal, data);
  if (pairs.length === 0) return data === undefined ? null : base;
  if (!isObject(base)) throw new CommandError(EXIT.usage, 'KEY=VALUE goes with --data only when that is a JSON object');
  const result: Record<string, unknown> = { ...base };
  for (const pair of pairs) setPair(result, pair);
  return result as Json;
}

async function parseData(terminal: Terminal, data: string): Promise<Json> {
  const text =
    data === '-'
      ? await readAll(terminal.stdin)
      : data.startsWith('@')
        ? await fileText(terminal, data.slice(1))
        : data;
  try {
    return parseJson(text) as Json;
  } catch (cause) {
    throw new CommandError(EXIT.usage, `--data is not JSON: ${(cause as Error).message}`, { cause });
  }
}

async function fileText(terminal: Terminal, name: string): Promise<string> {
  return readFile(path.resolve(terminal.cwd, name), 'utf8').catch((cause: unknown) => {
    throw new CommandError(EXIT.usage, `--data: ${(cause as Error).message}`, { cause });
  });
}

/** `a.b=1` sets {a: {b: 1}}. Numbers, true, false and null are meant as such; everything else is text. */
function setPair(target: Record<string, unknown>, pair: string): void {
  const cut = pair.indexOf('=');
  if (cut < 1) throw new CommandError(EXIT.usage, `\`${pair}\` is not KEY=VALUE`);
  const keys = pair.slice(0, cut).split('.');
  const last = keys.pop()!;
  let place = target;
  for (const key of keys) {
    const next = Object.hasOwn(place, key) && isObject(place[key]) ? place[key] : {};
    define(place, key, next);
    place = next;
  }
  define(place, last, scalar(pair.slice(cut + 1)));
}

/** An own property also when it is called `__proto__`. */
function define(target: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}

function scalar(text: string): Json {
  return /^(?:true|false|null|-?(?:0|[1-9]\d{0,14})(?:\.\d+)?)$/.test(text) ? (JSON.parse(text) as Json) : text;
}

function instant(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const at = Date.parse(text);
  if (Number.isNaN(at))
    throw new CommandError(EXIT.usage, `--time \`${text}\` is no time; write it like 2026-11-23T09:00:00+08:00`);
  return new Date(at).toISOString();
}

function waitFor(wait: boolean | string | undefined): number | undefined {
  if (wait === undefined || wait === false) return undefined;
  if (wait === true) return DEFAULT_WAIT;
  const ms = parseDuration(wait);
  if (ms === undefined) throw new CommandError(EXIT.usage, `--wait \`${wait}\` is no duration; write it like 10s`);
  return ms;
}
