import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import findMyWay from 'find-my-way';
import { handleButton } from '../buttons/handle.ts';
import { TokenLimit } from '../request/limits/token-limit.ts';
import { BUTTON_PATH, buttonToken } from '../buttons/path.ts';
import { requireScope } from '../request/auth.ts';
import { FailedLogins } from '../request/limits/failed-logins.ts';
import { discardRest } from '../request/body.ts';
import { allowPage, answerPreflight, isPreflight } from '../request/cors.ts';
import { ClientDisconnect } from '../request/client-disconnect.ts';
import { checkHeaders, type HostCheck } from '../request/host-check.ts';
import { handleHook, HOOK_PATHS, isHook } from '../hooks.ts';
import type { RefusedLogin } from '../api/audit.ts';
import { HttpProblem, problemOf, problemText, writeProblem } from '../problem.ts';
import { readQuery } from '../request/query.ts';
import { Callers } from './callers.ts';
import { RecordedCall } from './audited-call.ts';
import type { Route, RouteDeps } from './route.ts';
import { alertRoutes } from './alerts/alerts.ts';
import { silenceRoutes } from './alerts/silences.ts';
import { backtestRoutes } from './events/backtest.ts';
import { auditLogRoutes } from './daemon/audit-log.ts';
import { backupRoutes } from './daemon/backup.ts';
import { channelRoutes } from './deliveries/channels.ts';
import { consoleFileRoutes } from './console/files.ts';
import { deadRoutes } from './deliveries/dead.ts';
import { controlRoutes } from './daemon/control.ts';
import { doctorRoutes } from './daemon/doctor.ts';
import { jobRoutes } from './daemon/jobs.ts';
import { eventRoutes } from './events/events.ts';
import { explainRoutes } from './events/explain.ts';
import { historyRoutes } from './events/history.ts';
import { rerunRoutes } from './events/rerun.ts';
import { loginRoutes } from './console/login.ts';
import { tokenRoutes } from './console/tokens.ts';
import { metaRoutes } from './daemon/meta.ts';
import { rulesRoutes } from './daemon/rules.ts';
import { retryRoutes } from './deliveries/retry.ts';
import { streamRoutes, UPGRADES } from './push/stream.ts';
import { webPushRoutes } from './push/web-push.ts';
import type { Caller } from '../stream/stream-server.ts';
import { PathPrefix } from '../request/path-prefix.ts';
import { type Target, targetOf } from '../request/target.ts';

/** All routes in one list, which routing, authorisation and the OpenAPI description share. */
export const routes: readonly Route[] = [
  ...eventRoutes,
  ...historyRoutes,
  ...rerunRoutes,
  ...controlRoutes,
  ...auditLogRoutes,
  ...deadRoutes,
  ...jobRoutes,
  ...channelRoutes,
  ...retryRoutes,
  ...rulesRoutes,
  ...doctorRoutes,
  ...backupRoutes,
  ...alertRoutes,
  ...silenceRoutes,
  ...explainRoutes,
  ...backtestRoutes,
  ...streamRoutes,
  ...webPushRoutes,
  ...consoleFileRoutes,
  ...loginRoutes,
  ...tokenRoutes,
  ...metaRoutes(() => routes),
];

/** Calls that pages of `daemon.origins` may make: path -> methods. */
const PAGES: ReadonlyMap<string, readonly Route['method'][]> = methodsByPath(routes.filter(({ pages }) => pages));

function methodsByPath(given: readonly Route[]): ReadonlyMap<string, readonly Route['method'][]> {
  const found = new Map<string, readonly Route['method'][]>();
  for (const { path, method } of given) found.set(path, [...(found.get(path) ?? []), method]);
  return found;
}

/** The key of an alert in a path may be long; the maximum size of a request line limits it. */
const MAX_PARAMETER_LENGTH = 16 * 1024;

const METHODS = ['GET', 'POST', 'PATCH', 'DELETE'] as const;

/** Other end of a connection. */
interface Peer {
  /** Whether it is on the Unix socket. */
  readonly trusted: boolean;
  /** Called when a stream begins whose user has proved who it is. */
  readonly authenticated: (request: IncomingMessage) => void;
}

