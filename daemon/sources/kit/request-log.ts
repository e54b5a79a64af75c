import type { Clock } from '../../lib/time/clock.ts';
import { rfc3339 } from '../../lib/time/rfc3339.ts';
import type { RequestFacts, RequestRecord } from '../facts.ts';
import type { HookAnswer, HookRequest, RefusalLog } from '../source.ts';

/** Counts the requests to a source and remembers the last ones, for people who look for the reason why nothing arrives. */
export class RequestLog implements RefusalLog {
  readonly #clock: Clock;
  #accepted = 0;
  #refused = 0;
  #lastAccepted: RequestRecord | undefined;
  #lastRefused: RequestRecord | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Records the answer to a request, and returns it. */
  answered(request: Pick<HookRequest, 'remote'>, answer: HookAnswer): HookAnswer {
    const { status, body } = answer;
    if (status >= 400) this.refused(request, status, reasonOf(body));
    else {
      this.#accepted += 1;
      this.#lastAccepted = { at: rfc3339(this.#clock.now()), status, remote: request.remote };
    }
    return answer;
  }

  /** Records a request that was refused. */
  refused({ remote }: Pick<HookRequest, 'remote'>, status: number, reason: string | undefined): void {
    this.#refused += 1;
    const at = rfc3339(this.#clock.now());
    this.#lastRefused = { at, status, remote, ...(reason !== undefined && { reason }) };
  }

  get facts(): Omit<RequestFacts, 'path' | 'methods' | 'verified'> {
    return {
      accepted: this.#accepted,
      refused: this.#refused,
      ...(this.#lastAccepted && { last_accepted: this.#lastAccepted }),
      ...(this.#lastRefused && { last_refused: this.#lastRefused }),
    };
  }
}

/** The `detail` of problem details. */
function reasonOf(body: unknown): string | undefined {
  const { detail } = typeof body === 'object' && body !== null ? (body as { detail?: unknown }) : {};
  return typeof detail === 'string' ? detail : undefined;
}
