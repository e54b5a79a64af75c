import { createHash } from 'node:crypto';
import type { FieldKind } from '../core/event/shape.ts';
import type { JsonObject } from '../core/values/json.ts';
import { duration, oneOrMany, strict } from '../core/schema/fields.ts';
import { type Static, Type } from '../core/schema/type.ts';
import { type Clock, pause } from '../lib/time/clock.ts';
import { formatDuration } from '../lib/time/duration.ts';
import type { ScheduleFacts } from './facts.ts';
import { atTimes, cronTimes, type DueTimes, everyTimes, overdue, readInstant } from '../core/time/due-times.ts';
import { faultOfCron, faultOfEvery, faultOfTimezone, localTimezone, type TimeFault } from '../core/time/time-faults.ts';
import { Backoff, retry } from '../lib/async/retry.ts';
import { DueLog } from './kit/due-log.ts';
import { settledBeforeAbort } from './kit/wait.ts';
import { defineSource, type SettingProblem, type SourceIo } from './source.ts';

type Missed = 'skip' | 'once' | 'all';

const settingsSchema = strict({
  cron: Type.Optional(
    Type.String({
      description: 'Cron pattern: minute, hour, day, month, weekday. With six fields the first one is the second.',
      examples: ['0 9 * * mon-fri', '*/30 * * * * *'],
    }),
  ),
  every: Type.Optional(duration({ description: 'Interval, counted from the first start.', examples: ['15m', '1d'] })),
  at: Type.Optional(
    oneOrMany(Type.String({ description: 'A date and time.', examples: ['2026-12-24T18:00'] }), {
      description: 'One time or several. A time without an offset is in `timezone`.',
      examples: ['2026-12-24T18:00', ['2026-12-24T18:00:00+01:00', '2026-12-31T23:59']],
    }),
  ),
  timezone: Type.Optional(
    Type.String({
      description: 'IANA name of the time zone; by default that of the machine.',
      examples: ['Europe/Berlin', 'Asia/Shanghai', 'UTC'],
    }),
  ),
  missed: Type.Optional(
    Type.Unsafe<Missed>({
      type: 'string',
      enum: ['skip', 'once', 'all'],
      description:
        'Due times that passed while the daemon was not running. `skip`: none fires. `once`: only the latest. `all`: each of the latest 100.',
      examples: ['skip'],
      default: 'once',
    }),
  ),
  jitter: Type.Optional(
    duration({
      description:
        'Longest delay of a tick, so that many machines do not start at once. The same due time always has the same delay.',
      examples: ['30s'],
    }),
  ),
  data: Type.Optional(
    Type.Unsafe<JsonObject>({
      type: 'object',
      description: 'Further fields for the data of the event.',
      examples: [{ report: 'weekly' }],
    }),
  ),
});

type Settings = Static<typeof settingsSchema>;

/** Longest sleep, after which a jump of the wall clock is noticed. */
const MAX_SLEEP_MS = 30_000;
/** A due time that is later than this counts as missed. */
const MAX_LATE_MS = 30_000;
/** If the clock is behind the last tick by more than this, it was wrong at the last tick or is wrong now. */
const MAX_BACKWARD_MS = 24 * 60 * 60_000;

/** Ticks at due times. Each fires once, in order: the last due time is committed together with its event. */
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

/** Field kinds of the configured `data`, which is the same in every tick. */
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
    const message =
      kinds.length === 0 ? 'none of `cron`, `every`, `at` is set' : `both \`${kinds.join('` and `')}\` are set`;
    const pointer = kinds.length === 0 ? '' : `/${kinds[1]}`;
    return [{ pointer, message, mend: 'give exactly one of `cron`, `every`, `at`' }];
  }
  const zone = faultOfTimezone(settings.timezone);
  if (zone !== undefined) return [{ pointer: '/timezone', ...zone }];
  const wrong = CHECKS[kinds[0]!](settings);
  return wrong === undefined ? [] : [{ ...wrong, pointer: `/${kinds[0]}${wrong.pointer ?? ''}` }];
}

type CheckResult = (TimeFault & { readonly pointer?: string }) | undefined;

const CHECKS: Readonly<Record<'cron' | 'every' | 'at', (settings: Settings) => CheckResult>> = {
  cron: (settings) => faultOfCron(settings.cron!, zoneOf(settings)),
  every: ({ every }) => faultOfEvery(every!),
  at(settings) {
    const wrong = settings.at!.findIndex((text) => readInstant(text, zoneOf(settings)) === undefined);
    if (wrong === -1) return undefined;
    const mend = 'write it as `2026-12-24T18:00` or with an offset';
    return { pointer: settings.at!.length === 1 ? '' : `/${wrong}`, message: 'this is not a date and time', mend };
  },
};

