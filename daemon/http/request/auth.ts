import { hash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { actorName } from '../../core/alerts/actor.ts';
import { isExpired } from '../../core/time/expiry.ts';
import type { Token } from '../../core/ruleset.ts';
import type { DaemonApi } from '../daemon-api.ts';
import { HttpProblem } from '../problem.ts';
import type { Caller } from '../stream/stream-server.ts';

/** Scope of a token that a route requires. */
export type TokenScope = 'emit' | 'read' | 'ack' | 'admin' | 'stream';

/** Caller on the Unix socket. The mode of the file restricts who can connect; a connected user may do everything. */
export const SOCKET_CALLER: Caller = { name: 'socket', scopes: ['admin'], isSocket: true };

const UNAUTHORIZED = { headers: { 'www-authenticate': 'Bearer realm="belfry"' } };

/** Owner of a token, or the reason why it is refused; `name` is that of a token that has expired. */
export type CheckedToken =
  | { readonly caller: Caller }
  | { readonly caller?: undefined; readonly reason: 'unknown' | 'expired'; readonly name?: string };

/**
 * Finds the owner of a token: of the rules, or of a session of the web console. All tokens of the rules are compared in constant time, so
 * that the duration reveals nothing. `now` is in milliseconds since the epoch.
 */
export function checkToken(token: string, daemon: Pick<DaemonApi, 'tokens' | 'console'>, now: number): CheckedToken {
  const given = hash('sha256', token, 'buffer');
  let found: Token | undefined;
  for (const known of daemon.tokens()) {
    const expected = hashOf(known);
    if (expected.length === given.length && timingSafeEqual(expected, given)) found = known;
  }
  if (found !== undefined) return isExpired(found, now) ? { reason: 'expired', name: found.name } : { caller: found };
  const caller = daemon.console.caller(token);
  return caller === undefined ? { reason: 'unknown' } : { caller };
}

/**
 * Whether a caller would be let in again with at least its scopes: its token may have expired or been removed, its session ended. `given`
 * is what it sent.
 */
export function isStillValid(
  { scopes, session, hash: known }: Caller & { readonly hash?: string },
  given: string,
  daemon: Pick<DaemonApi, 'tokens' | 'console'>,
  now: number,
): boolean {
  if (session !== undefined) return daemon.console.caller(given) !== undefined;
  const token = daemon.tokens().find(({ hash: one }) => one === known);
  return token !== undefined && !isExpired(token, now) && scopes.every((scope) => token.scopes.includes(scope));
}

const hashes = new WeakMap<Token, Buffer>();

function hashOf(token: Token): Buffer {
  let bytes = hashes.get(token);
  if (bytes === undefined) hashes.set(token, (bytes = Buffer.from(token.hash, 'hex')));
  return bytes;
}

export function bearerOf(request: IncomingMessage): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];
}

/** Token of a WebSocket request. Browsers cannot set its headers and offer the subprotocols `belfry.v1` and `bearer.<token>` instead. */
export function subprotocolToken(request: IncomingMessage): string | undefined {
  const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
  return offered.find((name) => name.startsWith('bearer.'))?.slice('bearer.'.length);
}

/** The answer without a token, and for a wrong or expired one: it is the same, so that it reveals nothing. */
export const unauthorized = (): HttpProblem =>
  new HttpProblem(401, 'auth.missing', 'a valid token is needed', UNAUTHORIZED);

/** Code of the answer for a token without the scope. */
export const NO_SCOPE = 'auth.scope';

/** Throws 401 or 403 unless the caller has the scope, or one of several; `admin` includes every scope, `any` is every caller. */
export function requireScope(caller: Caller | undefined, scope: TokenScope | readonly TokenScope[] | 'any'): Caller {
  if (caller === undefined) throw unauthorized();
  if (scope === 'any') return caller;
  const wanted = [scope].flat();
  if (caller.scopes.includes('admin') || wanted.some((one) => hasScope(caller, one))) return caller;
  throw new HttpProblem(403, NO_SCOPE, `this token lacks the scope ${wanted.map((one) => `\`${one}\``).join(' or ')}`);
}

function hasScope({ scopes, user }: Caller, scope: TokenScope): boolean {
  if (scopes.includes(scope)) return true;
  return scope === 'stream' && (user !== undefined || scopes.some((one) => one.startsWith('stream:')));
}

/** Name of the caller for the record: its own claim, and the name of its token if it has one. */
export function callerName(caller: Caller | undefined, claimed: string | undefined): string | undefined {
  return actorName(claimed, caller === undefined || caller === SOCKET_CALLER ? undefined : caller.name);
}

/** User whose pushes a caller receives; undefined when the request names none or a user that is not allowed. */
export function userOf(caller: Caller, named: string | undefined): string | undefined {
  if (caller.user !== undefined) return caller.user;
  const own = caller.scopes.find((scope) => scope.startsWith('stream:'))?.slice('stream:'.length);
  const anybody = caller.scopes.includes('admin') || caller.scopes.includes('stream');
  if (anybody) return named ?? own;
  return named === undefined || named === own ? own : undefined;
}
