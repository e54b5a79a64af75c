import { CHANNEL_REMOVED, type DeadReason, EXPIRED, isExpired, UNACKNOWLEDGED } from '../core/delivery/dead-reason.ts';
import type { Delivery } from '../core/delivery/delivery.ts';
import { rfc3339 } from '../lib/time/rfc3339.ts';
import { deadLetter } from './dead-letters/dead-letter.ts';
import type { LaneDeps, LaneStatus } from './lane/deps.ts';
import { REMOVED_KEY } from './lane/health/holds.ts';
import { RunLoop, WakeTimer } from './lane/run-loop.ts';
import { retryWhileDiskFull } from './retry-disk-full.ts';

/** Time for which deliveries of a removed channel wait for it to come back. */
const MAX_ABSENCE_MS = 24 * 60 * 60_000;
const CLAIM_BATCH = 64;
const RETRY_MS = 60_000;
const ANY_TIME = Number.MAX_SAFE_INTEGER;

/**
 * Channel that was removed from the rules while deliveries were pending. They wait, and expire like those of a held channel; after
 * `MAX_ABSENCE_MS` they become dead letters. The time of the removal is stored, so a restart does not restart the wait.
 */
export class RemovedChannel {
  readonly name: string;
  readonly #deps: LaneDeps;
  readonly #onDrained: () => void;
  readonly #wakeTimer: WakeTimer;
  readonly #loop = new RunLoop({
    runRound: () => this.#runRound(),
    onError: (error) => this.#onError(error),
    onIdle: () => this.#setWakeTimer(),
  });
  #type: string;
  #since: number | undefined;
  #isSinceStored = false;
  #loading: Promise<void> | undefined;
  #isLoaded = false;
  #isEnded = false;
  #isRetrying = false;

  /** `type` is empty if only the stored deliveries have it. `onDrained` is called when no delivery is left. */
  constructor(channel: { readonly name: string; readonly type: string }, deps: LaneDeps, onDrained: () => void) {
    this.name = channel.name;
    this.#type = channel.type;
    this.#deps = deps;
    this.#onDrained = onDrained;
    this.#wakeTimer = new WakeTimer(deps.clock, () => this.wake());
  }

  /** Resolves when its status is known. Then deliveries whose time is over end. */
  async start(before: Promise<void>): Promise<void> {
    this.#loading = before.then(() => this.#load());
    // The first round loads again, and reports the error.
    await this.#loading.catch(() => undefined);
    this.#isLoaded = true;
    this.wake();
  }

  wake(): void {
    if (this.#isLoaded && !this.#isEnded) this.#loop.wake();
  }

  status(): LaneStatus {
    const { pending, sending } = this.#counts ?? { pending: 0, sending: 0 };
    const since = this.#since ?? this.#deps.clock.now();
    return {
      name: this.name,
      type: this.#type,
      state: 'removed',
      reason: `not in the rules since ${rfc3339(since)}; its deliveries become dead letters at ${rfc3339(since + MAX_ABSENCE_MS)}`,
      since: rfc3339(since),
      pending: 0,
      sending,
      held: pending,
    };
  }

  /** Ends no more deliveries, because the channel is back or the daemon stops. Resolves when the round has ended. */
  async end(): Promise<void> {
    this.#isEnded = true;
    this.#wakeTimer.cancel();
    await this.#loading?.catch(() => undefined);
    await this.#loop.running;
  }

  get #counts(): { readonly pending: number; readonly sending: number } | undefined {
    return this.#deps.store.deliveries.counts().byChannel.get(this.name);
  }

  async #runRound(): Promise<void> {
    this.#isRetrying = false;
    await this.#load();
    if (!this.#isSinceStored) await this.#storeSince();
    await this.#endOverdue(this.#since! + MAX_ABSENCE_MS);
    if (this.#isEnded || this.#counts !== undefined) return;
    await this.#writeCheckpoint(null);
    if (this.#counts === undefined) return this.#onDrained();
    // A delivery was released meanwhile, and has woken the next round.
    this.#since = undefined;
    this.#isSinceStored = false;
  }

  /** Reads the time of the removal (now if none is stored) and the type. */
  async #load(): Promise<void> {
    const { store, clock } = this.#deps;
    if (this.#since === undefined) {
      const stored = (await store.checkpoints.read(`channel:${this.name}`)).get(REMOVED_KEY);
      this.#isSinceStored = stored !== undefined;
      this.#since = stored === undefined ? clock.now() : Number(stored);
    }
    this.#type ||= await this.#storedType();
  }

  async #storeSince(): Promise<void> {
    const since = this.#since!;
    await this.#writeCheckpoint(String(since));
    this.#isSinceStored = true;
    this.#deps.log.warn(
      { deliveries: this.#counts?.pending, until: rfc3339(since + MAX_ABSENCE_MS) },
      `${this.name}: no longer in the rules; its deliveries wait for it, then become dead letters`,
    );
  }

  #writeCheckpoint(value: string | null): Promise<void> {
    const { store, clock, killed } = this.#deps;
    const checkpoints = [{ key: REMOVED_KEY, value }];
    return retryWhileDiskFull(clock, killed, () => store.checkpoints.write(`channel:${this.name}`, checkpoints));
  }

  /** Claims one delivery to read the type of its channel, and releases it. */
  async #storedType(): Promise<string> {
    const { deliveries } = this.#deps.store;
    const options = { limit: 1, now: ANY_TIME };
    const claimed = [
      ...(await deliveries.claim(this.name, { ...options, ordered: false })),
      ...(await deliveries.claimExpired(this.name, options)),
    ];
    deliveries.release(claimed.map(({ id }) => id));
    return claimed[0]?.channelType ?? '';
  }

  /** Ends deliveries that have expired, and all of them once `deadline` has passed. */
  async #endOverdue(deadline: number): Promise<void> {
    const { deliveries } = this.#deps.store;
    for (;;) {
      const now = this.#deps.clock.now();
      const isPastDeadline = now >= deadline;
      const options = { limit: CLAIM_BATCH, now: isPastDeadline ? ANY_TIME : now };
      const due = isPastDeadline ? await deliveries.claim(this.name, { ...options, ordered: false }) : [];
      const expired = await deliveries.claimExpired(this.name, options);
      const claimed = [...due, ...expired];
      if (claimed.length === 0) return;
      if (this.#isEnded) return deliveries.release(claimed.map(({ id }) => id));
      const reasonOf = (delivery: Delivery): DeadReason =>
        isExpired(delivery, now) ? EXPIRED : isPastDeadline ? CHANNEL_REMOVED : UNACKNOWLEDGED;
      await Promise.all(claimed.map((delivery) => this.#deadLetter(delivery, reasonOf(delivery))));
    }
  }

  async #deadLetter(delivery: Delivery, reason: DeadReason): Promise<void> {
    await deadLetter(delivery, undefined, reason, undefined, this.#deps).catch((error: unknown) => {
      this.#deps.store.deliveries.release([delivery.id]);
      throw error;
    });
  }

  #onError(error: unknown): void {
    this.#isRetrying = true;
    this.#deps.log.error({ error: (error as Error).message }, `${this.name}: its last deliveries could not be ended`);
  }

  #setWakeTimer(): void {
    if (this.#isEnded || this.#since === undefined) return;
    const now = this.#deps.clock.now();
    const expiry = this.#deps.store.deliveries.nextExpiry(this.name) ?? Number.POSITIVE_INFINITY;
    this.#wakeTimer.set([this.#isRetrying ? RETRY_MS : Math.min(expiry, this.#since + MAX_ABSENCE_MS) - now]);
  }
}
