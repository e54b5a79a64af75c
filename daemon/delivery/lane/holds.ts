import type { Clock } from '../../lib/time/clock.ts';
import type { CheckpointStore } from '../../store/store.ts';
import { retryWhileDiskFull } from '../retry-disk-full.ts';
import type { LaneDeps, LaneState } from './deps.ts';

/** Checkpoint key of a channel that was removed from the rules while deliveries were pending; its value is the time of the removal, milliseconds since the epoch. */
export const REMOVED_KEY = 'removed';

/** Stored form of a hold, in the checkpoints of the channel. */
interface Hold {
  /** RFC 3339. */
  readonly at: string;
  readonly code?: string;
  readonly message?: string;
  /** Fingerprint of the settings that were refused; other settings get another attempt. */
  readonly fingerprint?: string;
}

/** Reasons why a lane sends nothing: an operator holds it, or its credentials were refused. Both survive a restart. */
export class Holds {
  readonly #scope: string;
  readonly #checkpoints: CheckpointStore;
  readonly #clock: Clock;
  readonly #killed: AbortSignal;
  #manual: Hold | undefined;
  #refused: Hold | undefined;

  constructor(channel: string, { store, clock, killed }: Pick<LaneDeps, 'store' | 'clock' | 'killed'>) {
    this.#scope = `channel:${channel}`;
    this.#checkpoints = store.checkpoints;
    this.#clock = clock;
    this.#killed = killed;
  }

  /** Reads the stored holds. Drops a refusal of other settings, and the removal of a channel that is back in the rules. */
  async load(fingerprint: string): Promise<void> {
    const checkpoints = await this.#checkpoints.read(this.#scope);
    const read = (key: string): Hold | undefined => {
      const text = checkpoints.get(key);
      return text === undefined ? undefined : (JSON.parse(text) as Hold);
    };
    this.#manual = read('held');
    this.#refused = read('misconfigured');
    if (this.#refused !== undefined && this.#refused.fingerprint !== fingerprint) await this.credentialsAccepted();
    if (checkpoints.has(REMOVED_KEY)) await this.#write(REMOVED_KEY, undefined);
  }

  state(isPaused: boolean): LaneState | undefined {
    if (this.#refused !== undefined) return 'misconfigured';
    return isPaused || this.#manual !== undefined ? 'paused' : undefined;
  }

  reason(isPaused: boolean): string | undefined {
    if (this.#refused !== undefined)
      return `${this.#refused.message} (${this.#refused.code}) since ${this.#refused.at}`;
    if (this.#manual !== undefined) return `held since ${this.#manual.at}`;
    return isPaused ? '`delivery.paused` in the rules' : undefined;
  }

  async hold(): Promise<void> {
    this.#manual ??= { at: this.#now() };
    await this.#write('held', this.#manual);
  }

  async release(): Promise<void> {
    this.#manual = undefined;
    await this.#write('held', undefined);
  }

  /** Returns true if the credentials were not refused before. */
  async credentialsRefused(code: string, message: string, fingerprint: string): Promise<boolean> {
    const isNew = this.#refused === undefined;
    this.#refused = { at: this.#refused?.at ?? this.#now(), code, message, fingerprint };
    if (isNew) await this.#write('misconfigured', this.#refused);
    return isNew;
  }

  /** Returns true if the credentials were refused before. */
  async credentialsAccepted(): Promise<boolean> {
    if (this.#refused === undefined) return false;
    this.#refused = undefined;
    await this.#write('misconfigured', undefined);
    return true;
  }

  #now(): string {
    return new Date(this.#clock.now()).toISOString();
  }

  async #write(key: string, hold: Hold | undefined): Promise<void> {
    const checkpoints = [{ key, value: hold === undefined ? null : JSON.stringify(hold) }];
    await retryWhileDiskFull(this.#clock, this.#killed, () => this.#checkpoints.write(this.#scope, checkpoints));
  }
}
