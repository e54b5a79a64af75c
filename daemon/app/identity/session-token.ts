import { createHmac, timingSafeEqual } from 'node:crypto';
import { isObject } from '../../core/values/json.ts';

/** Content of a session token of the web console. */
export interface SessionClaim {
  readonly id: string;
  readonly scopes: readonly string[];
  /** Name of the token that made the ticket; undefined for the socket. */
  readonly by?: string;
  /** End, milliseconds since the epoch. */
  readonly until: number;
}

/** Signs session tokens and checks them. The daemon knows the sessions by their ids; nobody can make a token of one. */
export interface SessionTokens {
  /** `hash` is that of the token in `by`; empty for the socket. */
  sign(claim: SessionClaim, hash: string): string;
  /** Undefined when the token was not signed with this key, was changed, or its maker has no such hash any more. Does not check `until`. */
  read(token: string, hashOf: (by: string | undefined) => string | undefined): SessionClaim | undefined;
}

const TOKEN = /^blc_([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{43})$/;

/** Token: `blc_`, the claim as JSON, a dot, HMAC-SHA-256 over the claim and the hash of its maker; both parts in base64url. */
export function sessionTokens(key: Buffer): SessionTokens {
  const macOf = (claim: string, hash: string): Buffer => createHmac('sha256', key).update(`${claim}.${hash}`).digest();
  return {
    sign(claim, hash) {
      const text = Buffer.from(JSON.stringify(claim)).toString('base64url');
      return `blc_${text}.${macOf(text, hash).toString('base64url')}`;
    },
    read(token, hashOf) {
      const [, text, mac] = TOKEN.exec(token) ?? [];
      if (text === undefined || mac === undefined) return undefined;
      const claim = claimOf(text);
      const hash = claim && hashOf(claim.by);
      if (hash === undefined || !timingSafeEqual(Buffer.from(mac, 'base64url'), macOf(text, hash))) return undefined;
      return claim;
    },
  };
}

/** Claim of a token whose signature is not checked yet; undefined when it has another form. */
function claimOf(text: string): SessionClaim | undefined {
  try {
    const claim: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    if (!isObject(claim)) return undefined;
    const { id, scopes, by, until } = claim;
    const isValid =
      typeof id === 'string' &&
      Array.isArray(scopes) &&
      scopes.every((scope) => typeof scope === 'string') &&
      (by === undefined || typeof by === 'string') &&
      typeof until === 'number';
    return isValid ? { id, scopes, ...(by !== undefined && { by }), until } : undefined;
  } catch {
    return undefined;
  }
}
