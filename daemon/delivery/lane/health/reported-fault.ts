import type { Clock } from '../../../lib/time/clock.ts';
import type { CheckpointStore } from '../../../store/store.ts';
import { retryWhileDiskFull } from '../../retry-disk-full.ts';
import type { LaneDeps } from '../deps.ts';

/** Stored form of a reported fault, in the checkpoints of the channel. */
interface Fault {
  readonly kind: 'failing' | 'misconfigured';
  /** RFC 3339. */
  readonly since: string;
}

/** Checkpoint key. */
const KEY = 'fault';

/**
 * Fault of a channel that an event has reported, until the event about its end. It is stored, so that its end is also reported
 * after a restart and after an edit of the settings.
 */
export class ReportedFault {
  readonly #scope: string;
  readonly #checkpoints: CheckpointStore;
  readonly #clock: Clock;
  readonly #killed: AbortSignal;
  #current: Fault | undefined;

  constructor(channel: string, { store, clock, killed }: Pick<LaneDeps, 'store' | 'clock' | 'killed'>) {
    this.#scope = `channel:${channel}`;
    this.#checkpoints = store.checkpoints;
    this.#clock = clock;
    this.#killed = killed;
  }

  async load(): Promise<void> {
    const text = (await this.#checkpoints.read(this.#scope)).get(KEY);
    this.#current = text === undefined ? undefined : (JSON.parse(text) as Fault);
  }

  /** Undefined if no fault was reported, or if its end was reported too. */
  get current(): Fault | undefined {
    return this.#current;
  }

  async begin(fault: Fault): Promise<void> {
    this.#current = fault;
    await this.#write(JSON.stringify(fault));
  }

  async end(): Promise<void> {
    this.#current = undefined;
    await this.#write(null);
  }

  async #write(value: string | null): Promise<void> {
    await retryWhileDiskFull(this.#clock, this.#killed, () =>
      this.#checkpoints.write(this.#scope, [{ key: KEY, value }]),
    );
  }
}
