import { DEAD_CLASSES, type DeadLetter } from '../../core/delivery/delivery.ts';
import { EXIT } from '../../core/problems/failure.ts';
import type { Parameters, ValuesOf } from '../../core/values/parameter.ts';
import { MOMENT, momentAt, momentText, NAME, oneOf } from '../../core/values/value-kind.ts';
import type {
  DaemonApi,
  DeadLineProblem,
  ResendPlan,
  ResendProgress,
  ResendRequest,
  ResendSum,
} from '../../http/daemon-api.ts';
import { AnswerWait } from '../connection/answer-wait.ts';
import type { Client, ClientParts } from '../connection/client.ts';
import { channelNote, restNote } from '../render/channel-note.ts';
import { letterProblems } from '../render/dead-letter-problems.ts';
import { confirm, ProgressBar } from '../render/progress.ts';
import {
  CommandError,
  type CommonOptions,
  harmless,
  jsonLine,
  line,
  painter,
  readAll,
  table,
  type Terminal,
} from '../render/terminal.ts';

const SENDING = 'waiting for the channels to send';

/** The dead letters: of the running daemon, or of its state directory when it is stopped. */
export interface DeadDoor {
  list(): AsyncIterable<DeadLetter | DeadLineProblem>;
  resend(request: ResendRequest, signal: AbortSignal): AsyncIterable<ResendPlan | ResendProgress | ResendSum>;
  drop(id: string): Promise<boolean>;
}

/** Which letters are meant. */
export const DEAD_FILTERS = {
  channel: { kind: NAME, about: 'of this channel' },
  rule: { kind: NAME, about: 'of this rule' },
  class: { kind: oneOf(DEAD_CLASSES), about: DEAD_CLASSES.join(', ') },
  since: { kind: MOMENT, about: 'dead since a time, or a duration ago' },
} as const satisfies Parameters;

export type DeadFilter = ValuesOf<typeof DEAD_FILTERS>;