const zoneOf = ({ timezone }: Settings): string => timezone ?? localTimezone();

interface Tick {
  readonly due: number;
  /** Number of earlier due times that did not fire. */
  readonly missed: number;
}

/** Due times until `at` are handled; `skipped` of them did not fire since the last tick. */
interface Progress {
  readonly at: number;
  readonly skipped: number;
}

interface Plan {
  readonly times: DueTimes;
  readonly policy: Missed;
  /** The time at which a due time fires, with its jitter. */
  readonly fireAt: (due: number) => number;
  readonly log: DueLog;
}

interface Advance {
  readonly ticks: readonly Tick[];
  readonly progress: Progress;
  /** Number of due times that passed now and do not fire. */
  readonly skipped: number;
}

/** The ticks to fire now, and the progress after them. Pure. */
function advance({ times, policy, fireAt }: Plan, { at, skipped }: Progress, now: number): Advance {
  const { latest, count } = overdue(times, at, now);
  const unready = latest.findIndex((due) => fireAt(due) > now);
  const ready = unready === -1 ? latest : latest.slice(0, unready);
  const last = ready.at(-1);
  if (last === undefined) return { ticks: [], progress: { at, skipped }, skipped: 0 };
  const passed = count - (latest.length - ready.length);
  const total = skipped + passed;
  const fired = FIRED[policy](ready, now - fireAt(last));
  const ticks = fired.map((due, index) => ({ due, missed: index === 0 ? total - fired.length : 0 }));
  return { ticks, progress: { at: last, skipped: fired.length === 0 ? total : 0 }, skipped: passed - fired.length };
}

/** Due times that fire under each policy; `late` is the delay of the last one, milliseconds. */
const FIRED: Readonly<Record<Missed, (ready: readonly number[], late: number) => readonly number[]>> = {
  skip: (ready, late) => (late <= MAX_LATE_MS ? ready.slice(-1) : []),
  once: (ready) => ready.slice(-1),
  all: (ready) => ready,
};

function factsOf({ cron, every, at, timezone }: Settings, log: DueLog): ScheduleFacts {
  const when = cron ?? (every === undefined ? at!.join(', ') : formatDuration(every));
  return { when, ...(every === undefined && { timezone: timezone ?? localTimezone() }), ...log.facts };
}

function startSchedule(settings: Settings, io: SourceIo) {
  const ending = new AbortController();
  const log = new DueLog();
  const running = keep(settings, io, ending.signal, log).catch((error: unknown) => {
    io.log.error({ err: error }, 'the schedule stopped');
    io.report('the schedule stopped because of an internal error');
  });
  return Promise.resolve({
    facts: () => ({ schedule: factsOf(settings, log) }),
    async stop(): Promise<void> {
      ending.abort();
      await running;
    },
  });
}

/** Runs from the time when the source is live until `signal` aborts. */
async function keep(settings: Settings, io: SourceIo, signal: AbortSignal, log: DueLog): Promise<void> {
  await settledBeforeAbort(io.live, signal);
  const onFailure = (why: string | undefined): void =>
    io.report(why === undefined ? undefined : `it could not begin: ${why}`);
  while (!signal.aborted) {
    const begin = await retry(() => restore(settings, io), { clock: io.clock, signal, onFailure });
    if (begin === undefined) return;
    log.handled(begin.last);
    const times = timesOf(settings, begin.anchor);
    const { missed: policy = 'once', jitter = 0 } = settings;
    // The jitter is shorter than the time to the next due time, so that ticks stay in order.
    const room = (due: number) => Math.min(jitter, (times.next(due) ?? Number.POSITIVE_INFINITY) - due);
    const fireAt = (due: number) => (jitter === 0 ? due : due + Math.floor(share(`${io.name}@${due}`) * room(due)));
    await run({ times, policy, fireAt, log }, { at: begin.at, skipped: 0 }, settings, io, signal);
  }
}

/**
 * Reads the progress. `anchor` is the start of counting for `every`; due times until `at` are handled. The schedule is stored too:
 * after a change, earlier due times of a new `cron` or `every` do not count as missed, but a time of `at` that never fired does.
 */
