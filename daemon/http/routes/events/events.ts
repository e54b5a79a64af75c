import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { parseEvents } from '../../../core/event/cloudevents.ts';
import { HOPS_HEADER, readHops, withHops } from '../../../core/event/hops.ts';
import type { Parameters } from '../../../core/values/parameter.ts';
import { duration, MAX_WAIT_MS } from '../../../core/values/value-kind.ts';
import { readBody } from '../../request/body.ts';
import { HttpProblem } from '../../problem.ts';
import { type RequestContext, type Route, type RouteDeps, routeWithQuery, sendJson } from '../route.ts';

export const MAX_KEY_LENGTH = 255;

const QUERY = {
  wait: {
    kind: duration(),
    about: 'answer with the deliveries when all have ended, or after this time; at most 5m',
    code: 'query.wait',
  },
} as const satisfies Parameters;

export const eventRoutes: readonly Route[] = [
  routeWithQuery({
    method: 'POST',
    path: '/v1/events',
    scope: 'emit',
    audit: { none: 'each event is in the history' },
    body: [
      'application/json',
      'application/x-ndjson',
      'application/cloudevents+json',
      'application/cloudevents-batch+json',
    ],
    query: QUERY,
    headers: {
      'Idempotency-Key': 'Marks a repeated request: the same key with the same body is accepted once.',
      'Belfry-Hops':
        'Number of channels through which the cause of the events has come; the channels of Belfry set it.',
    },
    summary: 'Post events: plain, an array, NDJSON, or CloudEvents (structured, binary, batch).',
    answers: {
      200: 'With `?wait=10s`: also the outcomes of each event and all deliveries, when these have ended or the time is over',
      202: 'On disk: `{"events":[{"id","duplicate"}]}`',
      400: 'No event',
      409: 'The same Idempotency-Key with another body',
      413: 'Too large',
      415: 'Not a media type that is read',
      429: 'Too many a second',
      503: 'Stopping',
      507: 'The disk or the queue is full; nothing was accepted',
    },
    handle: postEvents,
  }),
];

async function postEvents(
  { request, response, query: { wait }, disconnect }: RequestContext<typeof QUERY>,
  { daemon, scrubber }: RouteDeps,
): Promise<void> {
  const body = await readBody(request, daemon.limits().body);
  const parsed = parseEvents({ contentType: request.headers['content-type'], headers: request.headers, body });
  if (!parsed.ok)
    throw new HttpProblem(parsed.status, parsed.code, parsed.message, {
      ...(parsed.pointer !== undefined && { more: { pointer: parsed.pointer } }),
    });
  const key = keyOf(request);
  const idempotency = key === undefined ? {} : { idempotency: { key, bodyHash: hashOf(request, body) } };
  const hops = hopsOfRequest(request);
  const events = parsed.events.map((event) => withHops(event, hops));
  const accepted = await daemon.accept(events, idempotency);
  const answers = accepted.map(({ id, duplicate }) => ({ id, duplicate }));
  if (wait === undefined) return sendJson(response, 202, { events: answers });
  const ids = answers.map(({ id }) => id);
  const { outcomes, deliveries } = await daemon.wait(ids, Math.min(wait, MAX_WAIT_MS), disconnect.signal);
  sendJson(response, 200, {
    events: answers.map((event, index) => ({ ...event, outcomes: outcomes[index] ?? {} })),
    deliveries: scrubber.scrubJson(deliveries),
  });
}

/** Hops of the cause of a request; 0 if it does not come from a channel. */
function hopsOfRequest({ headers }: IncomingMessage): number {
  const given = headers[HOPS_HEADER];
  const hops = given === undefined ? 0 : readHops(given);
  if (hops === undefined) throw new HttpProblem(400, 'header.belfry_hops', 'Belfry-Hops is not a whole number');
  return hops;
}

/** Hash of everything that defines the event: in the binary mode of CloudEvents also headers. */
function hashOf({ headers }: IncomingMessage, body: Buffer): string {
  const hash = createHash('sha256').update(body);
  const attributes = Object.entries(headers).filter(([name]) => name.startsWith('ce-'));
  if (attributes.length > 0) hash.update(JSON.stringify(attributes.toSorted(([a], [b]) => (a < b ? -1 : 1))));
  return hash.digest('hex');
}

function keyOf(request: IncomingMessage): string | undefined {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key !== 'string' || key === '' || key.length > MAX_KEY_LENGTH)
    throw new HttpProblem(400, 'header.idempotency_key', `an Idempotency-Key has 1 to ${MAX_KEY_LENGTH} characters`);
  return key;
}
