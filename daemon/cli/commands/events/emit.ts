import { readFile, unlink } from 'node:fs/promises';
import path from 'node:path';
import { parseEvents } from '../../../core/event/cloudevents.ts';
import { HOPS, HOPS_VARIABLE, readHops } from '../../../core/event/hops.ts';
import { EXIT } from '../../../core/problems/failure.ts';
import { isObject, type Json, parseJson } from '../../../core/values/json.ts';
import { scalarOf } from '../../../core/values/scalar.ts';
import { ATTRIBUTE, duration, INSTANT, MAX_WAIT_MS, NAME } from '../../../core/values/value-kind.ts';
import type { StatePaths } from '../../../app/state/paths.ts';
import type { DeliveryView } from '../../../http/daemon-api.ts';
import { newId } from '../../../lib/id.ts';
import type { Clock } from '../../../lib/time/clock.ts';
import { NoAnswer } from '../../connection/answer-wait.ts';
import type { Client } from '../../connection/client.ts';
import type { Verb } from '../../context.ts';
import { daemonOptions, TypedArgument, TypedOption } from '../../options.ts';
import { keptBackText, lastError } from '../../render/deliveries.ts';
import { type Style, styleOf } from '../../render/style.ts';
import { CommandError, type CommonOptions, jsonLine, line, readAll, type Terminal } from '../../render/terminal.ts';

export interface EmitOptions extends CommonOptions {
  readonly data?: string;
  readonly subject?: string;
  readonly id?: string;
  /** Milliseconds since the epoch. */
  readonly time?: number;
  readonly source?: string;
  /** Milliseconds. */
  readonly wait?: number;
}

/** Rule -> outcome. */
type Outcomes = Readonly<Record<string, string>>;

interface Posted {
  readonly events: readonly { readonly id: string; readonly duplicate: boolean; readonly outcomes?: Outcomes }[];
  readonly deliveries?: readonly DeliveryView[];
}

/** Wait for an answer of the daemon before the event is left in its inbox, which is as safe. */
const ANSWER_LIMIT_MS = 60_000;

export const verb: Verb = (program, { terminal, clock, access, run }) => {
  daemonOptions(program.command('emit'))
    .description('post an event; exit 0 means that it is on disk')
    .addArgument(new TypedArgument('<type>', ATTRIBUTE, 'the event type, such as backup.failed'))
    .addArgument(new TypedArgument('[key=value...]', NAME, 'fields of the data; a.b=1 is the field b in a'))
    .addOption(new TypedOption('--data <json>', NAME, 'the data as JSON, @FILE, or - for standard input'))
    .addOption(new TypedOption('--subject <subject>', ATTRIBUTE, 'the subject of the event'))
    .addOption(
      new TypedOption('--id <id>', ATTRIBUTE, 'the id of the event; the same source and id again is a duplicate'),
    )
    .addOption(new TypedOption('--time <time>', INSTANT, 'the time of the event (default: now)'))
    .addOption(new TypedOption('--source <source>', ATTRIBUTE, 'the source of the event (default: api)'))
    .addOption(
      new TypedOption(
        '--wait [duration]',
        duration({ max: MAX_WAIT_MS }),
        'wait until the deliveries have ended, at most this long',
      ).preset('10s'),
    )
    .action((type: string, pairs: string[], options: EmitOptions) =>
      run(async () => {
        const client = await access.client(options);
        const deps = { terminal, clock, client, config: access.config(options), inbox: () => access.inbox(options) };
        return emit(deps, type, pairs, options);
      }),
    );
};

/** Dependencies of `emit`. */
export interface EmitDeps {
  readonly terminal: Terminal;
  readonly clock: Clock;
  readonly client: Client;
  readonly config: string;
  /** Finds the inbox of a daemon that does not answer. */
  readonly inbox: () => Promise<StatePaths | string>;
}

/** Posts an event. Exit 0 means that it is on disk, at the daemon or in its inbox. */
export async function emit(
  { terminal, clock, client, config, inbox }: EmitDeps,
  type: string,
  pairs: readonly string[],
  options: EmitOptions,
): Promise<number> {
  const event = {
    // The id is chosen here, so that a retry after a lost answer or a copy in the inbox is a duplicate and not a second event.
    id: options.id ?? newId(clock.now()),
    type,
    ...(options.source !== undefined && { source: options.source }),
    ...(options.subject !== undefined && { subject: options.subject }),
    time: new Date(options.time ?? clock.now()).toISOString(),
    ...hopsOfProgram(terminal),
    data: await eventData(terminal, options.data, pairs),
  };
  refuseInvalid(event);
  const { wait } = options;
  try {
    const query = wait === undefined ? '' : `?wait=${wait}ms`;
    const call = { expected: wait ?? 0, limit: ANSWER_LIMIT_MS };
    const posted = await client.call<Posted>('POST', `/v1/events${query}`, event, call);
    return await printPosted(terminal, posted, options, wait !== undefined);
  } catch (error) {
    if (!(error instanceof CommandError) || options.url !== undefined) throw error;
    // A daemon that does not answer may have accepted the event or not. A copy in the inbox is safe, because its id makes it a duplicate.
    const isBusy = error instanceof NoAnswer;
    if (error.exit !== EXIT.unreachable && !isBusy) throw error;
    const paths = await inbox();
    if (typeof paths === 'string') throw isBusy ? error : noInboxError(error, paths);
    const { leaveInInbox, printQueued } = await import('./inbox.ts');
    const file = await leaveInInbox({ terminal, config }, { paths, event, options, why: error });
    const posted = isBusy ? undefined : await postAgain(client, event, file);
    if (posted !== undefined) return printPosted(terminal, posted, options, false);
    return printQueued(terminal, paths, event.id, options, error);
  }
}

