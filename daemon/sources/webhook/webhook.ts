import type { EventInput } from '../../core/event/event.ts';
import { withHops } from '../../core/event/hops.ts';
import type { Template } from '../../core/ruleset.ts';
import { isJson, type Json } from '../../core/values/json.ts';
import { hopsOfRequest } from '../kit/hops.ts';
import { allowedNetworks } from '../kit/networks.ts';
import { RepeatLimit } from '../../lib/faults.ts';
import type { Clock } from '../../lib/time/clock.ts';
import type { Rate } from '../../lib/time/duration.ts';
import { RateWindow, retryAfter } from '../../lib/time/rate-window.ts';
import { OpenRequests } from '../kit/open-requests.ts';
import { overLimit, problem, readBody } from '../kit/request-body.ts';
import { RequestLog } from '../kit/request-log.ts';
import {
  type Checkpoint,
  defineSource,
  type Emitted,
  type HookAnswer,
  type HookRequest,
  type IsSame,
  type SourceIo,
} from '../source.ts';
import { eventsOf } from './each.ts';
import { requestParts, sameBody, templateVariables } from './event.ts';
import { checkSettings, fixedType, type WebhookSettings, webhookSettings } from './settings.ts';
import { openVerification, type Verification } from './verify/index.ts';
import { openReplays, type Replays } from './verify/replays.ts';
import type { Proof } from './verify/scheme.ts';
import { limits } from './limits.ts';

/** HTTP requests. A request that is answered 2xx is stored as an event. */
export const webhook = defineSource({
  type: 'webhook',
  summary: 'HTTP requests, verified by ten schemes',
  settings: webhookSettings,
  limits,
  events: ['webhook.received'],
  shapes: ({ event }) => [{ ...fixedType(event?.type), data: 'open', extensions: 'open' }],
  templateNames: ['headers', 'query', 'body', 'parent', 'duplicate', 'events'],
  check: checkSettings,
  uses: ({ path, verify, allow }) => ({
    routes: [{ path, verifies: verify !== undefined, limited: allow !== undefined }],
  }),
  takes: ({ path, event }, input) =>
    input.file === undefined && input.path === path && event?.each === undefined
      ? { ...fixedType(event?.type), data: {} }
      : undefined,
  start: startWebhook,
});

/** Interval at which the same warning about requests is logged. */
const LOG_INTERVAL_MS = 60_000;

/** A running webhook source. */
interface Endpoint {
  readonly settings: WebhookSettings;
  readonly io: SourceIo;
  readonly refuseForeign: ReturnType<typeof allowedNetworks>;
  readonly verification: Verification | undefined;
  /** Read when the source is live, because the replaced source adds entries until then. */
  readonly replays: Promise<Replays>;
  /** Takes a slot of the rate limit. Returns 0, or the milliseconds to wait when there is none. */
  readonly takeSlot: () => number;
  /** Logs a warning, the same text once a minute. */
  readonly warn: (fields: object, text: string) => void;
}

function startWebhook(settings: WebhookSettings, io: SourceIo) {
  const replays = io.live.then(() => openReplays(io));
  // Each request awaits the promise and gets its error; without requests nothing else handles it.
  replays.catch(() => undefined);
  const logged = new RepeatLimit(LOG_INTERVAL_MS);
  const endpoint: Endpoint = {
    settings,
    io,
    refuseForeign: allowedNetworks(settings.allow),
    verification: openVerification(settings.verify),
    replays,
    takeSlot: takerOf(settings.rate, io.clock),
    warn(fields, text) {
      const isNew = logged.passes(JSON.stringify([fields, text]), io.clock.monotonic());
      if (isNew) io.log.warn(fields, text);
    },
  };
  const requests = new OpenRequests();
  const received = new RequestLog(io.clock);
  const verified = settings.verify !== undefined;
  const { path, methods = ['POST'], max_body: maxBody } = settings;
  return Promise.resolve({
    routes: [
      {
        path,
        methods,
        ...(verified && { verifies: true as const }),
        ...(maxBody !== undefined && { maxBody }),
        handle: (request: HookRequest) =>
          requests.handle(async () => received.answered(request, await receive(request, endpoint))),
        log: received,
      },
    ],
    facts: () => ({ requests: { path, methods, verified, ...received.facts } }),
    stop: () => requests.stop(),
  });
}

