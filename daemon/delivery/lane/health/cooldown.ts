import type { Clock } from '../../../lib/time/clock.ts';
import type { CheckpointStore } from '../../../store/store.ts';
import { retryWhileDiskFull } from '../../retry-disk-full.ts';
import type { LaneDeps } from '../deps.ts';

/** Stored form of a cooldown, in the checkpoints of the channel. */
interface StoredCooldown {
  /** RFC 3339. */
  readonly until: string;
  readonly reason: string;
  /** Fingerprint of the settings that the remote server limited. */
  readonly fingerprint: string;
}

/** Checkpoint key. */
const KEY = 'rest';

/** Time in which a channel sends nothing: its remote server limits the rate, or an internal error occurred. */
export class Cooldown {
  readonly #scope: string;
  readonly #checkpoints: CheckpointStore;
  readonly #clock: Clock;
  readonly #killed: AbortSignal;
  /** Monotonic milliseconds. */
  #until = 0;
  #reason = '';
  #isStored = false;

  constructor(channel: string, { store, clock, killed }: Pick<LaneDeps, 'store' | 'clock' | 'killed'>) {
    this.#scope = `channel:${channel}`;
    this.#checkpoints = store.checkpoints;
    this.#clock = clock;
    this.#killed = killed;
  }

  /** Continues a cooldown that a restart interrupted, for at most `maxMs`. Drops one that belongs to other settings. */
  async load(fingerprint: string, maxMs: number): Promise<void> {
    const text = (await this.#checkpoints.read(this.#scope)).get(KEY);
    if (text === undefined) {
      // Another instance has ended it.
      if (this.#isStored) this.#until = 0;
      this.#isStored = false;
      return;
    }
    const stored = JSON.parse(text) as StoredCooldown;
    const left = Math.min(Date.parse(stored.until) - this.#clock.now(), maxMs);
    this.#isStored = true;
    if (stored.fingerprint === fingerprint && left > 0) this.begin(left, stored.reason);
    else await this.end();
  }

  /** Milliseconds until its end; 0 when there is none. */
  get left(): number {
    return Math.max(0, this.#until - this.#clock.monotonic());
  }

  /** Its end in milliseconds since the epoch, and its reason; undefined when there is none. */
  get current(): { readonly until: number; readonly reason: string } | undefined {
    return this.left === 0 ? undefined : { until: this.#clock.now() + this.left, reason: this.#reason };
  }

  /** Begins a cooldown that a restart ends. Never shortens one. */
  begin(ms: number, reason: string): void {
    const until = this.#clock.monotonic() + ms;
    if (until <= this.#until) return;
    this.#until = until;
    this.#reason = reason;
  }

  /** Begins a cooldown that survives a restart. It is in force as soon as this returns its promise. */
  async beginStored(ms: number, reason: string, fingerprint: string): Promise<void> {
    this.begin(ms, reason);
    const { current } = this;
    if (current === undefined) return;
    this.#isStored = true;
    await this.#write({ until: new Date(current.until).toISOString(), reason: current.reason, fingerprint });
  }

  async end(): Promise<void> {
    this.#until = 0;
    if (!this.#isStored) return;
    this.#isStored = false;
    await this.#write(undefined);
  }

  async #write(stored: StoredCooldown | undefined): Promise<void> {
    const checkpoints = [{ key: KEY, value: stored === undefined ? null : JSON.stringify(stored) }];
    await retryWhileDiskFull(this.#clock, this.#killed, () => this.#checkpoints.write(this.#scope, checkpoints));
  }
}
