import type { Clock } from '../../lib/time/clock.ts';
import type { CheckpointStore } from '../../store/store.ts';
import type { Hold, LaneParts, LaneState } from './deps.ts';
import { persist } from '../retry-disk-full.ts';

/** When a channel that still owes something left the rules, milliseconds since the epoch; a mark of the channel like its holds. */
export const REMOVED_MARK = 'removed';

/** Why a lane sends nothing: a person holds it, or its credentials were refused. Both outlive a restart. */
export class Holds {
  readonly #scope: string;
  readonly #marks: CheckpointStore;
  readonly #clock: Clock;
  readonly #killed: AbortSignal;
  #byHand: Hold | undefined;
  #refused: Hold | undefined;

  constructor(channel: string, { store, clock, killed }: Pick<LaneParts, 'store' | 'clock' | 'killed'>) {
    this.#scope = `channel:${channel}`;
    this.#marks = store.checkpoints;
    this.#clock = clock;
    this.#killed = killed;
  }

  /** Reads what outlived a restart. Forgets what was refused with other settings than now, and that the channel was not in the rules. */
  async load(fingerprint: string): Promise<void> {
    const marks = await this.#marks.read(this.#scope);
    const read = (key: string): Hold | undefined => {
      const text = marks.get(key);
      return text === undefined ? undefined : (JSON.parse(text) as Hold);
    };
    this.#byHand = read('held');
    this.#refused = read('misconfigured');
    if (this.#refused !== undefined && this.#refused.fingerprint !== fingerprint) await this.trusted();
    if (marks.has(REMOVED_MARK)) await this.#keep(REMOVED_MARK, undefined);
  }

  state(paused: boolean): LaneState | undefined {
    if (this.#refused !== undefined) return 'misconfigured';
    return paused || this.#byHand !== undefined ? 'paused' : undefined;
  }

  reason(paused: boolean): string | undefined {
    if (this.#refused !== undefined)
      return `${this.#refused.message} (${this.#refused.code}) since ${this.#refused.at}`;
    if (this.#byHand !== undefined) return `held since ${this.#byHand.at}`;
    return paused ? '`delivery.paused` in the rules' : undefined;
  }

  async holdByHand(): Promise<void> {
    this.#byHand ??= { at: this.#now() };
    await this.#keep('held', this.#byHand);
  }

  async releaseByHand(): Promise<void> {
    this.#byHand = undefined;
    await this.#keep('held', undefined);
  }

  /** true: this is news. */
  async refused(code: string, message: string, fingerprint: string): Promise<boolean> {
    const news = this.#refused === undefined;
    this.#refused = { at: this.#refused?.at ?? this.#now(), code, message, fingerprint };
    if (news) await this.#keep('misconfigured', this.#refused);
    return news;
  }

  /** The credentials were accepted, or are others now. true: this is news. */
  async trusted(): Promise<boolean> {
    if (this.#refused === undefined) return false;
    this.#refused = undefined;
    await this.#keep('misconfigured', undefined);
    return true;
  }

  #now(): string {
    return new Date(this.#clock.now()).toISOString();
  }

  async #keep(key: string, hold: Hold | undefined): Promise<void> {
    const marks = [{ key, value: hold === undefined ? null : JSON.stringify(hold) }];
    await persist(this.#clock, this.#killed, () => this.#marks.write(this.#scope, marks));
  }
}
