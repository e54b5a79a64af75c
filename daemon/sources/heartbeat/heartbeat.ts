import type { Event } from '../../core/event/event.ts';
import { compileMatch } from '../../core/match/compile.ts';
import type { Template } from '../../core/ruleset.ts';
import { duration, strict, template } from '../../core/schema/fields.ts';
import { type Static, Type } from '../../core/schema/type.ts';
import { faultOfCron, faultOfEvery, faultOfTimezone, zoneOrOwn } from '../kit/schedule-validation.ts';
import { heartbeatShapes } from './events.ts';
import { rhythmOf } from './schedule.ts';
import { standingOf } from './status.ts';
import { signalOf } from './url.ts';
import { HeartbeatWatch, MOST_KEYS } from './watch.ts';
import {
  defineSource,
  type HookAnswer,
  type HookRequest,
  type RunningSource,
  type SettingProblem,
  type SourceIo,
} from '../source.ts';
import { problem } from '../kit/request-body.ts';

const settingsSchema = strict({
  every: Type.Optional(
    duration({ description: 'A beat is due this long after the one before.', examples: ['5m', '1d'] }),
  ),
  cron: Type.Optional(
    Type.String({
      description: 'A beat is due at these times; a cron pattern as `schedule` has it.',
      examples: ['0 2 * * *'],
    }),
  ),
  timezone: Type.Optional(
    Type.String({
      description: 'IANA name of the zone in which `cron` is meant; otherwise that of the machine.',
      examples: ['Europe/Berlin', 'Asia/Shanghai', 'UTC'],
    }),
  ),
  grace: Type.Optional(
    duration({
      description:
        'How late a beat may be; for a job, how long it runs. Otherwise a tenth of the period, at least 10s and at most 10m.',
      examples: ['30m', '0s'],
    }),
  ),
  match: Type.Optional(
    Type.Unsafe<Readonly<Record<string, unknown>>>({
      type: 'object',
      belfry: 'match',
      description: 'Which events of other sources are beats, in the words of a rule; besides the URL `/beats/<name>`.',
      examples: [{ type: 'backup.finished', 'data.status': 'ok' }],
    }),
  ),
  key: Type.Optional(
    template({
      description: 'One heartbeat for each value of this; on the URL the value is `?key=`.',
      examples: ['{{ data.host }}'],
    }),
  ),
});

type Settings = Static<typeof settingsSchema>;

/** Something that is expected to happen again and again; tells when it does not. */
export const heartbeat = defineSource({
  type: 'heartbeat',
  summary: 'Notices when something that should happen regularly does not',
  settings: settingsSchema,
  events: ['heartbeat.missed', 'heartbeat.recovered', 'heartbeat.failed'],
  shapes: ({ key }) => heartbeatShapes(key !== undefined),
  runsInTests: true,
  check,
  start: startHeartbeat,
});

function check(settings: Settings): readonly SettingProblem[] {
  return [...checkWhen(settings), ...checkMatch(settings.match)];
}

function checkWhen({ every, cron, timezone }: Settings): readonly SettingProblem[] {
  const mend = 'give exactly one of `every`, `cron`';
  if (every === undefined && cron === undefined) return [{ pointer: '', message: 'nothing says when', mend }];
  if (every !== undefined && cron !== undefined)
    return [{ pointer: '/cron', message: 'both `every` and `cron` say when', mend }];
  const zone = faultOfTimezone(timezone);
  if (zone !== undefined) return [{ pointer: '/timezone', ...zone }];
  const wrong = every === undefined ? faultOfCron(cron!, zoneOrOwn(timezone)) : faultOfEvery(every);
  return wrong === undefined ? [] : [{ pointer: every === undefined ? '/cron' : '/every', ...wrong }];
}

function checkMatch(match: Settings['match']): readonly SettingProblem[] {
  const compiled = compileMatch(match ?? {});
  return compiled.ok ? [] : compiled.problems.map((each) => ({ ...each, pointer: `/match${each.pointer}` }));
}

const METHODS = ['GET', 'HEAD', 'POST'];
const LONGEST_KEY = 200;
const STOPPING = 'this source is stopping; send it again in a moment';

