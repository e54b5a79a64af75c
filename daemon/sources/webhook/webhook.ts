import type { EventInput } from '../../core/event/event.ts';
import type { Json } from '../../core/values/json.ts';
import { isWithin, type Network, readNetwork } from '../../core/values/network.ts';
import type { Template } from '../../core/ruleset.ts';
import { oneOrMany, rate, size, strict, template } from '../../core/schema/fields.ts';
import { type Static, Type } from '../../core/schema/type.ts';
import type { Clock } from '../../lib/time/clock.ts';
import type { Rate } from '../../lib/time/duration.ts';
import {
  defineSource,
  type HookAnswer,
  type HookRequest,
  type IsSame,
  type Checkpoint,
  type SettingProblem,
  type SourceIo,
} from '../source.ts';
import { checkVerify, openVerification, type Verification, verifySetting } from './verify/index.ts';
import { openReplays, type Replays } from './verify/replays.ts';
import { sameBody } from './verify/same-body.ts';
import type { Proof } from './verify/scheme.ts';
import { problem, readBody } from '../kit/request-body.ts';
import { checkEach, eventsOf } from './each.ts';
import { DEFAULT_TYPE, hookScope, told } from './event.ts';

const METHODS = ['POST', 'PUT', 'PATCH', 'GET'] as const;

const settingsSchema = strict({
  path: Type.String({
    description: 'Where requests come to; below `/hooks/`.',
    examples: ['/hooks/deploys'],
    pattern: String.raw`^/hooks(?:/[\w.~-]+)+$`,
    maxLength: 200,
  }),
  methods: Type.Optional(
    oneOrMany(
      Type.Unsafe<(typeof METHODS)[number]>({
        type: 'string',
        enum: [...METHODS],
        description: 'A request method.',
        examples: ['POST'],
      }),
      { description: 'Which methods are taken.', examples: [['POST', 'PUT']], default: ['POST'] },
    ),
  ),
  verify: verifySetting(),
  allow: Type.Optional(
    oneOrMany(Type.String({ description: 'A network or an address.', examples: ['192.0.2.0/24'] }), {
      description: 'From where requests may come; otherwise from anywhere.',
      examples: [['192.0.2.0/24', '2001:db8::/32']],
    }),
  ),
  rate: Type.Optional(
    rate({ description: 'How many requests are taken in a time; more are told to come later.', examples: ['60/1m'] }),
  ),
  max_body: Type.Optional(
    size({ description: 'The longest body; otherwise `daemon.limits.body`.', examples: ['256KiB'] }),
  ),
  event: Type.Optional(
    strict(
      {
        each: Type.Optional(
          Type.String({
            description:
              'A list in the body: each of its elements becomes an event, with the element as `data` and the rest of the body as `parent`.',
            examples: ['body.alerts'],
            minLength: 1,
          }),
        ),
        type: Type.Optional(
          template({
            description: 'The type of the event; otherwise `webhook.received`.',
            examples: ["github.{{ headers['x-github-event'] }}"],
          }),
        ),
        id: Type.Optional(
          template({
            description:
              "The event's id: the same again is the same event. Otherwise the id of the provider, if it has one.",
            examples: ['{{ body.build.id }}'],
          }),
        ),
        subject: Type.Optional(
          template({ description: 'What the event is about.', examples: ['{{ body.repository.full_name }}'] }),
        ),
      },
      {
        description: 'What the event is called; templates over `headers`, `query` and `body`, and `data` and `parent`.',
      },
    ),
  ),
  respond: Type.Optional(
    strict(
      {
        status: Type.Optional(
          Type.Integer({ description: 'The status.', examples: [200], minimum: 200, maximum: 299, default: 202 }),
        ),
        body: Type.Optional(
          template({
            description:
              'The body; a template over `headers`, `query`, `body`, `id` and `events`. Otherwise `{id, duplicate}`, with `each` `{events}`.',
            examples: ['ok'],
          }),
        ),
      },
      { description: 'The answer when the event is stored.' },
    ),
  ),
});

type Settings = Static<typeof settingsSchema>;

/** Requests from elsewhere. One that is answered 2xx is stored as an event. */
export const webhook = defineSource({
  type: 'webhook',
  summary: 'HTTP requests, verified by ten schemes',
  settings: settingsSchema,
  events: ['webhook.received'],
  shapes: ({ event }) => [{ ...fixedType(event?.type), data: 'open', extensions: 'open' }],
  templateNames: ['headers', 'query', 'body', 'parent', 'duplicate', 'events'],
  check: (settings) => [
    ...checkAllow(settings.allow),
    ...checkVerify(settings.verify),
    ...checkEach(settings.event?.each),
  ],
  start: startWebhook,
});

