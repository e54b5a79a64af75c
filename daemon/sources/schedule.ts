import { createHash } from 'node:crypto';
import type { FieldKind } from '../core/event/shape.ts';
import type { JsonObject } from '../core/values/json.ts';
import { duration, oneOrMany, strict } from '../core/schema/fields.ts';
import { type Static, Type } from '../core/schema/type.ts';
import { type Clock, pause } from '../lib/time/clock.ts';
import { atTimes, cronTimes, type DueTimes, everyTimes, overdue, readMoment } from '../core/time/due-times.ts';
import { faultOfCron, faultOfEvery, faultOfTimezone, type WrongWords, zoneOrOwn } from './kit/schedule-validation.ts';
import { Patience, persevere } from '../lib/async/retry.ts';
import { defineSource, type SettingProblem, type SourceIo } from './source.ts';

type Missed = 'skip' | 'once' | 'all';

const settingsSchema = strict({
  cron: Type.Optional(
    Type.String({
      description:
        'When, as a cron pattern: minute, hour, day, month, weekday; with six fields the first is the second.',
      examples: ['0 9 * * mon-fri', '*/30 * * * * *'],
    }),
  ),
  every: Type.Optional(
    duration({ description: 'Once in this time, counted from the first start.', examples: ['15m', '1d'] }),
  ),
  at: Type.Optional(
    oneOrMany(Type.String({ description: 'A moment.', examples: ['2026-12-24T18:00'] }), {
      description: 'Once, at this moment, or at each of several; without an offset they are meant in `timezone`.',
      examples: ['2026-12-24T18:00', ['2026-12-24T18:00:00+01:00', '2026-12-31T23:59']],
    }),
  ),
  timezone: Type.Optional(
    Type.String({
      description: 'IANA name of the zone whose clock on the wall counts; otherwise that of the machine.',
      examples: ['Europe/Berlin', 'Asia/Shanghai', 'UTC'],
    }),
  ),
  missed: Type.Optional(
    Type.Unsafe<Missed>({
      type: 'string',
      enum: ['skip', 'once', 'all'],
      description:
        'What becomes of due times that passed while the daemon was not running: none fires, only the latest, or each (the latest 100).',
      examples: ['skip'],
      default: 'once',
    }),
  ),
  jitter: Type.Optional(
    duration({
      description:
        'Later by up to this, so that many machines do not start at once; the same for a due time every try.',
      examples: ['30s'],
    }),
  ),
  data: Type.Optional(
    Type.Unsafe<JsonObject>({
      type: 'object',
      description: 'More fields for the data of the event.',
      examples: [{ report: 'weekly' }],
    }),
  ),
});

type Settings = Static<typeof settingsSchema>;

/** How long the wall clock may have jumped before anybody looks at it again. */
const LOOK_AGAIN = 30_000;
/** What is later than this was missed, not late. */
const LATE = 30_000;
/** A clock this far behind the last tick was wrong then, or is wrong now. */
const FAR_BACK = 24 * 60 * 60_000;

/** Ticks at due times. Each is fired once, in order: the last one fired is committed together with its event. */
export const schedule = defineSource({
  type: 'schedule',
  summary: 'Ticks by cron pattern, interval or date',
  settings: settingsSchema,
  events: ['schedule.tick'],
  shapes: ({ data }) => [{ type: 'schedule.tick', data: { ...kindsOf(data), ...TICK_FIELDS } }],
  runsInTests: true,
  check,
  start: startSchedule,
});

const TICK_FIELDS = { scheduled_at: 'text', late_by: 'number', missed: 'number' } as const;

/** The `data` that the settings give is the same in every tick. */
function kindsOf(data: Settings['data']): Readonly<Record<string, FieldKind>> {
  return Object.fromEntries(Object.entries(data ?? {}).map(([name, value]) => [name, kindOf(value)]));
}

function kindOf(value: unknown): FieldKind {
  if (typeof value === 'string') return 'text';
  if (typeof value === 'number') return 'number';
  return typeof value === 'boolean' ? 'boolean' : 'any';
}