/** Finds the route, authenticates the caller and answers errors as problems. Every request gets a response. */
export class Router {
  readonly #deps: Omit<RouteDeps, 'logins'> & { readonly logins: FailedLogins };
  readonly #limit: TokenLimit;
  readonly #callers: Callers;
  readonly #hostCheck: HostCheck;
  readonly #routes = findMyWay({ maxParamLength: MAX_PARAMETER_LENGTH });
  readonly #prefix: PathPrefix;
  #stopping = false;

  constructor(deps: Omit<RouteDeps, 'logins'>, hostCheck: HostCheck) {
    const onRefused = (refused: RefusedLogin): void => deps.daemon.auditLog.refused(refused);
    const logins = new FailedLogins({ ...deps, onRefused });
    this.#deps = { ...deps, logins };
    this.#callers = new Callers({ ...deps, logins });
    this.#limit = new TokenLimit(deps.clock);
    this.#hostCheck = hostCheck;
    const paths = [...routes.map(({ path }) => path), ...HOOK_PATHS, BUTTON_PATH];
    this.#prefix = new PathPrefix(() => deps.daemon.publicUrl(), paths);
    for (const route of routes) this.#routes.on(route.method, route.path, () => undefined, route);
  }

  /** Refuses further requests with 503. */
  stop(): void {
    this.#stopping = true;
  }

