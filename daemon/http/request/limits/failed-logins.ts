import { clientNetwork } from '../../../core/values/network.ts';
import type { Clock } from '../../../lib/time/clock.ts';
import type { LoginWay, RefusedLogin } from '../../api/audit.ts';
import type { Metrics } from '../../metrics.ts';
import { HttpProblem } from '../../problem.ts';

/** Wrong credentials of one address that are answered in a minute; further ones get 429. */
export const MAX_WRONG = 10;
const WINDOW_MS = 60_000;
/** Addresses that are counted; with more, the oldest is forgotten. */
const MAX_ADDRESSES = 10_000;
/** All addresses of the loopback together: programs of this machine, and clients behind a proxy on it. */
const LOOPBACK = 'loopback';

interface Window {
  readonly start: number;
  count: number;
}

export interface FailedLoginsDeps {
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly metrics: Pick<Metrics, 'loginRefused'>;
  /** Adds a refusal to the audit log. */
  readonly onRefused: (refused: RefusedLogin) => void;
}

/**
 * Counts wrong credentials by address, on every way in together. Right ones always pass, so that nobody locks out people who share an
 * address or come through a proxy. So the limit bounds the work and the log lines of guesses; the length of a token is what keeps them out,
 * and the doctor warns of short ones.
 */
export class FailedLogins {
  readonly #deps: FailedLoginsDeps;
  readonly #windows = new Map<string, Window>();

  constructor(deps: FailedLoginsDeps) {
    this.#deps = deps;
  }

  /** Counts a wrong credential. Returns the seconds after which the address may try again, 0 if it may at once. */
  count(refused: RefusedLogin): number {
    this.note(refused);
    // The mode of the socket file restricts who can connect.
    if (refused.address === undefined) return 0;
    const network = clientNetwork(refused.address) ?? LOOPBACK;
    const now = this.#deps.clock.monotonic();
    const window = this.#windowOf(network, now);
    window.count += 1;
    if (window.count <= MAX_WRONG) return 0;
    return Math.max(1, Math.ceil((window.start + WINDOW_MS - now) / 1000));
  }

  /** Records a refusal that is no attempt to guess, such as one for the scope. */
  note(refused: RefusedLogin): void {
    this.#deps.metrics.loginRefused(refused.way, refused.reason);
    this.#deps.onRefused(refused);
  }

  /** The problem for a wrong credential: 429 when its address had too many, else the given one. */
  problem(refused: RefusedLogin, wrong: HttpProblem): HttpProblem {
    const wait = this.count(refused);
    return wait === 0 ? wrong : limited(wait);
  }

  #windowOf(network: string, now: number): Window {
    const known = this.#windows.get(network);
    if (known !== undefined && now - known.start < WINDOW_MS) return known;
    const window = { start: now, count: 0 };
    this.#windows.delete(network);
    if (this.#windows.size >= MAX_ADDRESSES) {
      const [oldest] = this.#windows.keys();
      this.#windows.delete(oldest!);
    }
    this.#windows.set(network, window);
    return window;
  }
}

/** The problem for an address that had too many. */
export const limited = (seconds: number): HttpProblem =>
  new HttpProblem(429, 'auth.limited', `too many wrong tokens from this address; try again in ${seconds} s`, {
    headers: { 'retry-after': String(seconds) },
  });

/** IP address of a client; undefined on the Unix socket. An IPv4 address is written as such on an IPv6 listener, too. */
export function addressOf({
  socket,
}: {
  readonly socket: { readonly remoteAddress?: string | undefined };
}): string | undefined {
  return socket.remoteAddress?.replace(/^::ffff:(?=\d+\.)/, '');
}

/** Refused login by a request. */
export const refusedBy = (
  request: Parameters<typeof addressOf>[0],
  way: LoginWay,
  reason: RefusedLogin['reason'] = 'unknown',
  name?: string,
): RefusedLogin => {
  const address = addressOf(request);
  return { way, reason, ...(name !== undefined && { name }), ...(address !== undefined && { address }) };
};
