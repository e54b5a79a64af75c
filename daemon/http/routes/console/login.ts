import type { RequestContext, RouteDeps } from '../route.ts';
import type { DaemonApi } from '../../daemon-api.ts';
import { HttpProblem } from '../../problem.ts';
import { addressOf, refusedBy } from '../../request/limits/failed-logins.ts';
import { readJson } from '../../request/body.ts';
import { readObject, readText } from '../../request/given-event.ts';
import { type Route, sendJson } from '../route.ts';

const CODE = 'console.request';
const MAX_SCOPES = 20;
const SCOPE = /^(?:emit|read|ack|admin|stream|stream:[^\p{Cc}]{1,100})$/u;

/** Logins of the web console. `belfry console` prints the address with a ticket, the page redeems it for a session token. */
export const loginRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/token',
    scope: 'any',
    summary: 'Name and scopes of the token that is used.',
    answers: { 200: '`{"name","scopes"}`' },
    handle({ response, caller }, { scrubber }) {
      const { name, scopes } = caller!;
      sendJson(response, 200, scrubber.scrubJson({ name, scopes }));
    },
  },
  {
    method: 'POST',
    path: '/v1/console/tickets',
    scope: 'admin',
    audit: 'console.ticket',
    body: ['application/json'],
    summary:
      'Create a ticket for one login to the web console with `{"scope"}`, a scope or a list of them; default `admin`.',
    answers: {
      201: '`{"ticket","expires_in","url"}`; `url` logs in by itself',
      400: 'A wrong field',
      404: '`daemon.console` is false',
    },
    async handle({ request, response, caller, audit }, deps) {
      const { daemon } = deps;
      requireConsole(daemon);
      const { scope = 'admin' } = readObject((await readJson(request, daemon.limits().body)) ?? {}, ['scope'], CODE);
      const scopes = scopesOf(scope);
      const issued = daemon.console.ticket(scopes, caller!);
      await audit.done({ target: scopes.join(' ') });
      sendJson(response, 201, { ...issued, url: `${baseOf(request, deps)}/#/login?ticket=${issued.ticket}` });
    },
  },
  {
    method: 'POST',
    path: '/v1/console/login',
    scope: 'open',
    audit: 'console.login',
    body: ['application/json'],
    summary: 'Redeem a `{"ticket"}` for the token of a session, which lasts at most 12 hours.',
    answers: {
      200: '`{"token","name","scopes","expires_in"}`',
      400: 'A wrong field',
      401: 'The ticket was used, is too old, or belongs to another daemon',
      404: '`daemon.console` is false',
      429: 'Too many wrong tokens and tickets from this address',
    },
    async handle({ request, response, audit }, { daemon, logins }) {
      requireConsole(daemon);
      const { ticket } = readObject(await readJson(request, MAX_LOGIN_BYTES), ['ticket'], CODE);
      const session = await daemon.console.login(readText('ticket', ticket, CODE), addressOf(request));
      if (session === undefined) throw logins.problem(refusedBy(request, 'console'), wrongTicket());
      const { id, ...answer } = session;
      await audit.done({ actor: session.name, target: id, details: { scopes: session.scopes } });
      sendJson(response, 200, answer);
    },
  },
];

const wrongTicket = (): HttpProblem =>
  new HttpProblem(
    401,
    'console.ticket',
    'this ticket was used, is older than a minute, or belongs to another daemon; make a new one by `belfry console`',
  );

/** A login has one short field. */
const MAX_LOGIN_BYTES = 1024;

/** Throws 404 when `daemon.console` is false. */
export function requireConsole(daemon: Pick<DaemonApi, 'console'>): void {
  if (!daemon.console.isOn())
    throw new HttpProblem(404, 'console.off', 'the web console is turned off by `daemon.console`');
}

function scopesOf(given: unknown): readonly string[] {
  const scopes = Array.isArray(given) ? given : [given];
  const wrong = scopes.findIndex((scope) => typeof scope !== 'string' || !SCOPE.test(scope));
  if (wrong === -1 && scopes.length > 0 && scopes.length <= MAX_SCOPES) return scopes as readonly string[];
  const pointer = Array.isArray(given) && wrong !== -1 ? `/scope/${wrong}` : '/scope';
  throw new HttpProblem(
    400,
    CODE,
    '`scope` is `emit`, `read`, `ack`, `admin`, `stream`, `stream:USER`, or a list of them',
    { more: { pointer } },
  );
}

/** Address of the daemon without a slash at its end: `daemon.public_url`, the host that the caller used, or the one that listens. */
function baseOf({ socket, headers: { host } }: RequestContext['request'], { daemon, address }: RouteDeps): string {
  const isTcp = socket.remoteAddress !== undefined;
  return (daemon.publicUrl() ?? `http://${isTcp && host !== undefined ? host : reachable(address())}`).replace(
    /\/+$/,
    '',
  );
}

/** Address of the loopback for a listener on all addresses. */
const reachable = (address: string): string =>
  address.replace(/^0\.0\.0\.0(?=:)/, '127.0.0.1').replace(/^\[::\](?=:)/, '[::1]');
