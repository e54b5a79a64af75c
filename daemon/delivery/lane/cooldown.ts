import type { Clock } from '../../lib/time/clock.ts';
import type { CheckpointStore } from '../../store/store.ts';
import type { LaneParts } from './deps.ts';
import { persist } from '../retry-disk-full.ts';

/** As it is kept in the marks of the channel. */
interface Kept {
  /** RFC 3339. */
  readonly until: string;
  readonly reason: string;
  /** The settings with which the far side was asked. */
  readonly fingerprint: string;
}

const KEY = 'rest';

/** A time in which nothing of a channel is sent: its far side limits the rate, or something failed here. */
export class Rest {
  readonly #scope: string;
  readonly #marks: CheckpointStore;
  readonly #clock: Clock;
  readonly #killed: AbortSignal;
  /** Monotonic milliseconds. */
  #until = 0;
  #reason = '';
  #kept = false;

  constructor(channel: string, { store, clock, killed }: Pick<LaneParts, 'store' | 'clock' | 'killed'>) {
    this.#scope = `channel:${channel}`;
    this.#marks = store.checkpoints;
    this.#clock = clock;
    this.#killed = killed;
  }

  /** Goes on with a rest that a restart interrupted; one with other settings than now is forgotten. `longest` in milliseconds. */
  async load(fingerprint: string, longest: number): Promise<void> {
    const text = (await this.#marks.read(this.#scope)).get(KEY);
    if (text === undefined) return;
    const { until, reason, fingerprint: asked } = JSON.parse(text) as Kept;
    const left = Math.min(Date.parse(until) - this.#clock.now(), longest);
    this.#kept = true;
    if (asked === fingerprint && left > 0) this.begin(left, reason);
    else await this.end();
  }

  /** Milliseconds that are left of it. */
  get left(): number {
    return Math.max(0, this.#until - this.#clock.monotonic());
  }

  /** Milliseconds since the epoch and why; undefined when it is over. */
  get present(): { readonly until: number; readonly reason: string } | undefined {
    return this.left === 0 ? undefined : { until: this.#clock.now() + this.left, reason: this.#reason };
  }

  /** Until the next start at most. A rest is never made shorter. */
  begin(ms: number, reason: string): void {
    const until = this.#clock.monotonic() + ms;
    if (until <= this.#until) return;
    this.#until = until;
    this.#reason = reason;
  }

  /** Also over a restart. Holds in memory when this returns its promise. */
  async beginKept(ms: number, reason: string, fingerprint: string): Promise<void> {
    this.begin(ms, reason);
    const { present } = this;
    if (present === undefined) return;
    this.#kept = true;
    await this.#keep({ until: new Date(present.until).toISOString(), reason: present.reason, fingerprint });
  }

  async end(): Promise<void> {
    this.#until = 0;
    if (!this.#kept) return;
    this.#kept = false;
    await this.#keep(undefined);
  }

  async #keep(kept: Kept | undefined): Promise<void> {
    const marks = [{ key: KEY, value: kept === undefined ? null : JSON.stringify(kept) }];
    await persist(this.#clock, this.#killed, () => this.#marks.write(this.#scope, marks));
  }
}
