import { EXIT } from '../../../core/problems/failure.ts';
import { isObject, type Json, parseJson } from '../../../core/values/json.ts';
import { readPostedSilence, type SilenceProblem } from '../../../core/alerts/silence-request.ts';
import { scalarOf } from '../../../core/values/scalar.ts';
import type { MadeSilenceView, SilenceView } from '../../../http/daemon-api.ts';
import { formatDuration } from '../../../lib/time/duration.ts';
import type { Client } from '../../connection/client.ts';
import {
  CommandError,
  type CommonOptions,
  harmless,
  jsonLine,
  line,
  painter,
  table,
  type Terminal,
  userOf,
} from '../../render/terminal.ts';

export interface SilenceAddOptions extends CommonOptions {
  readonly match?: string;
  readonly if?: string;
  /** Milliseconds. */
  readonly for?: number;
  readonly until?: string;
  readonly from?: string;
  readonly cron?: string;
  /** Milliseconds. */
  readonly window?: number;
  readonly timezone?: string;
  readonly reason?: string;
  readonly name?: string;
  readonly by?: string;
}

export interface SilenceListOptions extends CommonOptions {
  readonly all?: boolean;
}

/** What is text in every event, also where it looks like a number. */
const TEXTS: ReadonlySet<string> = new Set(['id', 'source', 'type', 'subject', 'time', 'rule', 'key']);
const FULL_OFFSET = /(?:[Zz]|[+-]\d\d:\d\d)$/;

/** `belfry silence add PATH=VALUE...`: on disk when it exits with 0. What is wrong with it is found before it is sent: exit 2. */
export async function silenceAddCommand(
  terminal: Terminal,
  client: () => Promise<Client>,
  pairs: readonly string[],
  options: SilenceAddOptions,
): Promise<number> {
  const posted = postedOf(terminal, pairs, options);
  const read = readPostedSilence(posted, '', Date.now());
  if (!read.ok)
    throw new CommandError(EXIT.usage, read.problems.map((problem) => problemText(problem, posted)).join('\nbelfry: '));
  const made = await (await client()).call<MadeSilenceView>('POST', '/v1/silences', posted);
  if (options.json) jsonLine(terminal, made);
  else line(terminal, madeText(made));
  return EXIT.ok;
}

/** As somebody at a command line would put it, not as JSON. */
const OPTIONS_OF: Readonly<Record<string, string>> = {
  '/for': '--for',
  '/until': '--until',
  '/from': '--from',
  '/if': '--if',
  '/reason': '--reason',
  '/name': '--name',
  '/by': '--by',
  '/timezone': '--timezone',
  '/recurring/cron': '--cron',
  '/recurring/for': '--window',
};

function problemText({ pointer, message, mend }: SilenceProblem, posted: unknown): string {
  const option = OPTIONS_OF[pointer];
  const where = option ?? pointer.replace(/^\//, '').replaceAll('/', '.');
  const given = option === undefined ? undefined : valueAt(posted, pointer);
  const shown = typeof given === 'string' ? ` (given: \`${harmless(given)}\`)` : '';
  return `${where === '' ? '' : `${where}: `}${message}: ${mend}${shown}`;
}

function valueAt(value: unknown, pointer: string): unknown {
  return pointer
    .split('/')
    .slice(1)
    .reduce((at: unknown, name) => (isObject(at) ? at[name] : undefined), value);
}

function postedOf(
  terminal: Terminal,
  pairs: readonly string[],
  options: SilenceAddOptions,
): Readonly<Record<string, unknown>> {
  const { if: condition, for: length, until, from, reason, name, by = userOf(terminal) } = options;
  if (pairs.length === 0 && options.match === undefined && condition === undefined)
    throw new CommandError(
      EXIT.usage,
      "say what to silence, such as `rule=disk-full` or `data.host=web1`; `--match '{}'` is everything",
    );
  if (length === undefined && until === undefined && options.cron === undefined)
    throw new CommandError(
      EXIT.usage,
      'a silence has an end: give `--for 2h`, `--until 2026-12-27T08:00`, or `--cron "0 22 * * *" --window 8h`',
    );
  if (reason === undefined)
    throw new CommandError(EXIT.usage, 'say why with `--reason`, such as `--reason "release night"`');
  const recurring = recurringOf(options);
  const zone = options.timezone ?? ownZone([from, until]);
  return {
    match: matchOf(pairs, options.match),
    ...(condition !== undefined && { if: condition }),
    ...(from !== undefined && { from }),
    ...(until !== undefined && { until }),
    ...(length !== undefined && { for: formatDuration(length) }),
    ...(zone !== undefined && { timezone: zone }),
    ...(recurring !== undefined && { recurring }),
    reason,
    ...(name !== undefined && { name }),
    ...(by !== undefined && { by }),
  };
}

/** Whoever writes a time without an offset means the clock on their own wall, which may not be the daemon's. */
function ownZone(times: readonly (string | undefined)[]): string | undefined {
  const bare = times.some((time) => time !== undefined && !FULL_OFFSET.test(time));
  return bare ? new Intl.DateTimeFormat().resolvedOptions().timeZone : undefined;
}

function recurringOf({ cron, window, timezone }: SilenceAddOptions): object | undefined {
  if (cron === undefined && window === undefined) return undefined;
  if (cron === undefined || window === undefined)
    throw new CommandError(
      EXIT.usage,
      '`--cron` says when each window begins and `--window` how long it is open: give both',
    );
  return {
    cron,
    for: formatDuration(window),
    timezone: timezone ?? new Intl.DateTimeFormat().resolvedOptions().timeZone,
  };
}

/** A path that is given several times holds any of its values. */
function matchOf(pairs: readonly string[], text: string | undefined): Readonly<Record<string, unknown>> {
  const found = new Map<string, Json[]>();
  for (const pair of pairs) {
    const cut = pair.indexOf('=');
    if (cut < 1) throw new CommandError(EXIT.usage, `\`${pair}\` is not PATH=VALUE, such as \`data.host=web1\``);
    const path = pair.slice(0, cut);
    found.set(path, [...(found.get(path) ?? []), valueOf(path, pair.slice(cut + 1))]);
  }
  const listed = [...found].map(([path, values]) => [path, values.length === 1 ? values[0] : values] as const);
  return { ...jsonMatch(text), ...Object.fromEntries(listed) };
}

function jsonMatch(text: string | undefined): Readonly<Record<string, unknown>> {
  if (text === undefined) return {};
  try {
    const match = parseJson(text);
    if (isObject(match)) return match;
  } catch (cause) {
    throw new CommandError(EXIT.usage, `--match is not JSON: ${(cause as Error).message}`, { cause });
  }
  throw new CommandError(EXIT.usage, `--match is a JSON object, such as '{"data.host": {"prefix": "web"}}'`);
}

/** A quoted text is that text; what is text in every event is not read as a number. */
function valueOf(path: string, text: string): Json {
  if (/^"(?:[^"\\]|\\.)*"$/.test(text)) {
    try {
      return JSON.parse(text) as string;
    } catch {
      return text;
    }
  }
  return TEXTS.has(path) ? text : scalarOf(text);
}