function check(settings: Settings): readonly SettingProblem[] {
  const kinds = (['cron', 'every', 'at'] as const).filter((kind) => settings[kind] !== undefined);
  if (kinds.length !== 1) {
    const said = kinds.length === 0 ? 'nothing says when' : `both \`${kinds.join('` and `')}\` say when`;
    const pointer = kinds.length === 0 ? '' : `/${kinds[1]}`;
    return [{ pointer, message: said, mend: 'give exactly one of `cron`, `every`, `at`' }];
  }
  const zone = faultOfTimezone(settings.timezone);
  if (zone !== undefined) return [{ pointer: '/timezone', ...zone }];
  const wrong = CHECKS[kinds[0]!](settings);
  return wrong === undefined ? [] : [{ ...wrong, pointer: `/${kinds[0]}${wrong.pointer ?? ''}` }];
}

type Wrong = (WrongWords & { readonly pointer?: string }) | undefined;

const CHECKS: Readonly<Record<'cron' | 'every' | 'at', (settings: Settings) => Wrong>> = {
  cron: (settings) => faultOfCron(settings.cron!, zoneOf(settings)),
  every: ({ every }) => faultOfEvery(every!),
  at(settings) {
    const wrong = settings.at!.findIndex((moment) => readMoment(moment, zoneOf(settings)) === undefined);
    if (wrong === -1) return undefined;
    const mend = 'write it as `2026-12-24T18:00` or with an offset';
    return { pointer: settings.at!.length === 1 ? '' : `/${wrong}`, message: 'this is not a date and time', mend };
  },
};

function zoneOf({ timezone }: Settings): string {
  return zoneOrOwn(timezone);
}

interface Tick {
  readonly due: number;
  /** Due times before this one that were not fired. */
  readonly missed: number;
}

/** How far a schedule has come: everything due until `at` is fired or passed over, `skipped` of it since the last tick. */
interface Progress {
  readonly at: number;
  readonly skipped: number;
}

interface Plan {
  readonly times: DueTimes;
  readonly policy: Missed;
  /** When a due time is fired, with its jitter. */
  readonly fireAt: (due: number) => number;
}

interface Step {
  readonly ticks: readonly Tick[];
  readonly progress: Progress;
}

/** What is to be fired now. */
function step({ times, policy, fireAt }: Plan, { at, skipped }: Progress, now: number): Step {
  const { latest, count } = overdue(times, at, now);
  const unready = latest.findIndex((due) => fireAt(due) > now);
  const ready = unready === -1 ? latest : latest.slice(0, unready);
  const last = ready.at(-1);
  if (last === undefined) return { ticks: [], progress: { at, skipped } };
  const total = skipped + count - (latest.length - ready.length);
  const fired = FIRED[policy](ready, now - fireAt(last));
  const ticks = fired.map((due, index) => ({ due, missed: index === 0 ? total - fired.length : 0 }));
  return { ticks, progress: { at: last, skipped: fired.length === 0 ? total : 0 } };
}

/** Which of the due times are fired; `late` is that of the last of them. */
const FIRED: Readonly<Record<Missed, (ready: readonly number[], late: number) => readonly number[]>> = {
  skip: (ready, late) => (late <= LATE ? ready.slice(-1) : []),
  once: (ready) => ready.slice(-1),
  all: (ready) => ready,
};

function startSchedule(settings: Settings, io: SourceIo) {
  const ending = new AbortController();
  const running = keep(settings, io, ending.signal).catch((error: unknown) => {
    io.log.error({ err: error }, 'the schedule stopped');
    io.report('the schedule stopped because of an internal error');
  });
  return Promise.resolve({
    async stop(): Promise<void> {
      ending.abort();
      await running;
    },
  });
}

/** From when the source is live, and the one it replaces ticks no more, until `signal` aborts. */
async function keep(settings: Settings, io: SourceIo, signal: AbortSignal): Promise<void> {
  await outcome(io.live, signal);
  const refused = (why: string | undefined): void =>
    io.report(why === undefined ? undefined : `it could not begin: ${why}`);
  while (!signal.aborted) {
    const begin = await persevere(() => beginningOf(settings, io), { clock: io.clock, signal, refused });
    if (begin === undefined) return;
    const times = timesOf(settings, begin.anchor);
    const { missed: policy = 'once', jitter = 0 } = settings;
    // Never later than the next due time, so that ticks stay in order.
    const room = (due: number) => Math.min(jitter, (times.next(due) ?? Number.POSITIVE_INFINITY) - due);
    const fireAt = (due: number) => (jitter === 0 ? due : due + Math.floor(share(`${io.name}@${due}`) * room(due)));
    await run({ times, policy, fireAt }, { at: begin.at, skipped: 0 }, settings, io, signal);
  }
}