/** The type of all its events, unless a template gives it. */
function fixedType(template: Template | undefined): { readonly type?: string } {
  const type = template?.source.trim() ?? DEFAULT_TYPE;
  return /\{[{%]/.test(type) || type === '' ? {} : { type };
}

function checkAllow(allow: readonly string[] | undefined): readonly SettingProblem[] {
  const mend = 'write a network such as `192.0.2.0/24` or `2001:db8::/32`, or a whole address';
  return (allow ?? []).flatMap((text, index) =>
    readNetwork(text) === undefined
      ? [{ pointer: `/allow/${index}`, message: 'this is neither a network nor an address', mend }]
      : [],
  );
}

interface Door {
  readonly settings: Settings;
  readonly io: SourceIo;
  readonly networks: readonly Network[] | undefined;
  readonly verification: Verification | undefined;
  /** Read when the source is live: the one it replaces went on remembering until then. */
  readonly replays: Promise<Replays>;
  /** Milliseconds until there is room for one more; 0: it was taken. */
  readonly take: () => number;
}

function startWebhook(settings: Settings, io: SourceIo) {
  const replays = io.live.then(() => openReplays(io));
  // Requests meet the error; without any it is nobody's.
  replays.catch(() => undefined);
  const door: Door = {
    settings,
    io,
    networks: settings.allow?.map((text) => readNetwork(text)!),
    verification: openVerification(settings.verify),
    replays,
    take: limiter(settings.rate, io.clock),
  };
  const running = new Set<Promise<HookAnswer>>();
  let stopped = false;
  const handle = async (request: HookRequest): Promise<HookAnswer> => {
    if (stopped) return problem(503, 'this source is stopping; send it again in a moment');
    const answer = receive(request, door);
    running.add(answer);
    try {
      return await answer;
    } finally {
      running.delete(answer);
    }
  };
  const { path, methods = ['POST'], max_body: maxBody } = settings;
  return Promise.resolve({
    routes: [
      {
        path,
        methods,
        ...(settings.verify !== undefined && { verifies: true as const }),
        ...(maxBody !== undefined && { maxBody }),
        handle,
      },
    ],
    async stop(): Promise<void> {
      stopped = true;
      await Promise.allSettled(running);
    },
  });
}

/** In the order of what it costs and tells: who may not send learns nothing of what else is wrong. */
async function receive(request: HookRequest, door: Door): Promise<HookAnswer> {
  const { networks, verification, io } = door;
  const replays = await door.replays;
  // From here to the event nothing waits, so that of two copies at once the second is known.
  if (networks !== undefined && !networks.some((network) => isWithin(request.remote, network))) {
    return problem(403, 'this address may not send here');
  }
  const proof: Proof | undefined = verification === undefined ? {} : verification.verify(request, io.clock.now());
  if (proof === undefined || replays.isKnown(proof.once)) return unproved(verification);
  const wait = door.take();
  if (wait > 0) return problem(429, 'too many requests', { 'retry-after': `${Math.ceil(wait / 1000)}` });
  const read = readBody(request, verification?.wrapped);
  if (!read.ok) return read.answer;
  const body = verification?.decode?.(read.body) ?? read.body;
  const challenged = verification?.challenge?.(body);
  if (challenged !== undefined) return challenged;
  return proof.challengeOnly === true ? unproved(verification) : take(request, body, proof, door, replays);
}

/** The same whether the proof is wrong, old, used or missing. */
function unproved(verification: Verification | undefined): HookAnswer {
  const { authenticate } = verification ?? {};
  return problem(
    401,
    'the request does not prove who sent it',
    authenticate === undefined ? {} : { 'www-authenticate': authenticate },
  );
}

/** Answers when the event is durable; rejects as `emit` does, and then the same request may come again. */
async function take(
  request: HookRequest,
  body: Json,
  { once }: Proof,
  door: Door,
  replays: Replays,
): Promise<HookAnswer> {
  const { settings, io, verification } = door;
  const said = told(request, body, verification?.credentials ?? []);
  const time = new Date(io.clock.now()).toISOString();
  const about = { name: io.name, time, deliveryId: verification?.deliveryId?.(request, body) };
  const failed = (field: string, error: string): void => io.log.warn({ field, error }, 'a template failed');
  const made = eventsOf(said, settings.event ?? {}, about, (field, error) => failed(`event.${field}`, error));
  if (!made.ok) {
    io.log.warn({ status: made.status }, `a request was refused: ${made.detail}`);
    return problem(made.status, made.detail);
  }
  // The provider's id belongs to one body; an id by `event.id` says itself which bodies are one event.
  const isSame = made.hasProvidersId ? sameBody(verification?.changing) : undefined;
  const checkpoints = replays.remember(once);
  try {
    const events = await accepted(made.events, checkpoints, isSame, io);
    const { status = 202, body: text } = settings.respond ?? {};
    const whole = hookScope(said, io.name, time, { data: body });
    return { status, ...answerBody(text, events, whole, settings.event?.each !== undefined, failed) };
  } catch (error) {
    replays.forget(once);
    throw error;
  }
}

type Accepted = Awaited<ReturnType<SourceIo['emit']>>;

async function accepted(
  events: readonly EventInput[],
  checkpoints: readonly Checkpoint[],
  isSame: IsSame | undefined,
  io: SourceIo,
): Promise<readonly Accepted[]> {
  if (events.length > 0) return io.emitAll(events, checkpoints, isSame);
  io.log.info('a request had an empty list: it is no event');
  await io.saveCheckpoints(checkpoints);
  return [];
}

function answerBody(
  text: Template | undefined,
  events: readonly Accepted[],
  scope: ReturnType<typeof hookScope>,
  isList: boolean,
  failed: (field: string, error: string) => void,
): Pick<HookAnswer, 'headers' | 'body'> {
  const taken = events.map(({ id, duplicate }) => ({ id, duplicate }));
  const [first = { id: '', duplicate: false }] = taken;
  const rendered = text?.render({ ...scope, ...first, events: taken });
  if (rendered?.error !== undefined) failed('respond.body', rendered.error);
  if (rendered === undefined || rendered.error !== undefined) return { body: isList ? { events: taken } : first };
  const type = isJson(rendered.text) ? 'application/json' : 'text/plain; charset=utf-8';
  return { headers: { 'content-type': type }, body: rendered.text };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** At most `count` in any `per` milliseconds. */
function limiter(limit: Rate | undefined, clock: Clock): () => number {
  const taken: number[] = [];
  return () => {
    if (limit === undefined) return 0;
    const now = clock.monotonic();
    while (taken.length > 0 && taken[0]! <= now - limit.per) taken.shift();
    if (taken.length >= limit.count) return taken[0]! + limit.per - now;
    taken.push(now);
    return 0;
  };
}
