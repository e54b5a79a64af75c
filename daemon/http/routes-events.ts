import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { parseEvents } from '../core/cloudevents.ts';
import { parseDuration } from '../lib/duration.ts';
import { readBody } from './body.ts';
import { HttpProblem } from './problem.ts';
import { type Exchange, type Route, type RouteParts, sendJson } from './route.ts';

const LONGEST_WAIT = 5 * 60_000;
const LONGEST_KEY = 255;

export const eventRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: '/v1/events',
    scope: 'emit',
    body: [
      'application/json',
      'application/x-ndjson',
      'application/cloudevents+json',
      'application/cloudevents-batch+json',
    ],
    query: { wait: 'Answer with the deliveries when they have ended, or after this long; 5m at most.' },
    headers: { 'Idempotency-Key': 'The same key with the same body is the same request.' },
    summary: 'Take events in: plain, an array, NDJSON, or CloudEvents (structured, binary, batch).',
    answers: {
      200: 'With `?wait=10s`: their deliveries, when they have ended or the time is over',
      202: 'On disk: `{"events":[{"id","duplicate"}]}`',
      400: 'No event',
      409: 'The same Idempotency-Key with another body',
      413: 'Too large',
      415: 'Not a media type that is read',
      429: 'Too many a second',
      503: 'Stopping',
      507: 'The disk or the queue is full; nothing was taken',
    },
    handle: postEvents,
  },
];

async function postEvents(
  { request, response, query, departure }: Exchange,
  { port, scrubber }: RouteParts,
): Promise<void> {
  const wait = waitOf(query);
  const body = await readBody(request, port.limits().body);
  const parsed = parseEvents({ contentType: request.headers['content-type'], headers: request.headers, body });
  if (!parsed.ok)
    throw new HttpProblem(parsed.status, parsed.code, parsed.message, {
      ...(parsed.pointer !== undefined && { more: { pointer: parsed.pointer } }),
    });
  const key = keyOf(request);
  const idempotency = key === undefined ? {} : { idempotency: { key, bodyHash: hashOf(request, body) } };
  const accepted = await port.accept(parsed.events, idempotency);
  const events = accepted.map(({ id, duplicate }) => ({ id, duplicate }));
  if (wait === undefined) sendJson(response, 202, { events });
  else
    sendJson(response, 200, {
      events,
      deliveries: scrubber.scrubJson(
        await port.wait(
          events.map(({ id }) => id),
          wait,
          departure.signal,
        ),
      ),
    });
}

/** Of all that makes the event: in the binary mode of CloudEvents, headers say what it is. */
function hashOf({ headers }: IncomingMessage, body: Buffer): string {
  const hash = createHash('sha256').update(body);
  const attributes = Object.entries(headers).filter(([name]) => name.startsWith('ce-'));
  if (attributes.length > 0) hash.update(JSON.stringify(attributes.toSorted(([a], [b]) => (a < b ? -1 : 1))));
  return hash.digest('hex');
}

function keyOf(request: IncomingMessage): string | undefined {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key !== 'string' || key === '' || key.length > LONGEST_KEY)
    throw new HttpProblem(400, 'header.idempotency_key', `an Idempotency-Key has 1 to ${LONGEST_KEY} characters`);
  return key;
}

function waitOf(query: URLSearchParams): number | undefined {
  const text = query.get('wait');
  if (text === null) return undefined;
  const wait = parseDuration(text);
  if (wait === undefined) throw new HttpProblem(400, 'query.wait', '`wait` is no duration; write it like 10s');
  return Math.min(wait, LONGEST_WAIT);
}