export interface ResendOptions extends CommonOptions, DeadFilter {
  readonly all?: boolean;
  readonly to?: string;
  readonly requeue?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

export function remoteDoor(client: Client): DeadDoor {
  return {
    list: () => client.lines('GET', '/v1/dead'),
    resend: (request, signal) =>
      client.lines('POST', '/v1/dead/resend', request, {
        signal,
        note: () => channelNote(client, undefined, SENDING),
      }),
    async drop(id) {
      try {
        await client.call('DELETE', `/v1/dead/${encodeURIComponent(id)}`);
        return true;
      } catch (error) {
        if (error instanceof CommandError && error.exit === EXIT.nothing) return false;
        throw error;
      }
    },
  };
}

export function localDoor(
  daemon: Pick<DaemonApi, 'dead' | 'resend' | 'drop' | 'channels'>,
  parts: ClientParts,
): DeadDoor {
  return {
    list: () => daemon.dead(),
    async *resend(request, signal) {
      const note = async (): Promise<string> => restNote(await daemon.channels(), undefined, SENDING);
      const wait = new AnswerWait({ ...parts, request: 'dead resend', expected: 0, limit: undefined, note, signal });
      try {
        yield* daemon.resend(request, wait.signal);
      } finally {
        wait.end();
      }
    },
    drop: (id) => daemon.drop(id),
  };
}

export async function listCommand(
  terminal: Terminal,
  door: DeadDoor,
  options: CommonOptions & DeadFilter,
): Promise<number> {
  const rows: string[][] = [];
  const problems: DeadLineProblem[] = [];
  const keep = filter(options);
  for await (const item of door.list()) {
    if ('problem' in item) problems.push(item);
    else if (!keep(item)) continue;
    else if (options.json) jsonLine(terminal, item);
    else
      rows.push([
        item.id,
        item.dead_at,
        item.channel,
        item.rule,
        item.class,
        item.error.code,
        harmless(item.message.title).slice(0, 60),
      ]);
  }
  for (const text of letterProblems(problems)) terminal.stderr.write(`belfry: ${text}\n`);
  if (options.json) return EXIT.ok;
  line(
    terminal,
    rows.length === 0
      ? 'no dead letters'
      : table([['ID', 'DEAD AT', 'CHANNEL', 'RULE', 'CLASS', 'CODE', 'TITLE'], ...rows]),
  );
  return EXIT.ok;
}

export async function showCommand(
  terminal: Terminal,
  door: DeadDoor,
  id: string,
  options: CommonOptions,
): Promise<number> {
  let found: DeadLetter | undefined;
  for await (const item of door.list()) if (!('problem' in item) && item.id === id) found = item;
  if (found === undefined) throw new CommandError(EXIT.nothing, `no dead letter has the id ${id}`);
  if (options.json) jsonLine(terminal, found);
  else line(terminal, JSON.stringify(found, null, 2));
  return EXIT.ok;
}

export async function dropCommand(
  terminal: Terminal,
  door: DeadDoor,
  ids: readonly string[],
  options: CommonOptions & { yes?: boolean },
): Promise<number> {
  const wanted = await idsOf(terminal, ids);
  if (wanted.length === 0)
    throw new CommandError(EXIT.usage, 'name the ids to drop, or `-` to read them from standard input');
  await agreed(
    terminal,
    options.yes,
    ids.includes('-'),
    `drop ${wanted.length} dead letter${wanted.length === 1 ? '' : 's'} for good?`,
  );
  let missing = 0;
  for (const id of wanted) {
    const dropped = await door.drop(id);
    if (!dropped) missing += 1;
    if (options.json) jsonLine(terminal, { id, dropped });
    else line(terminal, dropped ? `${id}  dropped` : `${id}  no such dead letter`);
  }
  return missing > 0 ? EXIT.nothing : EXIT.ok;
}

export async function resendCommand(
  terminal: Terminal,
  door: DeadDoor,
  ids: readonly string[],
  options: ResendOptions,
): Promise<number> {
  const request = await requestOf(terminal, ids, options);
  const { plan } = await planOf(terminal, door, request);
  if (plan.total === 0) throw new CommandError(EXIT.nothing, 'no dead letter matches');
  if (options.dryRun) {
    if (options.json) jsonLine(terminal, { plan });
    else line(terminal, planText(plan, options));
    return EXIT.ok;
  }
  if (!options.json) line(terminal, planText(plan, options));
  await agreed(terminal, options.yes, ids.includes('-'), options.requeue ? 'decide them anew?' : 'send them?');
  return send(terminal, door, request, plan.total, options);
}

async function send(
  terminal: Terminal,
  door: DeadDoor,
  request: ResendRequest,
  total: number,
  options: ResendOptions,
): Promise<number> {
  const bar = new ProgressBar(terminal, total, options.json !== true);
  const paint = painter(terminal);
  let sum: ResendSum | undefined;
  for await (const item of door.resend(request, terminal.interrupted)) {
    if ('plan' in item) continue;
    if ('left' in item) {
      sum = item;
      continue;
    }
    bar.step(item.state === 'dead');
    if (options.json) jsonLine(terminal, item);
    else if (item.state === 'dead')
      bar.note(
        `${item.id}  ${item.channel}  ${paint('red', 'dead')}  ${item.error?.code ?? ''}: ${harmless(item.error?.message ?? '')}`,
      );
    else
      bar.note(
        `${item.id}  ${item.channel}  ${paint('green', item.state)}${item.receipt?.id ? `  ${harmless(item.receipt.id)}` : ''}`,
      );
  }
  bar.end();
  if (sum === undefined)
    throw new CommandError(EXIT.failed, 'interrupted; what was answered has left the file, the rest is still in it');
  if (options.json) jsonLine(terminal, sum);
  else line(terminal, `${sum.delivered} delivered, ${sum.failed} failed, ${sum.left} left in the file`);
  return sum.failed > 0 ? EXIT.failed : EXIT.ok;
}

/** The plan is asked for by itself first, so that nothing is sent before a person has agreed to it. */
async function planOf(terminal: Terminal, door: DeadDoor, request: ResendRequest): Promise<ResendPlan> {
  for await (const item of door.resend({ ...request, dryRun: true }, terminal.interrupted))
    if ('plan' in item) return item;
  throw new CommandError(EXIT.failed, 'the daemon gave no plan');
}

function planText(plan: ResendPlan['plan'], options: ResendOptions): string {
  const channels = Object.entries(plan.channels).map(([channel, count]) => [`  ${channel}`, String(count)]);
  const verb = options.requeue ? 'decide anew' : options.to === undefined ? 'resend' : `resend to ${options.to}`;
  return [
    `${verb}: ${plan.total} dead letter${plan.total === 1 ? '' : 's'}`,
    ...(channels.length > 0 ? [table(channels)] : []),
    ...plan.missing.map((id) => `  no such dead letter: ${harmless(id)}`),
    ...letterProblems(plan.problems).map((text) => `  ${text}`),
  ].join('\n');
}

async function requestOf(terminal: Terminal, given: readonly string[], options: ResendOptions): Promise<ResendRequest> {
  const ids = await idsOf(terminal, given);
  const { channel, rule, class: deadClass, since, all, to, requeue } = options;
  const criteria = {
    ...(channel && { channel }),
    ...(rule && { rule }),
    ...(deadClass && { class: deadClass }),
    ...(since && { since: momentText(since) }),
  };
  if (given.length === 0 && all !== true && Object.keys(criteria).length === 0) {
    throw new CommandError(EXIT.usage, 'say which: ids, `-`, --all, --channel, --rule, --class or --since');
  }
  if (to !== undefined && requeue)
    throw new CommandError(EXIT.usage, '--to and --requeue exclude each other: --requeue asks the rules where to send');
  return {
    ...criteria,
    ...(given.length > 0 && { ids }),
    ...(all && { all }),
    ...(to !== undefined && { to }),
    ...(requeue && { requeue }),
  };
}

async function idsOf(terminal: Terminal, given: readonly string[]): Promise<readonly string[]> {
  const listed = given.filter((id) => id !== '-');
  if (listed.length === given.length) return listed;
  // Lines of `dead list --json` do as well as bare ids.
  const read = (await readAll(terminal.stdin))
    .split('\n')
    .map((text) => text.trim())
    .filter((text) => text !== '');
  return [
    ...listed,
    ...read.map((text) => (text.startsWith('{') ? String((JSON.parse(text) as { id?: unknown }).id) : text)),
  ];
}

async function agreed(
  terminal: Terminal,
  yes: boolean | undefined,
  stdinUsed: boolean,
  question: string,
): Promise<void> {
  if (yes) return;
  if (stdinUsed || terminal.stdin.isTTY !== true)
    throw new CommandError(EXIT.usage, 'nobody can be asked here; say --yes');
  if (!(await confirm(terminal, question))) throw new CommandError(EXIT.failed, 'nothing was done');
}

function filter(options: DeadFilter): (letter: DeadLetter) => boolean {
  const since = options.since === undefined ? undefined : momentAt(options.since, Date.now());
  return (letter) =>
    (options.channel === undefined || letter.channel === options.channel) &&
    (options.rule === undefined || letter.rule === options.rule) &&
    (options.class === undefined || letter.class === options.class) &&
    (since === undefined || Date.parse(letter.dead_at) >= since);
}