function madeText({ id, state, until, active_until: window, from, would_silence: would }: MadeSilenceView): string {
  const when = state === 'active' ? `active until ${window}` : from === undefined ? state : `pending until ${from}`;
  const more = would.partial === true ? 'at least ' : '';
  const end = until !== undefined && until !== window ? `, over at ${until}` : '';
  return [
    `${id}  ${when}${end}`,
    `  would silence ${more}${would.alerts} of what fires now, and ${more}${would.events} events of the last 24 h`,
    ...(would.error === undefined
      ? []
      : [`  its condition fails for some of them, and silences none of these: ${harmless(would.error)}`]),
  ].join('\n');
}

/** `belfry silence list`: those that are active or still to come; with `--all` also those that are over. */
export async function silenceListCommand(
  terminal: Terminal,
  client: Client,
  options: SilenceListOptions,
): Promise<number> {
  const { silences } = await client.call<{ silences: readonly SilenceView[] }>('GET', '/v1/silences');
  const listed = silences.filter(({ state }) => options.all === true || state !== 'expired');
  if (options.json) for (const silence of listed) jsonLine(terminal, silence);
  else line(terminal, listed.length === 0 ? 'no silences' : silenceTable(listed, terminal));
  return EXIT.ok;
}

const STATE_COLOURS = { active: 'green', pending: 'yellow', expired: 'grey' } as const;

function silenceTable(silences: readonly SilenceView[], terminal: Terminal): string {
  const paint = painter(terminal);
  const rows = silences.map((silence) => {
    const { id, state, from, until, active_until: window, by = '', reason, name, file } = silence;
    const when = window ?? (state === 'pending' && from !== undefined ? `from ${from}` : (until ?? 'by its pattern'));
    const who = by === '' ? (file ?? '') : by;
    const why = name === undefined ? reason : `${name}: ${reason}`;
    return [id, paint(STATE_COLOURS[state], state), when, harmless(who), harmless(what(silence)), harmless(why)];
  });
  return table([['ID', 'STATE', 'UNTIL', 'BY', 'SILENCES', 'REASON'], ...rows]);
}

function what({ match, if: condition }: SilenceView): string {
  const pairs = Object.entries(isObject(match) ? match : {}).map(
    ([path, pattern]) => `${path}=${typeof pattern === 'string' ? pattern : JSON.stringify(pattern)}`,
  );
  const parts = condition === undefined ? pairs : [...pairs, `if ${condition}`];
  return parts.length === 0 ? 'everything' : parts.join(' ');
}

/** `belfry silence expire ID...`: exit 3 when one is unknown. */
export async function silenceExpireCommand(
  terminal: Terminal,
  client: Client,
  ids: readonly string[],
  options: CommonOptions,
): Promise<number> {
  let exit: number = EXIT.ok;
  for (const id of ids) {
    try {
      await client.call('DELETE', `/v1/silences/${encodeURIComponent(id)}`);
    } catch (error) {
      if (!(error instanceof CommandError) || (error.exit !== EXIT.nothing && error.exit !== EXIT.failed)) throw error;
      exit = Math.max(exit, error.exit);
      if (options.json) jsonLine(terminal, { id, expired: false, reason: error.message });
      else terminal.stderr.write(`belfry: ${harmless(id)}: ${error.message}\n`);
      continue;
    }
    if (options.json) jsonLine(terminal, { id, expired: true });
    else line(terminal, `${id}  expired`);
  }
  return exit;
}
