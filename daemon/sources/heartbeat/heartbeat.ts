import type { Event } from '../../core/event/event.ts';
import { compileMatch } from '../../core/match/compile.ts';
import type { Template } from '../../core/ruleset.ts';
import { duration, strict, template } from '../../core/schema/fields.ts';
import { type Static, Type } from '../../core/schema/type.ts';
import { faultOfCron, faultOfEvery, faultOfTimezone, localTimezone } from '../../core/time/time-faults.ts';
import { RepeatLimit } from '../../lib/faults.ts';
import { OpenRequests } from '../kit/open-requests.ts';
import { allowSetting, checkAllow } from '../kit/networks.ts';
import { checkSecrets, secretsSetting } from '../kit/secrets.ts';
import { settledBeforeAbort } from '../kit/wait.ts';
import {
  defineSource,
  type HookAnswer,
  type HookRequest,
  type RunningSource,
  type SettingProblem,
  type SourceFacts,
  type SourceIo,
} from '../source.ts';
import { heartbeatShapes } from './events.ts';
import { INVALID_KEY, normalizeKey, receivePing, senderCheck } from './requests.ts';
import { RequestLog } from '../kit/request-log.ts';
import { beatFacts, PingLog } from './facts.ts';
import { beatSchedule } from './schedule.ts';
import { statusText } from './state.ts';
import { HeartbeatWatch } from './watch.ts';
import { limits } from './limits.ts';

const settingsSchema = strict({
  every: Type.Optional(
    duration({ description: 'A beat is due this long after the one before.', examples: ['5m', '1d'] }),
  ),
  cron: Type.Optional(
    Type.String({
      description: 'A beat is due at these times: a cron pattern as in `schedule`.',
      examples: ['0 2 * * *'],
    }),
  ),
  timezone: Type.Optional(
    Type.String({
      description: 'IANA name of the time zone of `cron`; by default that of the machine.',
      examples: ['Europe/Berlin', 'Asia/Shanghai', 'UTC'],
    }),
  ),
  grace: Type.Optional(
    duration({
      description:
        'Time by which a beat may be late. If a job beats at its end, include its run time. By default a tenth of the period, at least 10s and at most 10m.',
      examples: ['30m', '0s'],
    }),
  ),
  match: Type.Optional(
    Type.Unsafe<Readonly<Record<string, unknown>>>({
      type: 'object',
      belfry: 'match',
      description:
        'Pattern of the events of other sources that are beats, with the syntax of `match` in a rule. The URL `/beats/<name>` works too.',
      examples: [{ type: 'backup.finished', 'data.status': 'ok' }],
    }),
  ),
  token: Type.Optional(
    secretsSetting(
      'The secret of the URL, as `Authorization: Bearer` or `?token=`; without it every client that reaches the URL can send beats.',
      '${env:BEAT_TOKEN}',
    ),
  ),
  allow: allowSetting(),
  key: Type.Optional(
    template({
      description: 'One heartbeat for each value of this template; on the URL the value is `?key=`.',
      examples: ['{{ data.host }}'],
    }),
  ),
});

type Settings = Static<typeof settingsSchema>;

/** Detects that something regular, such as a job, has not happened or has failed. */
export const heartbeat = defineSource({
  type: 'heartbeat',
  summary: 'Detects that a regular job has not run or has failed',
  settings: settingsSchema,
  limits,
  events: ['heartbeat.missed', 'heartbeat.recovered', 'heartbeat.failed'],
  shapes: ({ key }) => heartbeatShapes(key !== undefined),
  runsInTests: true,
  check,
  uses: ({ token, allow }, name) => ({
    routes: [{ path: `/beats/${name}`, verifies: token !== undefined, limited: allow !== undefined }],
  }),
  start: startHeartbeat,
});

function check(settings: Settings): readonly SettingProblem[] {
  const { token = [], allow, match } = settings;
  return [...checkWhen(settings), ...checkMatch(match), ...checkSecrets(token, '/token'), ...checkAllow(allow)];
}