async function restore(settings: Settings, io: SourceIo): Promise<{ anchor: number; at: number; last: number }> {
  const { cron, every, at } = settings;
  const checkpoints = await io.readCheckpoints();
  const when = JSON.stringify([cron ?? null, every ?? null, at ?? null, zoneOf(settings)]);
  const last = readTime(checkpoints, 'last');
  const anchor = readTime(checkpoints, 'anchor');
  const now = io.clock.now();
  const isAhead = Math.max(last, anchor) > now + MAX_BACKWARD_MS;
  if (isAhead) io.log.warn('the clock was set back by more than a day; due times are counted from now');
  if (checkpoints.get('when') === when && Number.isFinite(anchor) && !isAhead)
    return { anchor, at: at === undefined ? Math.max(anchor, last) : last, last };
  await io.saveCheckpoints([
    { key: 'anchor', value: new Date(now).toISOString() },
    { key: 'when', value: when },
    ...(isAhead ? [{ key: 'last', value: null }] : []),
  ]);
  if (isAhead) return { anchor: now, at: now, last: Number.NEGATIVE_INFINITY };
  return { anchor: now, at: at === undefined ? Math.max(now, last) : last, last };
}

/** A stored time in milliseconds; negative infinity when there is none. */
function readTime(checkpoints: ReadonlyMap<string, string>, key: string): number {
  const time = Date.parse(checkpoints.get(key) ?? '');
  return Number.isNaN(time) ? Number.NEGATIVE_INFINITY : time;
}

function timesOf(settings: Settings, anchor: number): DueTimes {
  const { cron, every, at } = settings;
  if (cron !== undefined) return cronTimes(cron, zoneOf(settings));
  if (every !== undefined) return everyTimes(anchor, every);
  return atTimes(at!.map((text) => readInstant(text, zoneOf(settings))!));
}

/** Fires due ticks until `signal` aborts, or until the clock is set so far back that the progress is invalid. */
async function run(plan: Plan, from: Progress, settings: Settings, io: SourceIo, signal: AbortSignal): Promise<void> {
  let progress = from;
  while (!signal.aborted && progress.at <= io.clock.now() + MAX_BACKWARD_MS) {
    const now = io.clock.now();
    const { ticks, progress: after, skipped } = advance(plan, progress, now);
    const late = ticks.filter(({ due }) => now - plan.fireAt(due) > MAX_LATE_MS).length;
    io.countMissed('late', late);
    io.countMissed('skipped', skipped);
    for (const tick of ticks) {
      await fire(tick, settings, io, signal);
      plan.log.handled(tick.due);
    }
    progress = after;
    const next = plan.times.next(progress.at);
    plan.log.expects(next === undefined ? undefined : plan.fireAt(next));
    if (ticks.length === 0) await pause(io.clock, untilNext(plan, progress, io.clock), signal);
  }
}

/** Milliseconds until the next due time. After a backward jump of the clock by up to a day they are more, so that no due time fires twice. */
function untilNext({ times, fireAt }: Plan, { at }: Progress, clock: Clock): number {
  const longest = clock.steady === true ? Number.POSITIVE_INFINITY : MAX_SLEEP_MS;
  const next = times.next(at);
  return next === undefined ? longest : Math.min(longest, Math.max(1, Math.ceil(fireAt(next) - clock.now())));
}

/** Emits a tick, with retries until it is durable. */
async function fire({ due, missed }: Tick, settings: Settings, io: SourceIo, signal: AbortSignal): Promise<void> {
  const scheduled_at = new Date(due).toISOString();
  const event = {
    id: `${io.name}@${scheduled_at}`,
    type: 'schedule.tick',
    data: { ...settings.data, scheduled_at, late_by: Math.max(0, io.clock.now() - due), missed },
  };
  const backoff = new Backoff();
  while (!signal.aborted) {
    const refused = await outcome(io.emit(event, [{ key: 'last', value: scheduled_at }]), signal);
    if (refused === undefined) return io.report(undefined);
    if (signal.aborted) return;
    io.report(`a tick was not accepted: ${refused}`);
    await backoff.wait(io.clock, signal);
  }
}

/**
 * The reason why an event was refused; undefined when it is durable. The source may stop while an event is pending, since a
 * second event with the same id is a duplicate.
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

/** A number from 0 to 1 derived from the text. */
const share = (text: string): number => createHash('sha256').update(text).digest().readUInt32BE(0) / 2 ** 32;