/** Hops of a program that a `command` channel has started: without them a rule that emits its own event would run for ever. */
function hopsOfProgram({ env }: Pick<Terminal, 'env'>): { readonly [HOPS]?: number } {
  const given = env[HOPS_VARIABLE];
  if (given === undefined || given === '') return {};
  const hops = readHops(given);
  if (hops === undefined)
    throw new CommandError(EXIT.usage, `${HOPS_VARIABLE} is not a whole number: unset it, or pass on what Belfry set`);
  return { [HOPS]: hops };
}

/** Posts the event again, because a daemon that has started meanwhile may have read its inbox too early. */
async function postAgain(client: Client, event: object, file: string): Promise<Posted | undefined> {
  const posted = await client.call<Posted>('POST', '/v1/events', event).catch(() => undefined);
  if (posted !== undefined) await unlink(file).catch(() => undefined);
  return posted;
}

/** Error when no inbox exists that a daemon would read. */
function noInboxError(cause: CommandError, why: string): CommandError {
  const message = `${cause.message}\nnothing was kept: ${why}`;
  return new CommandError(EXIT.unreachable, message, { cause });
}

async function printPosted(terminal: Terminal, posted: Posted, options: EmitOptions, waited: boolean): Promise<number> {
  const { id, duplicate, outcomes = {} } = posted.events[0]!;
  const { deliveries = [] } = posted;
  if (options.json) jsonLine(terminal, { id, duplicate, ...(waited && { outcomes, deliveries }) });
  else {
    line(terminal, `${id}${duplicate ? '  (duplicate: it was accepted before and is not run again)' : ''}`);
    if (waited)
      for (const text of await waitedText(outcomes, deliveries, styleOf(terminal, options))) line(terminal, text);
  }
  return waited ? waitedExit(outcomes, deliveries) : EXIT.ok;
}

async function waitedText(
  outcomes: Outcomes,
  deliveries: readonly DeliveryView[],
  style: Style,
): Promise<readonly string[]> {
  const { paint } = style;
  const silent = Object.entries(outcomes).filter(([rule]) => !deliveries.some((delivery) => delivery.rule === rule));
  return [
    ...deliveries.flatMap((delivery) => [
      `  ${delivery.channel}: ${paint(delivery.state === 'delivered' ? 'green' : 'red', delivery.state)}${lastError(delivery)}`,
      ...keptBackText(delivery, style).map((text) => `    ${text}`),
    ]),
    ...silent.map(([rule, outcome]) => `  ${rule}: ${outcome}`),
    ...(deliveries.length > 0
      ? []
      : [(await isUndecided(outcomes)) ? '  no message yet' : '  no rule sends a message']),
  ];
}

/** Exit 0 when there are deliveries and all were delivered; 3 when there are none and none may follow; else 1. */
async function waitedExit(outcomes: Outcomes, deliveries: readonly DeliveryView[]): Promise<number> {
  if (deliveries.length > 0) return deliveries.every(({ state }) => state === 'delivered') ? EXIT.ok : EXIT.failed;
  return (await isUndecided(outcomes)) ? EXIT.failed : EXIT.nothing;
}

/** Whether a rule may still send a message, or should have sent one. */
async function isUndecided(outcomes: Outcomes): Promise<boolean> {
  const { WAITING_OUTCOMES } = await import('../../../core/flow/outcomes.ts');
  const undecided: ReadonlySet<string> = new Set([...WAITING_OUTCOMES, 'error']);
  return Object.values(outcomes).some((outcome) => undecided.has(outcome));
}

async function eventData(terminal: Terminal, data: string | undefined, pairs: readonly string[]): Promise<Json> {
  const base = data === undefined ? {} : await parseData(terminal, data);
  if (pairs.length === 0) return data === undefined ? null : base;
  if (!isObject(base)) throw new CommandError(EXIT.usage, 'KEY=VALUE goes with --data only when that is a JSON object');
  const result: Record<string, unknown> = { ...base };
  const given = new Set<string>();
  for (const pair of pairs) {
    const key = setPair(result, pair);
    // A key that equals or contains another one would silently overwrite its value.
    const other = [...given].find((each) => `${each}.`.startsWith(`${key}.`) || `${key}.`.startsWith(`${each}.`));
    if (other !== undefined)
      throw new CommandError(
        EXIT.usage,
        `\`${key}\` is given twice${other === key ? '' : `, as \`${other}\` too`}: give it once`,
      );
    given.add(key);
  }
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

/** Sets `a.b=1` as {a: {b: 1}}; returns the key, `a.b`. */
function setPair(target: Record<string, unknown>, pair: string): string {
  const cut = pair.indexOf('=');
  if (cut < 1) {
    const mend = pair.startsWith('{') ? '; write `--data` before JSON' : '';
    throw new CommandError(EXIT.usage, `\`${pair}\` is not KEY=VALUE${mend}`);
  }
  const key = pair.slice(0, cut);
  const steps = key.split('.');
  const last = steps.pop()!;
  let parent = target;
  for (const step of steps) {
    const next = Object.hasOwn(parent, step) && isObject(parent[step]) ? parent[step] : {};
    define(parent, step, next);
    parent = next;
  }
  define(parent, last, scalarOf(pair.slice(cut + 1)));
  return key;
}

/** Defines an own property, also one that is called `__proto__`. */
function define(target: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}

/** Refuses an event that the daemon would refuse, or could not read in its inbox. */
function refuseInvalid(event: object): void {
  const parsed = parseEvents({ contentType: undefined, headers: {}, body: JSON.stringify(event) });
  if (!parsed.ok) throw new CommandError(EXIT.usage, `this is not an event: ${parsed.message}`);
}