  async handle(request: IncomingMessage, response: ServerResponse, peer: Peer): Promise<void> {
    response.setHeader('cache-control', 'no-store');
    response.setHeader('x-content-type-options', 'nosniff');
    const asked: Asked = { request, response, disconnect: new ClientDisconnect(response), peer };
    try {
      await this.#route(asked);
      await asked.call?.ended();
    } catch (error) {
      this.#callers.noteRefusal(request, asked.caller, error);
      await asked.call?.failed(error);
      this.#answer(asked, error);
    }
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, { trusted, authenticated }: Peer): void {
    socket.on('error', () => socket.destroy());
    let caller: Caller | undefined;
    try {
      checkHeaders(request);
      if (!trusted) this.#hostCheck.checkHost(request);
      const url = this.#prefix.remove(targetOf(request.url ?? '/'));
      this.#hostCheck.checkOrigin(request, PAGES.has(url.pathname));
      const target = Object.hasOwn(UPGRADES, url.pathname) ? UPGRADES[url.pathname] : undefined;
      if (target === undefined) throw new HttpProblem(404, 'path.none', 'there is no WebSocket here');
      if (this.#stopping) throw stoppingProblem();
      caller = this.#callers.of(request, url, { trusted, mayHaveTicket: PAGES.has(url.pathname) });
      const allowed = requireScope(caller, target.scope);
      readQuery(url.searchParams, target.query);
      authenticated(request);
      this.#deps.stream.upgrade(target.kind, request, socket, head, allowed);
    } catch (error) {
      this.#callers.noteRefusal(request, caller, error);
      const problem = problemOf(error);
      if (problem === undefined) this.#deps.log.error({ stack: stackOf(error) }, 'http: an upgrade failed by a bug');
      const { refusals } = this.#deps;
      refusals.byCode(problem?.code, request.socket.remoteAddress);
      socket.end(problemText(problem ?? new HttpProblem(500, 'internal', 'internal error; see the log of the daemon')));
    }
  }

  #route(asked: Asked): Promise<void> | void {
    const { request, response, disconnect } = asked;
    const { trusted, authenticated } = asked.peer;
    checkHeaders(request);
    const url = this.#prefix.remove(targetOf(request.url ?? '/'));
    const button = buttonToken(url.pathname);
    if (button !== undefined) return this.#button(request, response, button);
    const hook = isHook(url.pathname);
    // Senders reach a hook through proxies and by any name; `handleHook` checks the origin.
    if (!hook && !trusted) this.#hostCheck.checkHost(request);
    if (!hook && this.#isPreflight(request, response, url.pathname)) return;
    if (this.#stopping && url.pathname !== '/healthz' && url.pathname !== '/readyz') throw stoppingProblem();
    if (hook) return handleHook(request, response, url, { ...this.#deps, hostCheck: this.#hostCheck });
    if (url.pathname === '') return redirect(response, `${this.#prefix.path}/`);
    const found = this.#routes.find(request.method as 'GET', url.pathname);
    if (found === null) throw this.#noRoute(url.pathname);
    const route = found.store as Route;
    const caller = this.#callerFor(route, asked, url);
    // Probes and caches add their own parameters to public routes.
    const query = isFree(route) ? {} : readQuery(url.searchParams, route.query ?? {});
    if (route.isStream === true) authenticated(request);
    const { audit } = route;
    const call = new RecordedCall({ audit, request, caller, log: this.#deps.daemon.auditLog });
    asked.call = call;
    return route.handle(
      { request, response, params: found.params, query, caller, disconnect, audit: call },
      this.#deps,
    );
  }

  /** A link is opened by any name of the daemon, and its token is the permission. */
  #button(request: IncomingMessage, response: ServerResponse, token: string): Promise<void> {
    if (this.#stopping) throw stoppingProblem();
    return handleButton(request, response, token, { ...this.#deps, hostCheck: this.#hostCheck, limit: this.#limit });
  }

  /** Checks the origin of a page and allows it to read the response. True when the request was a preflight, which is answered then. */
  #isPreflight(request: IncomingMessage, response: ServerResponse, path: string): boolean {
    const methods = PAGES.get(path);
    if (methods !== undefined) response.setHeader('vary', 'origin');
    const origin = this.#hostCheck.checkOrigin(request, methods !== undefined);
    if (origin === undefined || methods === undefined) return false;
    allowPage(response, origin);
    if (!isPreflight(request)) return false;
    answerPreflight(response, methods);
    return true;
  }

  #callerFor(route: Route, asked: Asked, url: Target): Caller | undefined {
    const { request } = asked;
    const { trusted } = asked.peer;
    if (route.scope === 'open') return undefined;
    if (route.scope === 'local') {
      const isProxied = url.isPrefixed === true;
      if (trusted || (!isProxied && isLoopback(request.socket.remoteAddress))) return undefined;
    }
    asked.caller = this.#callers.of(request, url, { trusted, mayHaveTicket: PAGES.has(url.pathname) });
    return requireScope(asked.caller, route.scope === 'local' ? 'read' : route.scope);
  }

  #noRoute(path: string): HttpProblem {
    const allowed = METHODS.filter((method) => this.#routes.find(method, path) !== null);
    if (allowed.length === 0) return new HttpProblem(404, 'path.none', 'there is no such path; see /openapi.json');
    return new HttpProblem(405, 'path.method', `allowed here: ${allowed.join(', ')}`, {
      headers: { allow: allowed.join(', ') },
    });
  }

  #answer({ request, response, disconnect }: Asked, error: unknown): void {
    const problem = problemOf(error);
    if (problem === undefined && !disconnect.isDisconnected)
      this.#deps.log.error({ method: request.method, stack: stackOf(error) }, 'http: a request failed by a bug');
    this.#deps.refusals.byCode(problem?.code, request.socket.remoteAddress);
    const sent = problem ?? new HttpProblem(500, 'internal', 'internal error; see the log of the daemon');
    writeProblem(response, sent, (text) => this.#deps.scrubber.scrub(text));
    if (!request.complete) discardRest(request);
  }
}

/** A request, with what is known about it so far. */
interface Asked {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly disconnect: ClientDisconnect;
  readonly peer: Peer;
  caller?: Caller | undefined;
  call?: RecordedCall;
}

function isFree({ scope }: Route): boolean {
  return scope === 'open' || scope === 'local';
}

/** Sends a browser to the address with a slash at its end, to which the addresses in a page are relative. */
function redirect(response: ServerResponse, location: string): void {
  response.writeHead(308, { location, 'content-length': 0 }).end();
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function stoppingProblem(): HttpProblem {
  return new HttpProblem(503, 'intake.stopping', 'the daemon is stopping; try again later', {
    headers: { 'retry-after': '5', connection: 'close' },
  });
}

function isLoopback(address: string | undefined): boolean {
  return address === undefined || address === '::1' || /^(?:::ffff:)?127\./.test(address);
}
