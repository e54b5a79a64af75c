import { STOPPING } from '../kit/open-requests.ts';
import type { Secret } from '../../lib/secrets/secret.ts';
import { allowedNetworks } from '../kit/networks.ts';
import { hopsOfRequest } from '../kit/hops.ts';
import { overLimit, problem } from '../kit/request-body.ts';
import { authorizationOf, matches } from '../kit/secrets.ts';
import type { HookAnswer, HookRequest } from '../source.ts';
import type { Ping } from './events.ts';
import { type HeartbeatWatch, MAX_KEYS } from './watch.ts';

/** Bytes kept of the output of a job: its end, where errors are printed. */
export const MAX_OUTPUT = 10 * 1024;
const MAX_EXIT_CODE = 255;
export const MAX_KEY_LENGTH = 200;

export interface PingRouteDeps {
  /** `/beats/<name>` */
  readonly path: string;
  /** Whether each request must name a key. */
  readonly isKeyed: boolean;
  readonly watch: HeartbeatWatch;
  /** Returns the answer to a request that may not send beats. */
  readonly refuse: (request: HookRequest) => HookAnswer | undefined;
  /** Resolves when the stored state is read; false when the source stops before. */
  readonly ready: Promise<boolean>;
}

/**
 * Returns the check of the sender of a request: 403 for a foreign address, 401 for a wrong or missing token (the same answer), undefined
 * for a request that may send beats.
 */
export function senderCheck(
  token: readonly Secret[] | undefined,
  allow: readonly string[] | undefined,
): PingRouteDeps['refuse'] {
  const refuseForeign = allowedNetworks(allow);
  return (request) => {
    const refused = refuseForeign(request);
    if (refused !== undefined || token === undefined) return refused;
    const given = [...authorizationOf(request, 'bearer'), ...request.query.getAll('token')];
    if (matches(given, token, (secret) => secret)) return undefined;
    const refusal = problem(401, 'the request does not prove who sent it', {
      'www-authenticate': 'Bearer realm="belfry"',
    });
    return given.length === 0 ? refusal : { ...refusal, isGuess: true };
  };
}

/** Answers a request when its beat is durable. Checks the sender first, so that others learn nothing about the heartbeat. */
export async function receivePing(request: HookRequest, deps: PingRouteDeps): Promise<HookAnswer> {
  const { path, isKeyed, watch, ready, refuse } = deps;
  const refused = refuse(request);
  if (refused !== undefined) return refused;
  const ping = parsePing(request, path, watch.now);
  if (ping === undefined)
    return problem(404, 'the URL of a beat ends after the name, with `/start`, `/fail` or an exit code from 0 to 255');
  const given = request.query.get('key');
  if (!isKeyed && given !== null)
    return problem(400, 'this heartbeat has no `key` in its settings, so there is only one');
  const key = isKeyed ? normalizeKey(given ?? '') : '';
  if (key === undefined)
    return problem(400, `the key is missing or too long: \`?key=\` with up to ${MAX_KEY_LENGTH} characters`);
  const hops = hopsOfRequest(request);
  if (typeof hops !== 'number') return hops;
  if (!(await ready)) return STOPPING;
  if (await watch.take(key, { ...ping, hops })) return { status: 202, body: { ok: true } };
  return overLimit(503, 'beat.too_many_keys', `there are ${MAX_KEYS} keys already`);
}

/** Replaces control characters; undefined when the key is empty or too long. A long key is not cut, because it could become another key. */
export function normalizeKey(text: string): string | undefined {
  const key = text.replace(/\p{Cc}+/gu, ' ').trim();
  return key === '' || key.length > MAX_KEY_LENGTH ? undefined : key;
}

export const INVALID_KEY = `it is empty or longer than ${MAX_KEY_LENGTH} characters`;

/** The meaning of a path below `/beats/<name>`; undefined when it has none. */
function pingKind(subpath: string): Pick<Ping, 'kind' | 'exitCode'> | undefined {
  if (subpath === '' || subpath === '/0') return { kind: 'beat' };
  if (subpath === '/start') return { kind: 'start' };
  if (subpath === '/fail') return { kind: 'fail' };
  const exitCode = /^\/[1-9]\d{0,2}$/.test(subpath) ? Number(subpath.slice(1)) : Number.NaN;
  return exitCode <= MAX_EXIT_CODE ? { kind: 'fail', exitCode } : undefined;
}

/** Parses a request to `/beats/<name>`; undefined when its path has no meaning. */
function parsePing({ path, body }: Pick<HookRequest, 'path' | 'body'>, mount: string, at: number): Ping | undefined {
  const kind = pingKind(path.slice(mount.length));
  const output = outputOf(body);
  return kind && { ...kind, at, ...(output !== '' && { output }) };
}

/** The end of the body as text, beginning with a whole character. */
function outputOf(body: Buffer): string {
  let from = Math.max(0, body.length - MAX_OUTPUT);
  if (from > 0) while (isInsideCharacter(body[from])) from += 1;
  return body.toString('utf8', from).trimEnd();
}

/** Whether a byte continues a UTF-8 character. https://www.rfc-editor.org/rfc/rfc3629#section-3 */
function isInsideCharacter(byte: number | undefined): boolean {
  return byte !== undefined && byte >> 6 === 0b10;
}