/**
 * `anchor`: where the counting of `every` begins. `at`: what was due until then is done with. What says when is remembered too:
 * when it was changed, what the new words would have made due before is not missed; but a moment that never fired is.
 */
async function beginningOf(settings: Settings, io: SourceIo): Promise<{ anchor: number; at: number }> {
  const { cron, every, at } = settings;
  const checkpoints = await io.readCheckpoints();
  const words = JSON.stringify([cron ?? null, every ?? null, at ?? null, zoneOf(settings)]);
  const last = readTime(checkpoints, 'last');
  const anchor = readTime(checkpoints, 'anchor');
  const now = io.clock.now();
  const isAhead = Math.max(last, anchor) > now + FAR_BACK;
  if (isAhead) io.log.warn('the clock was set back by more than a day; due times are counted from now');
  if (checkpoints.get('when') === words && Number.isFinite(anchor) && !isAhead)
    return { anchor, at: at === undefined ? Math.max(anchor, last) : last };
  await io.saveCheckpoints([
    { key: 'anchor', value: new Date(now).toISOString() },
    { key: 'when', value: words },
    ...(isAhead ? [{ key: 'last', value: null }] : []),
  ]);
  if (isAhead) return { anchor: now, at: now };
  return { anchor: now, at: at === undefined ? Math.max(now, last) : last };
}

/** Milliseconds; before all time when there is none. */
function readTime(checkpoints: ReadonlyMap<string, string>, key: string): number {
  const time = Date.parse(checkpoints.get(key) ?? '');
  return Number.isNaN(time) ? Number.NEGATIVE_INFINITY : time;
}

function timesOf(settings: Settings, anchor: number): DueTimes {
  const { cron, every, at } = settings;
  if (cron !== undefined) return cronTimes(cron, zoneOf(settings));
  if (every !== undefined) return everyTimes(anchor, every);
  return atTimes(at!.map((moment) => readMoment(moment, zoneOf(settings))!));
}

/** Until `signal` aborts, or the clock is set so far back that the progress is worth nothing. */
async function run(plan: Plan, from: Progress, settings: Settings, io: SourceIo, signal: AbortSignal): Promise<void> {
  let progress = from;
  while (!signal.aborted && progress.at <= io.clock.now() + FAR_BACK) {
    const { ticks, progress: reached } = step(plan, progress, io.clock.now());
    for (const tick of ticks) await fire(tick, settings, io, signal);
    progress = reached;
    if (ticks.length === 0) await pause(io.clock, untilNext(plan, progress, io.clock), signal);
  }
}

/** A backward jump of the clock, by up to a day, makes it wait longer: what is due comes after what was fired, never again. */
function untilNext({ times, fireAt }: Plan, { at }: Progress, clock: Clock): number {
  const longest = clock.steady === true ? Number.POSITIVE_INFINITY : LOOK_AGAIN;
  const next = times.next(at);
  return next === undefined ? longest : Math.min(longest, Math.max(1, Math.ceil(fireAt(next) - clock.now())));
}

/** Until the event is durable, however often it is refused. */
async function fire({ due, missed }: Tick, settings: Settings, io: SourceIo, signal: AbortSignal): Promise<void> {
  const scheduled_at = new Date(due).toISOString();
  const event = {
    id: `${io.name}@${scheduled_at}`,
    type: 'schedule.tick',
    data: { ...settings.data, scheduled_at, late_by: Math.max(0, io.clock.now() - due), missed },
  };
  const patience = new Patience();
  while (!signal.aborted) {
    const refused = await outcome(io.emit(event, [{ key: 'last', value: scheduled_at }]), signal);
    if (refused === undefined) return io.report(undefined);
    if (signal.aborted) return;
    io.report(`a tick was not taken: ${refused}`);
    await patience.wait(io.clock, signal);
  }
}

/**
 * What came in the way; undefined when nothing did. An event that still waits to be let in does not keep the source from
 * stopping: its id makes a second one harmless.
 */
function outcome(emitted: Promise<unknown>, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve) => {
    const settle = (refused: string | undefined): void => {
      signal.removeEventListener('abort', stop);
      resolve(refused);
    };
    const stop = (): void => settle('stopping');
    signal.addEventListener('abort', stop);
    emitted.then(
      () => settle(undefined),
      (error: unknown) => settle(error instanceof Error ? error.message : String(error)),
    );
  });
}

/** A number from 0 to 1 that is always the same for the same text. */
function share(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0) / 2 ** 32;
}
