import { isObject } from '../core/json.ts';
import { userOf } from './auth.ts';
import { readJson } from './body.ts';
import { HttpProblem } from './problem.ts';
import { type Exchange, type Route, type RouteParts, sendJson } from './route.ts';
import type { StreamKind } from './stream-door.ts';

/** Long-lived connections that the listener upgrades; the same paths serve server-sent events. */
export const UPGRADES: Readonly<Record<string, { readonly kind: StreamKind; readonly scope: 'stream' | 'read' }>> = {
  '/v1/stream': { kind: 'stream', scope: 'stream' },
  '/v1/feed': { kind: 'feed', scope: 'read' },
};

const eventsOf = (path: keyof typeof UPGRADES, summary: string, more: Partial<Route> = {}): Route => {
  const { kind, scope } = UPGRADES[path]!;
  return {
    method: 'GET',
    path,
    scope,
    summary,
    answers: { 101: 'WebSocket', 200: 'Server-sent events' },
    handle: ({ request, response, caller }, { stream }) => stream.events(kind, request, response, caller!),
    ...more,
  };
};

export const streamRoutes: readonly Route[] = [
  eventsOf('/v1/stream', "A user's pushes: WebSocket, or server-sent events with Last-Event-ID.", {
    pages: true,
    query: {
      ticket: 'A ticket, instead of a token.',
      user: 'Whom to listen as, if the token may listen as several.',
      epoch: 'With `seq`: where the reader stopped.',
      seq: 'The last number that arrived; with server-sent events it acknowledges.',
    },
  }),
  eventsOf('/v1/feed', 'Events and deliveries as they happen: WebSocket or server-sent events.'),
  {
    method: 'POST',
    path: '/v1/stream/tickets',
    scope: 'stream',
    body: ['application/json'],
    summary:
      'A ticket for one call as a user (open the stream, acknowledge), for browsers that must not know the token.',
    answers: { 201: '`{"ticket","expires_in"}`', 400: 'No user', 403: 'Not this user' },
    async handle(exchange, parts) {
      sendJson(exchange.response, 201, parts.stream.ticket((await bodyWithUser(exchange, parts)).user));
    },
  },
  {
    method: 'POST',
    path: '/v1/stream/ack',
    scope: 'stream',
    pages: true,
    body: ['application/json'],
    query: { ticket: 'A ticket, instead of a token.' },
    summary: 'Acknowledge all pushes up to `seq`, for readers of server-sent events.',
    answers: { 204: 'Acknowledged', 400: 'No `seq`' },
    async handle(exchange, parts) {
      const { user, body } = await bodyWithUser(exchange, parts);
      if (!Number.isSafeInteger(body.seq) || (body.seq as number) < 0)
        throw new HttpProblem(400, 'ack.seq', '`seq` is not a sequence number');
      await parts.stream.ack(user, body.seq as number);
      exchange.response.writeHead(204).end();
    },
  },
];

async function bodyWithUser(
  { request, caller }: Exchange,
  { port }: RouteParts,
): Promise<{ user: string; body: Record<string, unknown> }> {
  const body = await readJson(request, port.limits().body);
  if (!isObject(body)) throw new HttpProblem(400, 'body.not_object', 'the body is a JSON object');
  const named = typeof body.user === 'string' && body.user !== '' ? body.user : undefined;
  const user = userOf(caller!, named);
  if (user !== undefined) return { user, body };
  if (named === undefined) throw new HttpProblem(400, 'stream.user', 'name the `user`');
  throw new HttpProblem(403, 'auth.user', 'this token may not listen as that user');
}
