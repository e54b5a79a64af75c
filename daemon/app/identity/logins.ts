import { randomBytes } from 'node:crypto';
import type { Token } from '../../core/ruleset.ts';
import { isExpired } from '../../core/time/expiry.ts';
import type { ConsoleApi } from '../../http/daemon-api.ts';
import type { Clock } from '../../lib/time/clock.ts';
import { Tickets } from '../../lib/secrets/tickets.ts';
import type { SessionClaim, SessionTokens } from './session-token.ts';
import type { Sessions } from './sessions.ts';

export interface LoginsDeps {
  readonly sessions: SessionTokens;
  readonly known: Sessions;
  /** Tokens of the API that are valid now. */
  readonly tokens: () => readonly Token[];
  /** `daemon.console` of the live rules. */
  readonly isOn: () => boolean;
  readonly clock: Clock;
}

/** Value of a ticket. */
interface Grant {
  readonly claim: Omit<SessionClaim, 'id'>;
  /** Hash of the token that made it. */
  readonly hash: string | undefined;
}

const TICKET_SECONDS = 60;
const ID_BYTES = 12;
const SESSION_MS = 12 * 60 * 60_000;

/** Logins of the web console: tickets in memory, and signed session tokens. */
export function consoleLogins({ sessions, known, tokens, isOn, clock }: LoginsDeps): ConsoleApi {
  const tickets = new Tickets<Grant>(clock, TICKET_SECONDS);
  /** A session ends when the token that made its ticket is removed, changed, has expired, or may make no tickets any more. */
  const hashOf = (by: string | undefined): string | undefined => {
    if (by === undefined) return '';
    const maker = tokens().find(({ name, scopes }) => name === by && scopes.includes('admin'));
    return maker === undefined || isExpired(maker, clock.now()) ? undefined : maker.hash;
  };
  return {
    isOn,
    ticket(scopes, { name, isSocket, session }) {
      // A session cannot prolong itself: the sessions that it makes end when it does.
      const by = session === undefined ? (isSocket === true ? undefined : name) : session.by;
      const until = session?.until ?? Number.MAX_SAFE_INTEGER;
      return tickets.issue({ claim: { scopes, ...(by !== undefined && { by }), until }, hash: hashOf(by) });
    },
    async login(ticket, address) {
      const { claim, hash } = tickets.redeem(ticket) ?? {};
      const now = clock.now();
      if (claim === undefined || hash === undefined || hash !== hashOf(claim.by) || claim.until <= now)
        return undefined;
      // In hex, as an id that begins with `-` would be an option of `belfry token end`.
      const id = randomBytes(ID_BYTES).toString('hex');
      const session = { ...claim, id, until: Math.min(claim.until, now + SESSION_MS) };
      await known.add({ ...session, since: now, ...(address !== undefined && { address }) });
      const expires_in = Math.floor((session.until - now) / 1000);
      return { id, token: sessions.sign(session, hash), ...holderOf(session), expires_in };
    },
    caller(token) {
      const claim = isOn() ? sessions.read(token, hashOf) : undefined;
      if (claim === undefined || claim.until <= clock.now() || !known.has(claim.id)) return undefined;
      const { id, by, until } = claim;
      return { ...holderOf(claim), session: { id, until, ...(by !== undefined && { by }) } };
    },
  };
}

/** Name of a session for the record, and its rights: `console of ann`. */
function holderOf({ by = 'socket', scopes }: SessionClaim): {
  readonly name: string;
  readonly scopes: readonly string[];
} {
  return { name: `console of ${by}`, scopes };
}
