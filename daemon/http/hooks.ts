import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HookAnswer, HookRequest, HookRoute } from '../sources/source.ts';
import { readBody } from './request/body.ts';
import { type FailedLogins, limited, refusedBy } from './request/limits/failed-logins.ts';
import type { HostCheck } from './request/host-check.ts';
import type { Refusals } from './request/refusals.ts';
import type { DaemonApi } from './daemon-api.ts';
import { HttpProblem, problemOf } from './problem.ts';
import type { Target } from './request/target.ts';

/** Paths below which sources have their routes. */
export const HOOK_PATHS: readonly string[] = ['/hooks/', '/beats/'];

/** Test whether a path belongs to a source. The source authenticates its senders; no token is needed. */
export function isHook(path: string): boolean {
  return HOOK_PATHS.some((start) => path.startsWith(start));
}

/** Looks up the route in the live rules at each request, so that a reload does not touch the listener. */
export async function handleHook(
  request: IncomingMessage,
  response: ServerResponse,
  url: Target,
  deps: HookDeps,
): Promise<void> {
  const route = deps.daemon.hookRoute(url.pathname);
  if (route === undefined) throw new HttpProblem(404, 'hook.none', 'no source listens here');
  const remote = request.socket.remoteAddress ?? '';
  const answer = await answerOf(request, url, route, { ...deps, remote }).catch((error: unknown) => {
    const problem = problemOf(error);
    if (problem !== undefined) route.log?.refused({ remote }, problem.status, problem.message);
    throw error;
  });
  deps.refusals.byCode(answer.code, remote);
  const way = url.pathname.startsWith('/beats/') ? 'beat' : 'hook';
  const wait = answer.isGuess === true ? deps.logins.count(refusedBy(request, way)) : 0;
  if (wait > 0) throw limited(wait);
  write(response, answer);
}

interface HookDeps {
  readonly daemon: DaemonApi;
  readonly hostCheck: HostCheck;
  readonly refusals: Refusals;
  readonly logins: Pick<FailedLogins, 'count'>;
}

/** Passes a request on to its source. Throws a problem for one that the source does not get. */
async function answerOf(
  request: IncomingMessage,
  url: Target,
  route: HookRoute,
  { daemon, hostCheck, remote }: HookDeps & { /** IP address of the client. */ readonly remote: string },
): Promise<HookAnswer> {
  if (route.verifies !== true) hostCheck.checkSite(request);
  const method = request.method ?? '';
  if (!route.methods.includes(method)) {
    throw new HttpProblem(405, 'hook.method', `this source accepts ${route.methods.join(', ')}`, {
      headers: { allow: route.methods.join(', ') },
    });
  }
  const body = await readBody(request, route.maxBody ?? daemon.limits().body);
  const headers: HookRequest['headers'] = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  );
  return route.handle({ method, path: url.pathname, query: url.searchParams, headers, body, remote });
}

function write(response: ServerResponse, { status, headers, body }: HookAnswer): void {
  const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
  const type = typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json';
  response.writeHead(status, { ...(text !== '' && { 'content-type': type }), ...headers });
  response.end(text);
}
