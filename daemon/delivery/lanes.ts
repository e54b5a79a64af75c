import { setMaxListeners } from 'node:events';
import type { DeadLetter, Delivery, Receipt } from '../core/delivery/delivery.ts';
import type { EventInput } from '../core/event/event.ts';
import type { ChannelConfig } from '../core/ruleset.ts';
import type { DirectResult } from './manual/attempt.ts';
import { layToRest } from './dead-letters/dead-letter.ts';
import { Lane } from './lane/lane.ts';
import type { LaneParts, LaneStatus } from './lane/deps.ts';
import { persist } from './retry-disk-full.ts';
import { RemovedChannel } from './removed-channel.ts';

export type LanesParts = Omit<LaneParts, 'channel' | 'observer' | 'killed'>;

/** Letters looked up together at the start. */
const LETTERS_AT_ONCE = 256;

/** All the ways out, one lane per channel. */
export class Lanes {
  readonly #parts: LaneParts;
  readonly #lanes = new Map<string, Lane>();
  /** Of channels that are gone: their attempts may still be on their way. */
  readonly #leaving = new Set<Promise<void>>();
  readonly #observers = new Set<LaneParts['observer']>();
  readonly #killed = new AbortController();
  #channels: ReadonlyMap<string, ChannelConfig> = new Map();
  readonly #removed = new Map<string, RemovedChannel>();
  #unfinished: Promise<void> | undefined;
  #applied = false;

