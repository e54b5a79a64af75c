import type { HoldRequest, ManualHold } from '../../../core/delivery/hold.ts';
import { rfc3339 } from '../../../lib/time/rfc3339.ts';
import type { Clock } from '../../../lib/time/clock.ts';
import type { Log } from '../../../lib/log.ts';
import type { CheckpointStore } from '../../../store/store.ts';
import { retryWhileDiskFull } from '../../retry-disk-full.ts';
import type { HealthStatus, LaneDeps } from '../deps.ts';

/** Checkpoint key of a channel that was removed from the rules while deliveries were pending; its value is the time of the removal, milliseconds since the epoch. */
export const REMOVED_KEY = 'removed';

/** Stored form of a refusal of the credentials, in the checkpoints of the channel. */
interface Refusal {
  /** RFC 3339. */
  readonly at: string;
  readonly code: string;
  readonly message: string;
  /** Fingerprint of the settings that were refused; other settings get another attempt. */
  readonly fingerprint: string;
}

/** Reasons why a lane sends nothing: an operator holds it, or its credentials were refused. Both survive a restart. */
export class Holds {
  readonly #channel: string;
  readonly #checkpoints: CheckpointStore;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #killed: AbortSignal;
  readonly #onEnded: () => void;
  #manual: ManualHold | undefined;
  #refused: Refusal | undefined;
  #cancelEnd: () => void = () => {};

  /** `onEnded` is called when a hold has ended by itself. */
  constructor(
    channel: string,
    { store, clock, log, killed }: Pick<LaneDeps, 'store' | 'clock' | 'log' | 'killed'>,
    onEnded: () => void,
  ) {
    this.#channel = channel;
    this.#checkpoints = store.checkpoints;
    this.#clock = clock;
    this.#log = log;
    this.#killed = killed;
    this.#onEnded = onEnded;
  }

  /** Reads the stored holds. Drops a refusal of other settings, and the removal of a channel that is back in the rules. */
  async load(fingerprint: string): Promise<void> {
    const checkpoints = await this.#checkpoints.read(this.#scope);
    const read = (key: string): unknown => {
      const text = checkpoints.get(key);
      return text === undefined ? undefined : JSON.parse(text);
    };
    this.#manual = read('held') as ManualHold | undefined;
    this.#refused = read('misconfigured') as Refusal | undefined;
    if (this.#refused !== undefined && this.#refused.fingerprint !== fingerprint) await this.credentialsAccepted();
    if (checkpoints.has(REMOVED_KEY)) await this.#write(REMOVED_KEY, undefined);
    this.#planEnd();
  }

  /** Cancels the timer of a hold that would end by itself. */
  close(): void {
    this.#cancelEnd();
  }

  /** State and reason while the lane is held; undefined when it is not. */
  status(isPaused: boolean): HealthStatus | undefined {
    const manual = this.#isInForce ? this.#manual : undefined;
    const refused = this.#refused;
    if (refused !== undefined) {
      const also = manual === undefined ? '' : `; also ${textOf(manual)}`;
      const reason = `${refused.message} (${refused.code}) since ${refused.at}${also}`;
      return { state: 'misconfigured', reason, code: refused.code, since: refused.at };
    }
    if (manual !== undefined) {
      const { at, until } = manual;
      return { state: 'paused', reason: textOf(manual), since: at, ...(until !== undefined && { until }) };
    }
    return isPaused ? { state: 'paused', reason: '`delivery.paused` in the rules' } : undefined;
  }

  /** Holds the lane. A hold in force keeps its beginning and gets the rest of the new request. */
  async hold({ ms, by, reason }: HoldRequest): Promise<ManualHold> {
    const now = this.#clock.now();
    const at = this.#isInForce ? this.#manual!.at : rfc3339(now);
    const hold: ManualHold = {
      at,
      ...(ms !== undefined && { until: rfc3339(now + ms) }),
      ...(by !== undefined && { by }),
      ...(reason !== undefined && { reason }),
    };
    this.#manual = hold;
    this.#log.info(hold, `${this.#channel}: held`);
    await this.#write('held', hold);
    this.#planEnd();
    return hold;
  }

  async release(by: string | undefined): Promise<void> {
    if (this.#manual !== undefined) this.#log.info({ by }, `${this.#channel}: released`);
    this.#manual = undefined;
    this.#cancelEnd();
    await this.#write('held', undefined);
  }

  get areCredentialsRefused(): boolean {
    return this.#refused !== undefined;
  }

  /** Returns true if the credentials were not refused before. */
  async credentialsRefused(code: string, message: string, fingerprint: string): Promise<boolean> {
    const isNew = this.#refused === undefined;
    this.#refused = { at: this.#refused?.at ?? rfc3339(this.#clock.now()), code, message, fingerprint };
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

  get #scope(): string {
    return `channel:${this.#channel}`;
  }

  get #isInForce(): boolean {
    return this.#manual !== undefined && this.#left(this.#manual) > 0;
  }

  /** Milliseconds until the hold ends by itself. */
  #left({ until }: ManualHold): number {
    return until === undefined ? Number.POSITIVE_INFINITY : Date.parse(until) - this.#clock.now();
  }

  #planEnd(): void {
    this.#cancelEnd();
    if (this.#manual?.until === undefined) return;
    this.#cancelEnd = this.#clock.after(Math.max(0, this.#left(this.#manual)), () => void this.#endByItself());
  }

  /** Ends the hold whose time is over. If the wall clock went back, it waits for the rest. */
  async #endByItself(): Promise<void> {
    if (this.#isInForce) return this.#planEnd();
    this.#log.info(this.#manual ?? {}, `${this.#channel}: the hold is over`);
    this.#manual = undefined;
    this.#onEnded();
    await this.#write('held', undefined).catch((error: unknown) =>
      // The stored hold has an end, so it is not in force after a restart either.
      this.#log.warn({ error: (error as Error).message }, `${this.#channel}: the end of the hold was not stored`),
    );
  }

  async #write(key: string, value: object | undefined): Promise<void> {
    const checkpoints = [{ key, value: value === undefined ? null : JSON.stringify(value) }];
    await retryWhileDiskFull(this.#clock, this.#killed, () => this.#checkpoints.write(this.#scope, checkpoints));
  }
}

function textOf({ at, until, by, reason }: ManualHold): string {
  const who = by === undefined ? '' : ` by ${by}`;
  const end = until === undefined ? '' : ` until ${until}`;
  return `held since ${at}${end}${who}${reason === undefined ? '' : `: ${reason}`}`;
}