function startHeartbeat(settings: Settings, io: SourceIo): Promise<RunningSource> {
  const ending = new AbortController();
  const watch = new HeartbeatWatch(watchSettings(settings), io, ending.signal);
  const ready = aborted(ending.signal, io.live).then((live) => live && watch.begin());
  const running = ready
    .then((begun) => (begun ? watch.run() : undefined))
    .catch((error: unknown) => {
      io.log.error({ err: error }, 'the heartbeat stopped');
      io.report('the heartbeat stopped because of an internal error');
    });
  const path = `/beats/${io.name}`;
  const door: Door = { path, isKeyed: settings.key !== undefined, watch, ready };
  const requests = new Set<Promise<HookAnswer>>();
  const handle = async (request: HookRequest): Promise<HookAnswer> => {
    if (ending.signal.aborted) return problem(503, STOPPING);
    const answer = receive(request, door);
    requests.add(answer);
    try {
      return await answer;
    } finally {
      requests.delete(answer);
    }
  };
  const observe = observerOf(settings, watch, io);
  return Promise.resolve({
    routes: [{ path, subpaths: true, methods: METHODS, handle }],
    ...(observe && { observe }),
    detail: () => standingOf(watch.known, watch.now),
    async stop(): Promise<void> {
      ending.abort();
      await Promise.allSettled([running, ...requests]);
      await watch.close();
    },
  });
}

function watchSettings({ every, cron, timezone, grace, key }: Settings) {
  const zone = zoneOrOwn(timezone);
  const words = {
    ...(every !== undefined && { every }),
    ...(cron !== undefined && { cron }),
    ...(grace !== undefined && { grace }),
  };
  return { rhythm: rhythmOf(words, zone), when: JSON.stringify([words, zone]), by: key?.source };
}

/** Resolves to whether `moment` came before the abort. */
function aborted(signal: AbortSignal, moment: Promise<void>): Promise<boolean> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(false), { once: true });
    void moment.then(() => resolve(!signal.aborted));
  });
}

interface Door {
  readonly path: string;
  readonly isKeyed: boolean;
  readonly watch: HeartbeatWatch;
  /** False: it stops before it could begin. */
  readonly ready: Promise<boolean>;
}

async function receive(request: HookRequest, { path, isKeyed, watch, ready }: Door): Promise<HookAnswer> {
  const signal = signalOf(request, path, watch.now);
  if (signal === undefined)
    return problem(404, 'a beat ends in nothing, `/start`, `/fail` or an exit code from 0 to 255');
  const asked = request.query.get('key');
  if (!isKeyed && asked !== null)
    return problem(400, 'this heartbeat has no `key` in its settings, so there is only one');
  const key = isKeyed ? keyOf(asked ?? '') : '';
  if (key === undefined) return problem(400, `say whose beat it is: \`?key=\` with up to ${LONGEST_KEY} characters`);
  if (!(await ready)) return problem(503, STOPPING);
  if (await watch.take(key, signal)) return { status: 202, body: { ok: true } };
  return problem(503, `there are ${MOST_KEYS} keys already`);
}

/** A key that is cut off would be that of another; undefined when it is none. */
function keyOf(text: string): string | undefined {
  const key = text.replace(/\p{Cc}+/gu, ' ').trim();
  return key === '' || key.length > LONGEST_KEY ? undefined : key;
}

function observerOf({ match, key }: Settings, watch: HeartbeatWatch, io: SourceIo): RunningSource['observe'] {
  if (match === undefined) return undefined;
  const compiled = compileMatch(match);
  if (!compiled.ok) throw new Error('`match` was not checked');
  const { matcher } = compiled;
  const told = new Set<string>();
  return (event, at) => {
    if (!matcher.holds(event)) return undefined;
    const { text, error } = key === undefined ? NO_KEY : keyIn(key, event);
    if (error === undefined) return watch.glimpse(text, at);
    // Each reason once: there may be many such events.
    if (told.has(error) || told.size >= MOST_TOLD) return undefined;
    told.add(error);
    io.log.warn({ event: event.id, error }, 'a beat has no key');
    return undefined;
  };
}

const MOST_TOLD = 20;
const NO_KEY: { readonly text: string; readonly error?: string } = { text: '' };

function keyIn(template: Template, event: Event): { readonly text: string; readonly error?: string } {
  const { text, error } = template.render({ event });
  if (error !== undefined) return { text: '', error };
  const key = keyOf(text);
  return key === undefined
    ? { text: '', error: `it is empty or longer than ${LONGEST_KEY} characters` }
    : { text: key };
}
