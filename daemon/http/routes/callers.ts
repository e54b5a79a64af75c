import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../lib/time/clock.ts';
import type { DaemonApi } from '../daemon-api.ts';
import { HttpProblem } from '../problem.ts';
import {
  bearerOf,
  checkToken,
  isStillValid,
  NO_SCOPE,
  SOCKET_CALLER,
  subprotocolToken,
  unauthorized,
} from '../request/auth.ts';
import { addressOf, type FailedLogins, refusedBy } from '../request/limits/failed-logins.ts';
import type { Target } from '../request/target.ts';
import { TokenRates } from '../request/token-rates.ts';
import type { Caller, StreamServer } from '../stream/stream-server.ts';

export interface CallersDeps {
  readonly daemon: Pick<DaemonApi, 'tokens' | 'console' | 'identity'>;
  readonly stream: Pick<StreamServer, 'redeem'>;
  readonly clock: Clock;
  readonly logins: FailedLogins;
}

/** Finds out who sent a request, and notes the uses and the refusals of tokens. */
export class Callers {
  readonly #deps: CallersDeps;
  readonly #rates: TokenRates;

  constructor(deps: CallersDeps) {
    this.#deps = deps;
    this.#rates = new TokenRates(deps.clock);
  }

  /** Undefined for a request without a token. Throws 401 for a wrong one, 429 for one too many, and 429 above the rate of the token. */
  of(
    request: IncomingMessage,
    url: Target,
    { trusted, mayHaveTicket }: { readonly trusted: boolean; readonly mayHaveTicket: boolean },
  ): Caller | undefined {
    const { daemon, stream, clock, logins } = this.#deps;
    const ticket = mayHaveTicket ? url.searchParams.get('ticket') : null;
    if (ticket !== null) {
      const holder = stream.redeem(ticket);
      if (holder === undefined) throw logins.problem(refusedBy(request, 'ticket'), unauthorized());
      return { name: `ticket of ${holder.user}`, scopes: [], ...holder };
    }
    const token = bearerOf(request) ?? subprotocolToken(request);
    if (token === undefined) return trusted ? SOCKET_CALLER : undefined;
    const checked = checkToken(token, daemon, clock.now());
    if (checked.caller === undefined)
      throw logins.problem(refusedBy(request, 'token', checked.reason, checked.name), unauthorized());
    daemon.identity.used(checked.caller, addressOf(request));
    this.#rates.take(checked.caller);
    const { caller } = checked;
    return { ...caller, isValid: () => isStillValid(caller, token, daemon, clock.now()) };
  }

  /** Records that a token was refused for its scope. */
  noteRefusal(request: IncomingMessage, caller: Caller | undefined, error: unknown): void {
    if (!(error instanceof HttpProblem) || error.code !== NO_SCOPE || caller === undefined) return;
    this.#deps.logins.note(refusedBy(request, 'token', 'scope', caller.name));
  }
}