/** Answers a request. Verifies the sender first, so that unverified senders learn nothing about the other checks. */
async function receive(request: HookRequest, endpoint: Endpoint): Promise<HookAnswer> {
  const { refuseForeign, verification, io } = endpoint;
  const replays = await endpoint.replays;
  // There is no await between here and the emit, so that the second of two simultaneous copies is detected.
  const refused = refuseForeign(request);
  if (refused !== undefined) return refused;
  const proof: Proof | undefined = verification === undefined ? {} : verification.verify(request, io.clock.now());
  if (proof === undefined || replays.isKnown(proof.replayGuard)) return unauthorized(request, verification);
  const wait = endpoint.takeSlot();
  if (wait > 0) return overLimit(429, 'hook.rate', 'too many requests', { 'retry-after': retryAfter(wait) });
  const read = readBody(request, verification?.formField);
  if (!read.ok) return read.answer;
  const body = verification?.decode?.(read.body) ?? read.body;
  const challenged = verification?.challenge?.(body);
  if (challenged !== undefined) return challenged;
  return proof.challengeOnly === true
    ? unauthorized(request, verification)
    : accept(request, body, proof, endpoint, replays);
}

/** The answer for a wrong, old, used or missing proof, which is always the same. */
function unauthorized(request: HookRequest, verification: Verification | undefined): HookAnswer {
  const { authenticate, isGuess } = verification ?? {};
  const headers = authenticate === undefined ? {} : { 'www-authenticate': authenticate };
  const refusal = problem(401, 'the request does not prove who sent it', headers);
  return isGuess?.(request) === true ? { ...refusal, isGuess: true } : refusal;
}

/** Stores the events of a request and answers when they are durable. Rejects like `emit`; the sender may then repeat the request. */
async function accept(
  request: HookRequest,
  body: Json,
  { replayGuard }: Proof,
  endpoint: Endpoint,
  replays: Replays,
): Promise<HookAnswer> {
  const { settings, io, verification, warn } = endpoint;
  const hops = hopsOfRequest(request);
  if (typeof hops !== 'number') return hops;
  const parts = requestParts(request, body, verification?.credentials ?? []);
  const time = new Date(io.clock.now()).toISOString();
  const context = { source: io.name, time, deliveryId: verification?.deliveryId?.(request, body) };
  const onError = (field: string, error: string): void => warn({ field, error }, 'a template failed');
  const made = eventsOf(parts, settings.event ?? {}, context, (field, error) => onError(`event.${field}`, error));
  if (!made.ok) {
    warn({ status: made.status }, `a request was refused: ${made.detail}`);
    return made.code === undefined ? problem(made.status, made.detail) : overLimit(made.status, made.code, made.detail);
  }
  // An id of the provider belongs to one body. With `event.id` the rules decide which bodies are the same event.
  const isSame = made.hasProvidersId ? sameBody(verification?.volatileFields) : undefined;
  const checkpoints = replays.remember(replayGuard);
  try {
    const caused = made.events.map((event) => withHops(event, hops));
    const events = await store(caused, checkpoints, isSame, io);
    const { status = 202, body: text } = settings.respond ?? {};
    const variables = templateVariables(parts, io.name, time, { data: body });
    return { status, ...answerBody(text, events, variables, settings.event?.each !== undefined, onError) };
  } catch (error) {
    replays.forget(replayGuard);
    throw error;
  }
}

async function store(
  events: readonly EventInput[],
  checkpoints: readonly Checkpoint[],
  isSame: IsSame | undefined,
  io: SourceIo,
): Promise<readonly Emitted[]> {
  if (events.length > 0) return io.emitAll(events, checkpoints, isSame);
  io.log.info('a request had an empty list, so it made no event');
  await io.saveCheckpoints(checkpoints);
  return [];
}

function answerBody(
  template: Template | undefined,
  events: readonly Emitted[],
  variables: ReturnType<typeof templateVariables>,
  isList: boolean,
  onError: (field: string, error: string) => void,
): Pick<HookAnswer, 'headers' | 'body'> {
  const stored = events.map(({ id, duplicate }) => ({ id, duplicate }));
  const [first = { id: '', duplicate: false }] = stored;
  const rendered = template?.render({ ...variables, ...first, events: stored });
  if (rendered?.error !== undefined) onError('respond.body', rendered.error);
  if (rendered === undefined || rendered.error !== undefined) return { body: isList ? { events: stored } : first };
  const type = isJson(rendered.text) ? 'application/json' : 'text/plain; charset=utf-8';
  return { headers: { 'content-type': type }, body: rendered.text };
}

function takerOf(rate: Rate | undefined, clock: Clock): Endpoint['takeSlot'] {
  if (rate === undefined) return () => 0;
  const window = new RateWindow(rate, clock);
  return () => window.take();
}