function checkWhen({ every, cron, timezone }: Settings): readonly SettingProblem[] {
  const mend = 'give exactly one of `every`, `cron`';
  if (every === undefined && cron === undefined)
    return [{ pointer: '', message: 'neither `every` nor `cron` is set', mend }];
  if (every !== undefined && cron !== undefined)
    return [{ pointer: '/cron', message: 'both `every` and `cron` are set', mend }];
  const zone = faultOfTimezone(timezone);
  if (zone !== undefined) return [{ pointer: '/timezone', ...zone }];
  const wrong = every === undefined ? faultOfCron(cron!, timezone ?? localTimezone()) : faultOfEvery(every);
  return wrong === undefined ? [] : [{ pointer: every === undefined ? '/cron' : '/every', ...wrong }];
}

function checkMatch(match: Settings['match']): readonly SettingProblem[] {
  const compiled = compileMatch(match ?? {});
  return compiled.ok ? [] : compiled.problems.map((each) => ({ ...each, pointer: `/match${each.pointer}` }));
}

const METHODS = ['GET', 'HEAD', 'POST'];
/** Interval at which the same error of a key template is logged. */
const LOG_INTERVAL_MS = 60 * 60_000;

function startHeartbeat(settings: Settings, io: SourceIo): Promise<RunningSource> {
  const ending = new AbortController();
  io.countMissed('beat', 0);
  const log = new PingLog();
  const received = new RequestLog(io.clock);
  const watch = new HeartbeatWatch({ ...watchSettings(settings), log }, io, ending.signal);
  const ready = settledBeforeAbort(io.live, ending.signal).then((live) => live && watch.begin());
  const running = ready
    .then((begun) => (begun ? watch.run() : undefined))
    .catch((error: unknown) => {
      io.log.error({ err: error }, 'the heartbeat stopped');
      io.report('the heartbeat stopped because of an internal error');
    });
  const path = `/beats/${io.name}`;
  const requests = new OpenRequests();
  const { token, allow } = settings;
  const deps = { path, isKeyed: settings.key !== undefined, watch, ready, refuse: senderCheck(token, allow) };
  const handle = (request: HookRequest): Promise<HookAnswer> =>
    requests.handle(async () => received.answered(request, await receivePing(request, deps)));
  const observe = observerOf(settings, watch, io);
  const { every, cron, timezone, grace } = settings;
  const verified = token !== undefined;
  const facts = (): SourceFacts => ({
    beats: {
      ...beatFacts({ every, cron, zone: timezone ?? localTimezone(), grace }, watch.heartbeats, watch.now),
      log: log.pings,
    },
    requests: { path, methods: METHODS, verified, ...received.facts },
  });
  return Promise.resolve({
    routes: [
      { path, subpaths: true, methods: METHODS, ...(verified && { verifies: true as const }), handle, log: received },
    ],
    facts,
    ...(observe && { observe }),
    detail: () => statusText(watch.heartbeats, watch.now),
    async stop(): Promise<void> {
      ending.abort();
      await Promise.allSettled([running, requests.stop()]);
      await watch.close();
    },
  });
}

function watchSettings({ every, cron, timezone, grace, key }: Settings) {
  const zone = timezone ?? localTimezone();
  const schedule = {
    ...(every !== undefined && { every }),
    ...(cron !== undefined && { cron }),
    ...(grace !== undefined && { grace }),
  };
  return { schedule: beatSchedule(schedule, zone), when: JSON.stringify([schedule, zone]), by: key?.source };
}

/** Finds beats in the events of other sources; undefined without `match`. */
function observerOf({ match, key }: Settings, watch: HeartbeatWatch, io: SourceIo): RunningSource['observe'] {
  if (match === undefined) return undefined;
  const compiled = compileMatch(match);
  if (!compiled.ok) throw new Error('`match` was not checked');
  const { matcher } = compiled;
  const logged = new RepeatLimit(LOG_INTERVAL_MS);
  return (event, at) => {
    if (!matcher.holds(event)) return undefined;
    const { text, error } = key === undefined ? NO_KEY : keyIn(key, event);
    if (error === undefined) return watch.observe(text, at);
    if (logged.passes(error, io.clock.monotonic())) io.log.warn({ event: event.id, error }, 'a beat has no key');
    return undefined;
  };
}

const NO_KEY: { readonly text: string; readonly error?: string } = { text: '' };

function keyIn(keyTemplate: Template, event: Event): { readonly text: string; readonly error?: string } {
  const { text, error } = keyTemplate.render({ event });
  if (error !== undefined) return { text: '', error };
  const key = normalizeKey(text);
  return key === undefined ? { text: '', error: INVALID_KEY } : { text: key };
}
