import { isObject } from '../../../core/values/json.ts';
import type { Parameters } from '../../../core/values/parameter.ts';
import { count, NAME } from '../../../core/values/value-kind.ts';
import { userOf } from '../../request/auth.ts';
import { readJson } from '../../request/body.ts';
import { HttpProblem } from '../../problem.ts';
import { type RequestContext, type Route, type RouteDeps, sendJson } from '../route.ts';
import type { StreamKind } from '../../stream/stream-server.ts';

export const TICKET = { kind: NAME, about: 'a ticket, instead of a token' } as const;

/** Paths of WebSockets; a plain GET of the same path serves server-sent events. */
export const UPGRADES: Readonly<Record<string, Upgrade>> = {
  '/v1/stream': {
    kind: 'stream',
    scope: 'stream',
    query: {
      user: { kind: NAME, about: 'whose pushes to receive, where the token is for more than one user' },
      ticket: TICKET,
      epoch: { kind: NAME, about: 'epoch of `seq`' },
      seq: {
        kind: count(0, 10 ** 15 - 1),
        about: 'last sequence number that the client received; with server-sent events it also acknowledges',
      },
    },
  },
  '/v1/feed': { kind: 'feed', scope: 'read', query: {} },
};

interface Upgrade {
  readonly kind: StreamKind;
  readonly scope: 'stream' | 'read';
  readonly query: Parameters;
}

const eventsOf = (path: keyof typeof UPGRADES, summary: string, more: Partial<Route> = {}): Route => {
  const { kind, scope, query } = UPGRADES[path]!;
  return {
    method: 'GET',
    path,
    scope,
    query,
    isStream: true,
    summary,
    answers: { 101: 'WebSocket', 200: 'Server-sent events' },
    handle: ({ request, response, caller }, { stream }) => stream.events(kind, request, response, caller!),
    ...more,
  };
};

export const streamRoutes: readonly Route[] = [
  eventsOf('/v1/stream', "A user's pushes: WebSocket, or server-sent events with Last-Event-ID.", {
    pages: true,
  }),
  eventsOf('/v1/feed', 'Events and deliveries as they happen: WebSocket or server-sent events.'),
  {
    method: 'POST',
    path: '/v1/stream/tickets',
    scope: 'stream',
    audit: { none: 'a backend makes one for each page' },
    body: ['application/json'],
    summary:
      'Create a ticket for one call as a user (open the stream, acknowledge), for browsers that must not know the token.',
    answers: { 201: '`{"ticket","expires_in"}`', 400: 'The user is missing', 403: 'The token is not for this user' },
    async handle(context, deps) {
      const { user } = await bodyWithUser(context, deps);
      sendJson(context.response, 201, deps.stream.ticket(user, context.caller));
    },
  },
  {
    method: 'POST',
    path: '/v1/stream/ack',
    scope: 'stream',
    audit: { none: 'the receipt of the delivery names the user' },
    pages: true,
    body: ['application/json'],
    query: { ticket: TICKET },
    summary: 'Acknowledge all pushes up to `seq`, for readers of server-sent events.',
    answers: { 204: 'Acknowledged', 400: 'No `seq`' },
    async handle(context, deps) {
      const { user, body } = await bodyWithUser(context, deps);
      if (!Number.isSafeInteger(body.seq) || (body.seq as number) < 0)
        throw new HttpProblem(400, 'ack.seq', '`seq` is not a sequence number');
      await deps.stream.ack(user, body.seq as number);
      context.response.writeHead(204).end();
    },
  },
];

/** Body of a call that is made for a user, and that user. Throws 400 or 403. */
export async function bodyWithUser(
  { request, caller }: RequestContext,
  { daemon }: RouteDeps,
): Promise<{ user: string; body: Record<string, unknown> }> {
  const body = await readJson(request, daemon.limits().body);
  if (!isObject(body)) throw new HttpProblem(400, 'body.not_object', 'the body is a JSON object');
  const { user: given } = body;
  if (given !== undefined && typeof given !== 'string')
    throw new HttpProblem(400, 'stream.user', '`user` is text', { more: { pointer: '/user' } });
  const named = given === '' ? undefined : given;
  const user = userOf(caller!, named);
  if (user !== undefined) return { user, body };
  if (named === undefined) throw new HttpProblem(400, 'stream.user', 'name the `user`');
  throw new HttpProblem(403, 'auth.user', 'this token may not receive the pushes of that user');
}
