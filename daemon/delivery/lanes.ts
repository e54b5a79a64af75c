import { setMaxListeners } from 'node:events';
import type { Delivery, Receipt } from '../core/delivery/delivery.ts';
import type { HoldRequest, ManualHold } from '../core/delivery/hold.ts';
import type { ChannelConfig } from '../core/ruleset.ts';
import { finishDeadLetters } from './dead-letters/dead-letter.ts';
import type { LaneDeps, LaneObserver, LanePacing, LaneStatus } from './lane/deps.ts';
import { Lane } from './lane/lane.ts';
import { type ManualResult, testDelivery } from './manual/attempt.ts';
import { RemovedChannel } from './removed-channel.ts';
import { retryWhileDiskFull } from './retry-disk-full.ts';

export type LanesDeps = Omit<LaneDeps, 'channel' | 'observer' | 'killed'>;

/** Lanes of all channels: those in the rules, and those that were removed from the rules and have pending deliveries. */
export class Lanes {
  readonly #deps: LaneDeps;
  readonly #lanes = new Map<string, Lane>();
  readonly #removed = new Map<string, RemovedChannel>();
  /** Lanes of removed channels whose last attempts have not ended. */
  readonly #ending = new Set<Promise<void>>();
  readonly #observers = new Set<LaneObserver>();
  readonly #killed = new AbortController();
  #channels: ReadonlyMap<string, ChannelConfig> = new Map();
  /** Resolves when every delivery that has a dead letter has left the queue; undefined before the first `apply`. */
  #deadFinished: Promise<void> | undefined;
  #isApplied = false;

  constructor(deps: LanesDeps) {
    // Every attempt in flight adds a listener, and removes it when it ends.
    setMaxListeners(0, this.#killed.signal);
    this.#deps = {
      ...deps,
      killed: this.#killed.signal,
      channel: (name) => this.#channels.get(name),
      raise: (event) => this.#callSafely(() => deps.raise(event)),
      observer: {
        attempted: (channel, milliseconds) => this.#notify((observer) => observer.attempted(channel, milliseconds)),
        settled: (delivery, settlement) => this.#notify((observer) => observer.settled(delivery, settlement)),
      },
    };
    deps.store.deliveries.onReady((channel) => void this.#onPending(channel));
    deps.store.checkpoints.onChanged((scope) => this.#loadAgain(scope));
  }

  /** Lets a lane read what another instance has stored about its channel. */
  #loadAgain(scope: string): void {
    const lane = this.#lanes.get(channelOfScope(scope));
    lane
      ?.loadAgain()
      .catch((error: unknown) =>
        this.#deps.log.warn(
          { error: (error as Error).message },
          `${lane.name}: what another instance has stored was not read`,
        ),
      );
  }

