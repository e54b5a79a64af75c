import { CHANNEL_REMOVED, EXPIRED, isExpired, UNACKNOWLEDGED } from '../core/delivery/dead-reason.ts';
import type { Delivery } from '../core/delivery/delivery.ts';
import { rfc3339 } from '../lib/time/rfc3339.ts';
import { Alarm } from './lane/wake-timer.ts';
import { bury } from './dead-letters/dead-letter.ts';
import { REMOVED_MARK } from './lane/holds.ts';
import type { LaneParts, LaneStatus } from './lane/deps.ts';
import { persist } from './retry-disk-full.ts';
import { Pump } from './lane/run-loop.ts';

/** How long the deliveries of a channel that left the rules wait for it to come back. */
export const MAX_ABSENCE_MS = 24 * 60 * 60_000;
const CLAIMED_AT_ONCE = 64;
const RETRY_MS = 60_000;

/**
 * A channel that left the rules while it still owed deliveries. They wait, and expire as those of any held channel do; after
 * `MAX_ABSENCE_MS` they become dead letters. The time of leaving is stored, so a restart does not begin it anew.
 */
export class RemovedChannel {
  readonly name: string;
  readonly #parts: LaneParts;
  readonly #onDrained: () => void;
  readonly #alarm: Alarm;
  readonly #pump = new Pump({
    round: () => this.#round(),
    failed: (error) => this.#failed(error),
    quiet: () => this.#setAlarm(),
  });
  #type: string;
  #since: number | undefined;
  #isSinceStored = false;
  #loading: Promise<void> | undefined;
  #begun = false;
  #ended = false;
  #retrying = false;

  /** `type` is empty where only the stored deliveries know it. `onDrained` is called when nothing is owed any more. */
  constructor(channel: { readonly name: string; readonly type: string }, parts: LaneParts, onDrained: () => void) {
    this.name = channel.name;
    this.#type = channel.type;
    this.#parts = parts;
    this.#onDrained = onDrained;
    this.#alarm = new Alarm(parts.clock, () => this.wake());
  }

  /** Resolves when its status is known; then what is over ends. */
  async start(before: Promise<void>): Promise<void> {
    this.#loading = before.then(() => this.#load());
    // The first round tries again, and says what is wrong.
    await this.#loading.catch(() => undefined);
    this.#begun = true;
    this.wake();
  }

  wake(): void {
    if (this.#begun && !this.#ended) this.#pump.wake();
  }

  status(): LaneStatus {
    const { pending, sending } = this.#counts ?? { pending: 0, sending: 0 };
    const since = this.#since ?? this.#parts.clock.now();
    return {
      name: this.name,
      type: this.#type,
      state: 'removed',
      reason: `not in the rules since ${rfc3339(since)}; what it owes becomes dead letters at ${rfc3339(since + MAX_ABSENCE_MS)}`,
      since: rfc3339(since),
      pending: 0,
      sending,
      held: pending,
    };
  }

  /** Ends nothing more, because the channel is back or the daemon stops. Resolves when nothing is under way. */
  async end(): Promise<void> {
    this.#ended = true;
    this.#alarm.cancel();
    await this.#loading?.catch(() => undefined);
    await this.#pump.running;
  }

  get #counts(): { readonly pending: number; readonly sending: number } | undefined {
    return this.#parts.store.deliveries.counts().byChannel.get(this.name);
  }

  async #round(): Promise<void> {
    this.#retrying = false;
    await this.#load();
    if (!this.#isSinceStored) await this.#storeSince();
    await this.#endWhatIsOver(this.#since! + MAX_ABSENCE_MS);
    if (this.#ended || this.#counts !== undefined) return;
    await this.#remember(null);
    if (this.#counts === undefined) return this.#onDrained();
    // Something was given back meanwhile, and has woken the next round.
    this.#since = undefined;
    this.#isSinceStored = false;
  }

  /** Reads when the channel left the rules, which is now when that is not stored, and its type. */
  async #load(): Promise<void> {
    const { store, clock } = this.#parts;
    if (this.#since === undefined) {
      const stored = (await store.checkpoints.read(`channel:${this.name}`)).get(REMOVED_MARK);
      this.#isSinceStored = stored !== undefined;
      this.#since = stored === undefined ? clock.now() : Number(stored);
    }
    this.#type ||= await this.#storedType();
  }

  async #storeSince(): Promise<void> {
    const since = this.#since!;
    await this.#remember(String(since));
    this.#isSinceStored = true;
    this.#parts.log.warn(
      { deliveries: this.#counts?.pending, until: rfc3339(since + MAX_ABSENCE_MS) },
      `${this.name}: no longer in the rules; what it owes waits for it, then becomes dead letters`,
    );
  }

  #remember(value: string | null): Promise<void> {
    const { store, clock, killed } = this.#parts;
    return persist(clock, killed, () =>
      store.checkpoints.write(`channel:${this.name}`, [{ key: REMOVED_MARK, value }]),
    );
  }

  async #storedType(): Promise<string> {
    const { deliveries } = this.#parts.store;
    const options = { limit: 1, now: Number.MAX_SAFE_INTEGER };
    const claimed = [
      ...(await deliveries.claim(this.name, { ...options, ordered: false })),
      ...(await deliveries.claimExpired(this.name, options)),
    ];
    deliveries.release(claimed.map(({ id }) => id));
    return claimed[0]?.channelType ?? '';
  }

  /** Ends what has expired, and everything once `deadline` has passed. */
  async #endWhatIsOver(deadline: number): Promise<void> {
    const { deliveries } = this.#parts.store;
    for (;;) {
      const now = this.#parts.clock.now();
      const over = now >= deadline;
      const options = { limit: CLAIMED_AT_ONCE, now: over ? Number.MAX_SAFE_INTEGER : now };
      const due = over ? await deliveries.claim(this.name, { ...options, ordered: false }) : [];
      const expired = await deliveries.claimExpired(this.name, options);
      const claimed = [...due, ...expired];
      if (claimed.length === 0) return;
      if (this.#ended) return deliveries.release(claimed.map(({ id }) => id));
      await Promise.all(claimed.map((delivery) => this.#bury(delivery, now, over)));
    }
  }

  async #bury(delivery: Delivery, now: number, over: boolean): Promise<void> {
    const end = isExpired(delivery, now) ? EXPIRED : over ? CHANNEL_REMOVED : UNACKNOWLEDGED;
    await bury(delivery, undefined, end, undefined, this.#parts).catch((error: unknown) => {
      this.#parts.store.deliveries.release([delivery.id]);
      throw error;
    });
  }

  #failed(error: unknown): void {
    this.#retrying = true;
    this.#parts.log.error({ error: (error as Error).message }, `${this.name}: what it left could not be ended`);
  }

  #setAlarm(): void {
    if (this.#ended || this.#since === undefined) return;
    const now = this.#parts.clock.now();
    const expiry = this.#parts.store.deliveries.nextExpiry(this.name) ?? Number.POSITIVE_INFINITY;
    this.#alarm.set([this.#retrying ? RETRY_MS : Math.min(expiry, this.#since + MAX_ABSENCE_MS) - now]);
  }
}