  constructor(parts: LanesParts) {
    // Every attempt on its way listens to it, and takes its listener along when it ends.
    setMaxListeners(0, this.#killed.signal);
    this.#parts = {
      ...parts,
      killed: this.#killed.signal,
      channel: (name) => this.#channels.get(name),
      notices: (event) => this.#tell(() => parts.notices(event)),
      observer: {
        attempted: (channel, milliseconds) =>
          this.#observers.forEach((observer) => this.#tell(() => observer.attempted(channel, milliseconds))),
        settled: (delivery, settlement) =>
          this.#observers.forEach((observer) => this.#tell(() => observer.settled(delivery, settlement))),
      },
    };
    parts.store.deliveries.onReady((channel) => void this.#owed(channel));
  }

  observe(observer: LaneParts['observer']): () => void {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  /** The channels of a ruleset. New lanes are known before this returns its promise; it resolves when all have begun. Unchanged ones are not touched. */
  apply(channels: ReadonlyMap<string, ChannelConfig>): Promise<void> {
    const before = this.#channels;
    this.#channels = channels;
    this.#applied = true;
    this.#unfinished ??= this.#finishBurials();
    const work: Promise<void>[] = [this.#unfinished];
    for (const [name, config] of channels) {
      const lane = this.#lanes.get(name);
      if (lane !== undefined) work.push(lane.reconfigure(config));
      else {
        const made = new Lane(config, this.#parts);
        this.#lanes.set(name, made);
        work.push(this.#begin(made, this.#unfinished));
      }
    }
    for (const [name, lane] of this.#lanes) {
      if (channels.has(name)) continue;
      this.#lanes.delete(name);
      const left: Promise<void> = lane.end().finally(() => this.#leaving.delete(left));
      this.#leaving.add(left);
    }
    for (const name of this.#parts.store.deliveries.channels()) work.push(this.#owed(name, before.get(name)?.type));
    return Promise.all(work).then(() => undefined);
  }

  /** Channels to send by hand only, for a command on a stopped daemon: what is owed is left to the daemon. */
  async lend(channels: ReadonlyMap<string, ChannelConfig>): Promise<void> {
    this.#channels = channels;
    for (const [name, config] of channels) this.#lanes.set(name, new Lane(config, this.#parts, false));
    await Promise.all([...this.#lanes.values()].map((lane) => lane.start(Promise.resolve())));
  }

  has(name: string): boolean {
    return this.#lanes.has(name);
  }

  /** false: there is no such channel. */
  async hold(name: string): Promise<boolean> {
    await this.#lanes.get(name)?.hold();
    return this.#lanes.has(name);
  }

  async release(name: string): Promise<boolean> {
    await this.#lanes.get(name)?.release();
    return this.#lanes.has(name);
  }

  /** One attempt by hand; undefined when there is no such channel. `signal` ends the waiting for its turn. */
  async direct(name: string, delivery: Delivery, signal?: AbortSignal): Promise<DirectResult | undefined> {
    return this.#lanes.get(name)?.direct(delivery, signal);
  }

  /** A test message, sent as any other. `signal` ends the waiting for its turn. */
  test(name: string, signal?: AbortSignal): Promise<DirectResult | undefined> {
    const { clock, newId } = this.#parts;
    const config = this.#channels.get(name);
    return config === undefined
      ? Promise.resolve(undefined)
      : this.direct(name, testDelivery(config, clock.now(), newId), signal);
  }

  /** The receipts of deliveries that were handed over. Of those that were resent meanwhile the letter goes, too. */
  async received(ids: readonly string[], receipt: Receipt): Promise<void> {
    const { store, deadLetters, clock, killed, observer } = this.#parts;
    for (const id of ids) {
      const stored = await store.deliveries.find(id);
      if (stored?.state === 'dead') {
        const attempt = { at: new Date(clock.now()).toISOString(), ms: 0 };
        await store.deliveries.resolveDead(id, { state: 'delivered', attempt, receipt });
        await deadLetters.change(new Map([[id, null]]));
      } else if (stored?.state === 'sending' || stored?.state === 'pending') {
        await persist(clock, killed, () => store.deliveries.settle(id, { state: 'delivered', receipt }));
        observer.settled(stored.delivery, { state: 'delivered', receipt });
      }
    }
  }

  status(): readonly LaneStatus[] {
    return [...this.#lanes.values(), ...this.#removed.values()].map((lane) => lane.status());
  }

  held(name: string): boolean {
    const state = (this.#lanes.get(name) ?? this.#removed.get(name))?.status().state;
    return state === 'removed' || state === 'paused' || state === 'misconfigured';
  }

  /** When the next attempt of a channel may begin, milliseconds since the epoch; undefined while it is held, or when there is none. */
  notBefore(name: string): number | undefined {
    return this.#lanes.get(name)?.notBefore();
  }

  /** Claims nothing more; attempts get `grace` milliseconds, then they are aborted and stay owed. */
  async stop(grace: number): Promise<void> {
    this.#applied = false;
    const cancel = grace > 0 ? this.#parts.clock.after(grace, () => this.#killed.abort()) : () => {};
    if (grace <= 0) this.#killed.abort();
    const lanes = [...this.#lanes.values(), ...this.#removed.values()].map((lane) => lane.end());
    await Promise.all([...lanes, ...this.#leaving]);
    cancel();
  }

  /** Whoever listens cannot stop a lane. */
  #tell(about: () => void): void {
    try {
      about();
    } catch (error) {
      this.#parts.log.error({ stack: (error as Error).stack }, 'a listener to deliveries has a bug');
    }
  }

  /** A crash came after the letter and before the queue: what is in the file is dead, and is not tried again. */
  async #finishBurials(): Promise<void> {
    const { store, deadLetters } = this.#parts;
    if (store.deliveries.channels().length === 0) return;
    let batch: DeadLetter[] = [];
    for await (const line of deadLetters.read()) {
      if ('record' in line) batch.push(line.record);
      if (batch.length < LETTERS_AT_ONCE) continue;
      await Promise.all(batch.map((letter) => this.#finishBurial(letter)));
      batch = [];
    }
    await Promise.all(batch.map((letter) => this.#finishBurial(letter)));
  }

  async #finishBurial({ id, class: deadClass, error, attempts }: DeadLetter): Promise<void> {
    const stored = await this.#parts.store.deliveries.find(id);
    if (stored?.state !== 'pending' && stored?.state !== 'sending') return;
    const { delivery } = stored;
    this.#parts.log.warn({ delivery: id }, 'dead letters: a delivery had not left the queue; it does now');
    const fallback = this.#channels.get(delivery.channel)?.policy.fallback;
    const attempt = attempts[delivery.attempts.length];
    await layToRest(delivery, attempt, { class: deadClass, error }, fallback, this.#parts);
  }

  /** Starts a lane; one whose channel comes back begins when nothing ends its deliveries any more. */
  async #begin(lane: Lane, unfinished: Promise<void>): Promise<void> {
    const removed = this.#removed.get(lane.name);
    this.#removed.delete(lane.name);
    await removed?.end();
    await lane.start(unfinished);
  }

  /** A channel owes something. One that is not in the rules keeps it for a while; resolves when its status is known. */
  async #owed(name: string, type = ''): Promise<void> {
    const known = this.#lanes.get(name) ?? this.#removed.get(name);
    if (known !== undefined) return known.wake();
    if (!this.#applied || !this.#parts.store.deliveries.counts().byChannel.has(name)) return;
    const removed = new RemovedChannel({ name, type }, this.#parts, () => this.#removed.delete(name));
    this.#removed.set(name, removed);
    await removed.start(this.#unfinished ?? Promise.resolve());
  }
}

function testDelivery(config: ChannelConfig, now: number, newId: () => string): Delivery {
  const time = new Date(now).toISOString();
  const id = newId();
  return {
    id,
    event: {
      id,
      source: 'belfry',
      type: 'belfry.channel.test',
      subject: config.name,
      time,
      data: { channel: config.name },
    } satisfies EventInput & { id: string; source: string; time: string; data: { channel: string } },
    rule: 'belfry channel test',
    channel: config.name,
    channelType: config.type,
    key: config.name,
    status: 'firing',
    message: {
      title: 'Test message from Belfry',
      body: `The channel ${config.name} works.`,
      format: 'text',
      priority: 'normal',
      tags: ['test'],
    },
    createdAt: now,
    attempts: [],
  };
}
