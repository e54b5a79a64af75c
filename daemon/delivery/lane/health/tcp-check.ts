import { connect } from 'node:net';
import type { Endpoint } from '../../../core/problems/failure.ts';
import { onAbort } from '../../../lib/async/abort.ts';
import type { Clock } from '../../../lib/time/clock.ts';

/** The wait before the next check is this share of the outage so far, within the bounds below. */
const SHARE_OF_OUTAGE = 0.1;
const MIN_WAIT_MS = 500;
const MAX_WAIT_MS = 10_000;
const JITTER = 0.2;
const CONNECT_TIMEOUT_MS = 2000;

export interface TcpCheckDeps {
  readonly clock: Clock;
  /** [0, 1) */
  readonly random: () => number;
  /** Called when a connection was accepted. The checks have ended then. */
  readonly onListening: () => void;
}

/**
 * Checks whether a server that refused connections listens again: opens a connection and closes it. This costs the server less
 * than a request, so checks may be more frequent than probes. Sending resumes within a tenth of the length of the outage.
 */
export class TcpCheck {
  readonly #deps: TcpCheckDeps;
  #since: number | undefined;
  #endpoints: readonly Endpoint[] = [];
  #cancel: (() => void) | undefined;
  #running = new AbortController();

  constructor(deps: TcpCheckDeps) {
    this.#deps = deps;
  }

  /** Checks until one of the endpoints listens, or until `stop`. */
  watch(endpoints: readonly Endpoint[]): void {
    const now = this.#deps.clock.monotonic();
    this.#since ??= now;
    this.#endpoints = endpoints;
    if (this.#cancel !== undefined) return;
    const wait = Math.min(Math.max(MIN_WAIT_MS, (now - this.#since) * SHARE_OF_OUTAGE), MAX_WAIT_MS);
    const jittered = wait * (1 - JITTER + 2 * JITTER * this.#deps.random());
    this.#cancel = this.#deps.clock.after(jittered, () => void this.#check());
  }

  /** Called when the outage is over, or when connections are no longer refused. */
  stop(): void {
    // `stop` is called after every attempt, but seldom during an outage.
    if (this.#since === undefined) return;
    this.#cancel?.();
    this.#cancel = undefined;
    this.#since = undefined;
    this.#running.abort();
    this.#running = new AbortController();
  }

  async #check(): Promise<void> {
    const { signal } = this.#running;
    const answers = await Promise.all(this.#endpoints.map((endpoint) => isListening(endpoint, signal)));
    if (signal.aborted) return;
    this.#cancel = undefined;
    if (answers.includes(true)) this.#deps.onListening();
    else this.watch(this.#endpoints);
  }
}

function isListening({ address, port }: Endpoint, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    // With its own option `signal`, Node.js would keep each socket until the signal aborts, which is the end of the outage.
    const socket = connect({ host: address, port, timeout: CONNECT_TIMEOUT_MS });
    const end = (listens: boolean) => (): void => {
      removeListener();
      socket.destroy();
      resolve(listens);
    };
    const removeListener = onAbort(signal, end(false));
    socket.once('connect', end(true)).once('timeout', end(false)).once('error', end(false));
  });
}
