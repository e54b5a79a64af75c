import { connect } from 'node:net';
import type { Endpoint } from '../../core/problems/failure.ts';
import type { Clock } from '../../lib/time/clock.ts';

/** The wait before the next check is a tenth of the outage so far, within these; milliseconds. */
const SHORTEST_WAIT = 500;
const LONGEST_WAIT = 10_000;
const SHARE = 0.1;
const JITTER = 0.2;
/** For a connection to be made. */
const PATIENCE = 2000;

export interface TcpCheckParts {
  readonly clock: Clock;
  /** [0, 1) */
  readonly random: () => number;
  /** A connection was taken. It is checked no more. */
  readonly listens: () => void;
}

/**
 * Finds out that somebody listens again where connections were refused. It opens a connection and closes it, which costs the
 * far side less than a request does, so it may come sooner than the next probe: an outage ends for us a tenth of its length
 * after it has ended.
 */
export class TcpCheck {
  readonly #parts: TcpCheckParts;
  #since: number | undefined;
  #endpoints: readonly Endpoint[] = [];
  #cancel: (() => void) | undefined;
  #running = new AbortController();

  constructor(parts: TcpCheckParts) {
    this.#parts = parts;
  }

  /** Until one of them listens, or `stop`. */
  watch(endpoints: readonly Endpoint[]): void {
    const now = this.#parts.clock.monotonic();
    this.#since ??= now;
    this.#endpoints = endpoints;
    if (this.#cancel !== undefined) return;
    const wait = Math.min(Math.max(SHORTEST_WAIT, (now - this.#since) * SHARE), LONGEST_WAIT);
    const jittered = wait * (1 - JITTER + 2 * JITTER * this.#parts.random());
    this.#cancel = this.#parts.clock.after(jittered, () => void this.#check());
  }

  /** The outage is over, or it is none of this kind any more. */
  stop(): void {
    // Every answer says so; hardly any ends an outage.
    if (this.#since === undefined) return;
    this.#cancel?.();
    this.#cancel = undefined;
    this.#since = undefined;
    this.#running.abort();
    this.#running = new AbortController();
  }

  async #check(): Promise<void> {
    const { signal } = this.#running;
    const answers = await Promise.all(this.#endpoints.map((endpoint) => listensAt(endpoint, signal)));
    if (signal.aborted) return;
    this.#cancel = undefined;
    if (answers.includes(true)) this.#parts.listens();
    else this.watch(this.#endpoints);
  }
}

function listensAt({ address, port }: Endpoint, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, signal, timeout: PATIENCE });
    const end = (listens: boolean) => (): void => {
      socket.destroy();
      resolve(listens);
    };
    socket.once('connect', end(true)).once('timeout', end(false)).once('error', end(false));
  });
}
