import { EXIT } from '../../../core/problems/failure.ts';
import { isObject, type Json, parseJson } from '../../../core/values/json.ts';
import type { SilenceProblem } from '../../../core/alerts/silence-request.ts';
import { duration, NAME, PERSON, TIMEZONE, WALL_TIME } from '../../../core/values/value-kind.ts';
import { localTimezone } from '../../../core/time/time-faults.ts';
import { scalarOf } from '../../../core/values/scalar.ts';
import type { MadeSilenceView, SilencePlanView } from '../../../http/daemon-api.ts';
import type { Clock } from '../../../lib/time/clock.ts';
import { formatDuration } from '../../../lib/time/duration.ts';
import type { Client } from '../../connection/client.ts';
import type { Verb } from '../../context.ts';
import { daemonOptions, TypedArgument, TypedOption } from '../../options.ts';
import {
  CommandError,
  type CommonOptions,
  harmless,
  jsonLine,
  line,
  personOf,
  type Terminal,
} from '../../render/terminal.ts';
import { styleOf } from '../../render/style.ts';
import { madeText, planText } from './silence-text.ts';

interface SilenceAddOptions extends CommonOptions {
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
  readonly force?: boolean;
  readonly plan?: boolean;
}

/** Attributes that are text in every event, also when they look like a number. */
const TEXTS: ReadonlySet<string> = new Set(['id', 'source', 'type', 'subject', 'time', 'rule', 'key']);
const FULL_OFFSET = /(?:[Zz]|[+-]\d\d:\d\d)$/;

export const declareAdd: Verb = (silence, { terminal, clock, access, run }) => {
  daemonOptions(silence.command('add'))
    .description('add a silence for the events that match')
    .addArgument(
      new TypedArgument('[path=value...]', NAME, 'the events: rule=disk-full, key=db1, data.host=web1; all must match'),
    )
    .addOption(new TypedOption('--match <json>', NAME, 'patterns as JSON, as in `match` of a rule'))
    .addOption(new TypedOption('--if <cel>', NAME, 'further condition (CEL)'))
    .addOption(new TypedOption('--for <duration>', duration({ min: 1 }), 'duration of the silence'))
    .addOption(new TypedOption('--until <time>', WALL_TIME, 'end of the silence'))
    .addOption(new TypedOption('--from <time>', WALL_TIME, 'start of the silence (default: now)'))
    .addOption(new TypedOption('--cron <pattern>', NAME, 'for a recurring silence: start of each window'))
    .addOption(
      new TypedOption('--window <duration>', duration({ min: 1 }), 'for a recurring silence: length of each window'),
    )
    .addOption(
      new TypedOption(
        '--timezone <zone>',
        TIMEZONE,
        'time zone of --cron and of times without an offset (default: that of this machine)',
      ),
    )
    .addOption(new TypedOption('--reason <text>', NAME, 'reason'))
    .addOption(new TypedOption('--name <name>', NAME, 'name of the silence, as explain and the history show it'))
    .addOption(new TypedOption('--by <name>', PERSON, 'name of the person who adds it (default: you)'))
    .option('--force', 'also for a rule that does not exist')
    .option('--plan', 'only show what it would have silenced in the last 24 h; needs neither an end nor a reason')
    .action((pairs: string[], options: SilenceAddOptions) =>
      run(async () => addSilence(terminal, clock, () => access.client(options), pairs, options)),
    );
};

/** Adds a silence, which is on disk at exit 0, or shows what it would have silenced. It is validated before it is sent: exit 2. */
async function addSilence(
  terminal: Terminal,
  clock: Clock,
  client: () => Promise<Client>,
  pairs: readonly string[],
  options: SilenceAddOptions,
): Promise<number> {
  const posted = postedOf(terminal, pairs, options);
  const { readSilencePlan, readSilenceRequest } = await import('../../../core/alerts/silence-request.ts');
  const read = (options.plan ? readSilencePlan : readSilenceRequest)(posted, '', clock.now());
  if (!read.ok)
    throw new CommandError(EXIT.usage, read.problems.map((problem) => problemText(problem, posted)).join('\nbelfry: '));
  const body = { ...posted, ...(options.force && { force: true }) };
  const style = styleOf(terminal, options);
  if (options.plan) {
    const plan = await (await client()).call<SilencePlanView>('POST', '/v1/silences?plan=true', body);
    if (options.json) jsonLine(terminal, plan);
    else line(terminal, planText(plan, style));
    return EXIT.ok;
  }
  const made = await (await client()).call<MadeSilenceView>('POST', '/v1/silences', body);
  if (options.json) jsonLine(terminal, made);
  else line(terminal, madeText(made, style));
  return EXIT.ok;
}

/** Option of each JSON Pointer, for messages. */
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
  const { if: condition, for: length, until, from, reason, name } = options;
  const by = personOf(terminal, options);
  if (pairs.length === 0 && options.match === undefined && condition === undefined)
    throw new CommandError(
      EXIT.usage,
      "say what to silence, such as `rule=disk-full` or `data.host=web1`; `--match '{}'` is everything",
    );
  if (length === undefined && until === undefined && options.cron === undefined && !options.plan)
    throw new CommandError(
      EXIT.usage,
      'a silence has an end: give `--for 2h`, `--until 2026-12-27T08:00`, or `--cron "0 22 * * *" --window 8h`',
    );
  if (reason === undefined && !options.plan)
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
    ...(reason !== undefined && { reason }),
    ...(name !== undefined && { name }),
    ...(by !== undefined && { by }),
  };
}

/** Time zone of this machine, if a time has no offset: the daemon may run in another zone. */
function ownZone(times: readonly (string | undefined)[]): string | undefined {
  const bare = times.some((time) => time !== undefined && !FULL_OFFSET.test(time));
  return bare ? localTimezone() : undefined;
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
    timezone: timezone ?? localTimezone(),
  };
}

/** Builds the match. A path that is given several times matches any of its values. */
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

/** Parses a value. A quoted text is text, and so is every value of an attribute in `TEXTS`. */
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