  /** Returns the unsubscription. */
  observe(observer: LaneObserver): () => void {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  /**
   * Applies the channels of a ruleset; unchanged lanes are not touched. New lanes are known when this returns its promise, which
   * resolves when all of them have begun.
   */
  apply(channels: ReadonlyMap<string, ChannelConfig>): Promise<void> {
    const before = this.#channels;
    this.#channels = channels;
    this.#isApplied = true;
    this.#deadFinished ??= finishDeadLetters(this.#deps);
    const work: Promise<void>[] = [this.#deadFinished];
    for (const config of channels.values()) work.push(this.#applyOne(config, this.#deadFinished));
    for (const [name, lane] of this.#lanes) if (!channels.has(name)) this.#remove(name, lane);
    for (const name of this.#deps.store.deliveries.channels()) work.push(this.#onPending(name, before.get(name)?.type));
    return Promise.all(work).then(() => undefined);
  }

  /** Opens channels for manual attempts only, for a command while no daemon runs. Pending deliveries are left to the daemon. */
  async openForManual(channels: ReadonlyMap<string, ChannelConfig>): Promise<void> {
    this.#channels = channels;
    for (const [name, config] of channels) this.#lanes.set(name, new Lane(config, this.#deps, false));
    await Promise.all([...this.#lanes.values()].map((lane) => lane.start(Promise.resolve())));
  }

  has(name: string): boolean {
    return this.#lanes.has(name);
  }

  /** Resolves to undefined if there is no such channel. */
  async hold(name: string, request: HoldRequest = {}): Promise<ManualHold | undefined> {
    return this.#lanes.get(name)?.hold(request);
  }

  /** Resolves to false if there is no such channel. */
  async release(name: string, by?: string): Promise<boolean> {
    await this.#lanes.get(name)?.release(by);
    return this.#lanes.has(name);
  }

  /** Makes one manual attempt; undefined if there is no such channel. `signal` ends the wait for its turn. */
  async attemptManually(name: string, delivery: Delivery, signal?: AbortSignal): Promise<ManualResult | undefined> {
    const result = await this.#lanes.get(name)?.attemptManually(delivery, signal);
    if (result?.kind === 'delivered') this.#notify((observer) => observer.deliveredManually?.(name));
    return result;
  }

  /** Sends a test message; undefined if there is no such channel. `signal` ends the wait for its turn. */
  async test(name: string, signal?: AbortSignal): Promise<ManualResult | undefined> {
    const { clock, newId } = this.#deps;
    const config = this.#channels.get(name);
    return config && this.attemptManually(name, testDelivery(config, clock.now(), newId), signal);
  }

  /** Settles deliveries that were handed over, with their receipt. The dead letter of one that was resent is removed, too. */
  async received(ids: readonly string[], receipt: Receipt): Promise<void> {
    const { clock, killed } = this.#deps;
    for (const id of ids) await retryWhileDiskFull(clock, killed, () => this.#receivedOne(id, receipt));
  }

  async #receivedOne(id: string, receipt: Receipt): Promise<void> {
    const { store, deadLetters, clock, observer } = this.#deps;
    const stored = await store.deliveries.find(id);
    if (stored?.state === 'dead') {
      const attempt = { at: new Date(clock.now()).toISOString(), ms: 0 };
      const { channel } = stored.delivery;
      await store.deliveries.resolveDead(id, { state: 'delivered', channel, attempt, receipt });
      await deadLetters.change(new Map([[id, null]]));
    } else if (stored?.state === 'sending' || stored?.state === 'pending') {
      const settlement = { state: 'delivered' as const, receipt };
      await store.deliveries.settle(id, settlement);
      observer.settled(stored.delivery, settlement);
    }
  }

  status(): readonly LaneStatus[] {
    return [...this.#lanes.values(), ...this.#removed.values()].map((lane) => lane.status());
  }

  /** Status of one channel; undefined if there is none. */
  statusOf(name: string): LaneStatus | undefined {
    return (this.#lanes.get(name) ?? this.#removed.get(name))?.status();
  }

  /** Breaker and rate of one channel; undefined if there is none in the rules. */
  pacing(name: string): LanePacing | undefined {
    return this.#lanes.get(name)?.pacing();
  }

  isHeld(name: string): boolean {
    const state = this.statusOf(name)?.state;
    return state === 'removed' || state === 'paused' || state === 'misconfigured';
  }

  /** Earliest time of a channel's next attempt, milliseconds since the epoch; undefined while it is held, or if there is none. */
  notBefore(name: string): number | undefined {
    return this.#lanes.get(name)?.notBefore();
  }

  /** End of the time in which a channel sends nothing: of its rate limit, a cooldown, or the wait for the next probe. Undefined when it may send now or is held. */
  notSendingUntil(name: string): number | undefined {
    const next = this.notBefore(name);
    return next !== undefined && next > this.#deps.clock.now() ? next : undefined;
  }

  /** Claims nothing more. Attempts get `grace` milliseconds to end; then they are aborted, and their deliveries stay pending. */
  async stop(grace: number): Promise<void> {
    this.#isApplied = false;
    const cancel = grace > 0 ? this.#deps.clock.after(grace, () => this.#killed.abort()) : () => {};
    if (grace <= 0) this.#killed.abort();
    const lanes = [...this.#lanes.values(), ...this.#removed.values()].map((lane) => lane.end());
    await Promise.all([...lanes, ...this.#ending]);
    cancel();
  }

  #applyOne(config: ChannelConfig, deadFinished: Promise<void>): Promise<void> {
    const { name } = config;
    const present = this.#lanes.get(name);
    if (present !== undefined) return present.reconfigure(config);
    const lane = new Lane(config, this.#deps);
    this.#lanes.set(name, lane);
    return this.#start(lane, deadFinished);
  }

  /** Starts a lane. If its channel is back in the rules, first ends its `RemovedChannel`, so that no more deliveries become dead letters. */
  async #start(lane: Lane, deadFinished: Promise<void>): Promise<void> {
    const removed = this.#removed.get(lane.name);
    this.#removed.delete(lane.name);
    await removed?.end();
    await lane.start(deadFinished);
  }

  #remove(name: string, lane: Lane): void {
    this.#lanes.delete(name);
    const ended: Promise<void> = lane.end().finally(() => this.#ending.delete(ended));
    this.#ending.add(ended);
  }

  /** Wakes the lane of a channel with pending deliveries. A channel that is not in the rules becomes a `RemovedChannel`; resolves when its status is known. */
  async #onPending(name: string, type = ''): Promise<void> {
    const lane = this.#lanes.get(name) ?? this.#removed.get(name);
    if (lane !== undefined) return lane.wake();
    if (!this.#isApplied || !this.#deps.store.deliveries.counts().byChannel.has(name)) return;
    const removed = new RemovedChannel({ name, type }, this.#deps, () => this.#removed.delete(name));
    this.#removed.set(name, removed);
    await removed.start(this.#deadFinished ?? Promise.resolve());
  }

  #notify(call: (observer: LaneObserver) => void): void {
    for (const observer of this.#observers) this.#callSafely(() => call(observer));
  }

  /** Keeps an observer that throws from stopping a lane. */
  #callSafely(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#deps.log.error({ stack: (error as Error).stack }, 'an observer of deliveries has a bug');
    }
  }
}

const CHANNEL_SCOPE = 'channel:';

/** Name of the channel whose checkpoints a scope has. */
function channelOfScope(scope: string): string {
  return scope.startsWith(CHANNEL_SCOPE) ? scope.slice(CHANNEL_SCOPE.length) : '';
}
