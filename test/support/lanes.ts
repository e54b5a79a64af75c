import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Notifier, SendIo } from '../../daemon/channels/channel.ts';
import type { Delivery, DeliveryPolicy, Receipt } from '../../daemon/core/delivery/delivery.ts';
import type { EventInput } from '../../daemon/core/event/event.ts';
import { SendFailure } from '../../daemon/core/problems/failure.ts';
import type { Message } from '../../daemon/core/message/message.ts';
import type { ChannelConfig } from '../../daemon/core/ruleset.ts';
import { type DeadLetters, openDeadLetters } from '../../daemon/delivery/dead-letters/dead-letters.ts';
import { Lanes } from '../../daemon/delivery/lanes.ts';
import { newId } from '../../daemon/lib/id.ts';
import { Scrubber } from '../../daemon/lib/secrets/scrubber.ts';
import { openStore } from '../../daemon/store/sqlite/sqlite.ts';
import type { Settlement, Store } from '../../daemon/store/store.ts';
import { asStored, memoryLog, sampleDelivery } from './delivery.ts';
import { VirtualClock } from './virtual-clock.ts';

export type Reply = (io: SendIo, message: Message) => Promise<Receipt | { awaiting: 'receipt'; until: number }>;

export const ok: Reply = () => Promise.resolve({ id: 'r' });
export const fails =
  (failure: SendFailure): Reply =>
  () =>
    Promise.reject(failure);
export const down = fails(new SendFailure('transient', 'net.refused', 'nobody listens'));
export const wrongToken = fails(
  new SendFailure('permanent', 'http.401', 'the token is refused', { status: 401, misconfigured: true }),
);
/** Never answers; fails when its signal aborts, as a channel does. */
export const hangs: Reply = ({ signal }) =>
  new Promise((_resolve, reject) =>
    signal.addEventListener('abort', () => reject(new SendFailure('transient', 'timeout', 'no answer')), {
      once: true,
    }),
  );

const POLICY: DeliveryPolicy = {
  timeout: 10_000,
  retry: [5_000, 30_000, 120_000],
  giveUpAfter: 24 * 3_600_000,
  concurrency: 4,
  order: 'none',
  onUnknown: 'dead',
  paused: false,
};

export function channel(name: string, policy: Partial<DeliveryPolicy> = {}, fingerprint = `${name}-1`): ChannelConfig {
  return {
    name,
    type: 'scripted',
    settings: {},
    policy: { ...POLICY, ...policy },
    fingerprint,
    escape: (text) => text,
  };
}

export interface Sent {
  readonly channel: string;
  readonly id: string;
  readonly title: string;
  readonly at: number;
}

/** Virtual clock that also waits for the real disk: dead letters are synced before their deliveries end. */
class DiskClock extends VirtualClock {
  synced: () => Promise<void> = () => Promise.resolve();

  override async advance(ms: number): Promise<void> {
    await super.advance(ms);
    for (let turn = 0; turn < 3; turn += 1) {
      await this.synced();
      await super.advance(0);
    }
  }
}

/** Lanes on the real store and a real dead-letter file, with scripted channels, a virtual clock and no jitter. */
export class LaneHarness {
  readonly clock = new DiskClock();
  readonly sent: Sent[] = [];
  readonly notices: EventInput[] = [];
  readonly settled: { readonly id: string; readonly settlement: Settlement }[] = [];
  readonly replies = new Map<string, Reply[]>();
  readonly store: Store;
  readonly deadLetters: DeadLetters;
  readonly folder: string;
  readonly scrubber: Scrubber;
  readonly closed: string[] = [];
  lanes: Lanes;

  private constructor(store: Store, deadLetters: DeadLetters, folder: string, scrubber: Scrubber) {
    this.store = store;
    this.scrubber = scrubber;
    this.deadLetters = deadLetters;
    this.folder = folder;
    this.clock.synced = () => deadLetters.close();
    this.lanes = this.newLanes();
  }

  static async open(): Promise<LaneHarness> {
    const folder = await mkdtemp(path.join(tmpdir(), 'belfry-lanes-'));
    const store = await openStore({ path: ':memory:' });
    const scrubber = new Scrubber();
    const deadLetters = await openDeadLetters({
      path: path.join(folder, 'dead-letters.jsonl'),
      scrubber,
      log: memoryLog().log,
    });
    return new LaneHarness(store, deadLetters, folder, scrubber);
  }

  newLanes(): Lanes {
    const lanes = new Lanes({
      store: this.store,
      deadLetters: this.deadLetters,
      clock: this.clock,
      random: () => 0.5,
      newId: () => newId(this.clock.now()),
      log: memoryLog().log,
      scrubber: this.scrubber,
      raise: (event) => this.notices.push(event),
      open: (config) => this.notifier(config),
      outgoing: asStored,
    });
    lanes.observe({
      attempted: () => {},
      settled: (delivery, settlement) => this.settled.push({ id: delivery.id, settlement }),
    });
    return lanes;
  }

  /** Sets the replies of a channel, in order; the last one is repeated. */
  script(name: string, ...replies: readonly [Reply, ...Reply[]]): void {
    this.replies.set(name, [...replies]);
  }

  async apply(...channels: readonly ChannelConfig[]): Promise<void> {
    await this.lanes.apply(new Map(channels.map((config) => [config.name, config])));
  }

  /** Queues deliveries, and runs all work that is due now. */
  async enqueue(name: string, overrides: Partial<Delivery> = {}, count = 1): Promise<readonly Delivery[]> {
    const now = this.clock.now();
    const made = Array.from({ length: count }, () =>
      sampleDelivery({
        id: newId(now),
        channel: name,
        channelType: 'scripted',
        createdAt: now,
        attempts: [],
        ...overrides,
      }),
    );
    const deliveries = made.map((delivery) => ({ delivery, dueAt: now }));
    await this.store.applyDecision(now, () => ({ results: [], states: [], deliveries }));
    await this.clock.advance(0);
    return made;
  }

  /** Stops all lanes and opens others on the same store. */
  async restart(): Promise<void> {
    await this.lanes.stop(0);
    this.lanes = this.newLanes();
  }

  async deadRecords(): Promise<readonly import('../../daemon/core/delivery/delivery.ts').DeadLetter[]> {
    const found = [];
    for await (const line of this.deadLetters.read()) if ('record' in line) found.push(line.record);
    return found;
  }

  async close(): Promise<void> {
    await this.lanes.stop(0);
    await this.store.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  private notifier(config: ChannelConfig): Notifier {
    return {
      send: (message, io) => {
        this.sent.push({ channel: config.name, id: io.delivery.id, title: message.title, at: this.clock.now() });
        const replies = this.replies.get(config.name) ?? [ok];
        return (replies.length > 1 ? replies.shift()! : replies[0]!)(io, message);
      },
      close: async () => {
        this.closed.push(config.fingerprint);
      },
    };
  }
}
