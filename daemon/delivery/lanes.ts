import type { Delivery, Receipt } from '../core/delivery.ts';
import type { EventInput } from '../core/event.ts';
import type { ChannelConfig } from '../core/ruleset.ts';
import type { DirectResult } from './direct.ts';
import { buryLeft } from './funeral.ts';
import { Lane } from './lane.ts';
import type { LaneParts, LaneStatus } from './lane-parts.ts';
import { persist } from './persist.ts';

export type LanesParts = Omit<LaneParts, 'channel' | 'observer'>;

/** All the ways out, one lane per channel. */
export class Lanes {
  readonly #parts: LaneParts;
  readonly #lanes = new Map<string, Lane>();
  readonly #observers = new Set<LaneParts['observer']>();
  #channels: ReadonlyMap<string, ChannelConfig> = new Map();
  #applied = false;

  constructor(parts: LanesParts) {
    this.#parts = {
      ...parts,
      channel: (name) => this.#channels.get(name),
      observer: {
        attempted: (channel, milliseconds) =>
          this.#observers.forEach((observer) => observer.attempted(channel, milliseconds)),
        settled: (delivery, settlement) =>
          this.#observers.forEach((observer) => observer.settled(delivery, settlement)),
      },
    };
    parts.store.deliveries.onOwed((channel) => this.#owed(channel));
  }

  observe(observer: LaneParts['observer']): () => void {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  /** Channels to send by hand only, for a command on a stopped daemon: what is owed is left to the daemon. */
  async lend(channels: ReadonlyMap<string, ChannelConfig>): Promise<void> {
    this.#channels = channels;
    for (const [name, config] of channels) this.#lanes.set(name, new Lane(config, this.#parts, false));
    await Promise.all([...this.#lanes.values()].map((lane) => lane.start()));
  }

  /** The channels of a ruleset. New lanes are known before this returns its promise; it resolves when all have begun. Unchanged ones are not touched. */
  apply(channels: ReadonlyMap<string, ChannelConfig>): Promise<void> {
    const work: Promise<void>[] = [];
    this.#channels = channels;
    this.#applied = true;
    for (const [name, config] of channels) {
      const lane = this.#lanes.get(name);
      if (lane !== undefined) work.push(lane.reconfigure(config));
      else {
        const made = new Lane(config, this.#parts);
        this.#lanes.set(name, made);
        work.push(made.start());
      }
    }
    for (const [name, lane] of this.#lanes) {
      if (channels.has(name)) continue;
      this.#lanes.delete(name);
      lane.retire();
    }
    for (const name of this.#parts.store.deliveries.channels()) this.#owed(name);
    return Promise.all(work).then(() => undefined);
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

  /** One attempt by hand; undefined when there is no such channel. */
  async direct(name: string, delivery: Delivery): Promise<DirectResult | undefined> {
    return this.#lanes.get(name)?.direct(delivery);
  }

  /** A test message, sent as any other. */
  test(name: string): Promise<DirectResult | undefined> {
    const { clock, newId } = this.#parts;
    const config = this.#channels.get(name);
    return config === undefined
      ? Promise.resolve(undefined)
      : this.direct(name, testDelivery(config, clock.now(), newId));
  }

  /** The receipts of deliveries that were handed over. Of those that were resent meanwhile the letter goes, too. */
  async received(ids: readonly string[], receipt: Receipt): Promise<void> {
    const { store, deadLetters, clock, observer } = this.#parts;
    for (const id of ids) {
      const stored = await store.deliveries.find(id);
      if (stored?.state === 'dead') {
        const attempt = { at: new Date(clock.now()).toISOString(), ms: 0 };
        await store.deliveries.bury(id, { state: 'delivered', attempt, receipt });
        await deadLetters.change(new Map([[id, null]]));
      } else if (stored !== undefined) {
        await persist(clock, () => store.deliveries.settle(id, { state: 'delivered', receipt }));
        observer.settled(stored.delivery, { state: 'delivered', receipt });
      }
    }
  }

  status(): readonly LaneStatus[] {
    return [...this.#lanes.values()].map((lane) => lane.status());
  }

  held(name: string): boolean {
    const state = this.#lanes.get(name)?.status().state;
    return state === 'paused' || state === 'misconfigured';
  }

  async stop(grace: number): Promise<void> {
    this.#applied = false;
    await Promise.all([...this.#lanes.values()].map((lane) => lane.stop(grace)));
  }

  /** A channel has something new. One that nobody configures any more got it from rules that were swapped a moment ago. */
  #owed(name: string): void {
    const lane = this.#lanes.get(name);
    if (lane !== undefined) lane.wake();
    else if (this.#applied)
      void buryLeft(name, this.#parts).catch((error: unknown) =>
        this.#parts.log.error({ error: (error as Error).message }, `${name}: what it left could not be ended`),
      );
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
