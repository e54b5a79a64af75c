import type { Token } from '../../core/ruleset.ts';
import { expiryState } from '../../core/time/expiry.ts';
import type { ConsoleSessionView, IdentityApi, TokenView } from '../../http/daemon-api.ts';
import type { Clock } from '../../lib/time/clock.ts';
import { rfc3339 } from '../../lib/time/rfc3339.ts';
import type { LastUses } from './last-uses.ts';
import type { Session, Sessions } from './sessions.ts';

export interface IdentityDeps {
  /** Tokens of the live rules, or else that of the first start. */
  readonly tokens: () => readonly Token[];
  /** Whether the live rules have tokens. */
  readonly hasOwn: () => boolean;
  readonly sessions: Sessions;
  readonly uses: LastUses;
  readonly clock: Pick<Clock, 'now'>;
}

/** The hash is part of the key, so that a new token under an old name was never used. */
const keyOfToken = ({ name, hash }: Token): string => `token:${hash.slice(0, 16)}:${name}`;
const keyOfSession = (id: string): string => `session:${id}`;

/** Tokens and sessions with their uses. */
export function openIdentity({ tokens, hasOwn, sessions, uses, clock }: IdentityDeps): IdentityApi {
  const tokenView = async (token: Token): Promise<TokenView> => {
    const { name, scopes, expires } = token;
    const used = await uses.of(keyOfToken(token));
    return {
      name,
      scopes,
      state: expiryState(token, clock.now()),
      origin: hasOwn() ? 'rules' : 'state',
      ...(expires !== undefined && { expires: rfc3339(expires) }),
      ...(used !== undefined && { last_used: used }),
    };
  };
  const sessionView = async ({ since, until, ...session }: Session): Promise<ConsoleSessionView> => {
    const used = await uses.of(keyOfSession(session.id));
    return { ...session, since: rfc3339(since), until: rfc3339(until), ...(used !== undefined && { last_used: used }) };
  };
  return {
    used({ name, session }, address) {
      const token = session === undefined ? tokens().find((one) => one.name === name) : undefined;
      const key = session === undefined ? token && keyOfToken(token) : keyOfSession(session.id);
      if (key !== undefined) uses.note(key, address);
    },
    async list() {
      return {
        tokens: await Promise.all(tokens().map(tokenView)),
        sessions: await Promise.all(sessions.list().map(sessionView)),
      };
    },
    async endSession(id) {
      const isEnded = await sessions.end(id);
      if (isEnded) await uses.forget(keyOfSession(id));
      return isEnded;
    },
  };
}

/** One line for each token that ends within 14 days or has ended. */
export function expiryNotes(tokens: readonly Token[], now: number): readonly string[] {
  return tokens.flatMap((token) => {
    const state = expiryState(token, now);
    if (state === 'valid' || token.expires === undefined) return [];
    const when = rfc3339(token.expires);
    return state === 'expired'
      ? [`the token ${token.name} expired at ${when}: requests with it are refused`]
      : [`the token ${token.name} expires at ${when}`];
  });
}
