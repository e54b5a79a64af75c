import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { Notifier } from '../../../daemon/channels/channel.ts';
import { SendFailure } from '../../../daemon/core/problems/failure.ts';
import { type DeadLetters, openDeadLetters } from '../../../daemon/delivery/dead-letters/dead-letters.ts';
import { Lanes } from '../../../daemon/delivery/lanes.ts';
import { Resending } from '../../../daemon/delivery/manual/resend.ts';
import { RunControl } from '../../../daemon/lib/async/run-control.ts';
import { newId } from '../../../daemon/lib/id.ts';
import { Scrubber } from '../../../daemon/lib/secrets/scrubber.ts';
import { openStore } from '../../../daemon/store/sqlite/sqlite.ts';
import type { DeliveryStore } from '../../../daemon/store/delivery-store.ts';
import type { Store } from '../../../daemon/store/store.ts';
import { asStored, memoryLog, sampleDelivery } from '../../support/delivery.ts';
import { channel } from '../../support/lanes.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { forever, Gates } from './gates.ts';
import { type Answer, MAX_RETRIES } from './reference.ts';

const RETRY_MS = 1000;
const POLICY = { retry: Array.from({ length: MAX_RETRIES }, () => RETRY_MS) };

/** Functions of the program that a test replaces by wrong ones. */
export type Tampering = (
  store: Store,
  deadLetters: DeadLetters,
) => { readonly store: Store; readonly deadLetters: DeadLetters };

/** Durable part: what a crash leaves. */
export interface Disk {
  readonly store: Store;
  readonly file: string;
  remove(): Promise<void>;
}

export async function openDisk(folder: string): Promise<Disk> {
  const store = await openStore({ path: ':memory:' });
  const file = path.join(folder, `${newId(Date.now())}.jsonl`);
  return {
    store,
    file,
    async remove() {
      await store.close();
      await rm(file, { force: true });
    },
  };
}

/** Puts deliveries into the queue. Their ids begin with `a`, `b` ... and sort in this order. */
export async function enqueue({ store }: Disk, count: number): Promise<readonly string[]> {
  const now = new VirtualClock().now();
  const made = Array.from({ length: count }, () =>
    sampleDelivery({ id: newId(now), channel: 'out', channelType: 'scripted', createdAt: now, attempts: [] }),
  );
  const deliveries = made.map((delivery) => ({ delivery, dueAt: now }));
  await store.applyDecision(now, () => ({ results: [], states: [], deliveries }));
  return made.map(({ id }) => id);
}

/** One run of the delivery part of the daemon between two crashes: the real lanes, resends and dead-letter file, behind gates. */
export class Program {
  readonly clock = new VirtualClock();
  readonly gates = new Gates();
  readonly #disk: Disk;
  readonly #answers = new Map<string, Answer>();
  readonly #tamper: Tampering;
  #resending!: Resending;
  #lanes: Lanes | undefined;
  #edits = 0;
  #isManual = new Set<string>();

  private constructor(disk: Disk, tamper: Tampering) {
    this.#disk = disk;
    this.#tamper = tamper;
  }

  /** Starts as the daemon does: first what a crash left, then the lanes. The clock begins `starts` hours later. */
  static async start(
    disk: Disk,
    starts: number,
    tamper: Tampering = (store, deadLetters) => ({ store, deadLetters }),
  ): Promise<Program> {
    const program = new Program(disk, tamper);
    await program.clock.advance(starts * 3_600_000);
    void program.#run();
    return program;
  }

  async #run(): Promise<void> {
    const scrubber = new Scrubber();
    const { log } = memoryLog();
    const opened = await openDeadLetters({ path: this.#disk.file, scrubber, log });
    const tampered = this.#tamper(this.#disk.store, opened);
    const store = this.#gatedStore(tampered.store);
    const deadLetters = this.#gatedFile(tampered.deadLetters);
    const { clock } = this;
    const ids = { newId: () => newId(clock.now()) };
    const lanes = new Lanes({
      ...ids,
      store,
      deadLetters,
      clock,
      random: () => 0.5,
      log,
      scrubber,
      raise: () => undefined,
      open: () => this.#notifier(),
      outgoing: asStored,
    });
    this.#resending = new Resending({
      store,
      deadLetters,
      clock,
      log,
      scrubber,
      attempt: (name, delivery, signal) => {
        this.#isManual.add(delivery.id);
        return lanes.attemptManually(name, delivery, signal);
      },
      channelType: () => 'scripted',
      concurrency: () => 2,
      requeue: () => Promise.reject(new Error('no event is decided anew here')),
    });
    await this.#resending.reconcile();
    this.#lanes = lanes;
    this.restoreChannel();
  }

  /** Begins a resend of a record; undefined: the record is not there. */
  resend(id: string): void {
    const results = this.#resending.resend({ ids: [id] }, new RunControl());
    const read = async (): Promise<void> => {
      for await (const _ of results);
    };
    void read();
  }

  /** Whether the start has opened the lanes. */
  get isOpen(): boolean {
    return this.#lanes !== undefined;
  }

  /** Applies rules in which the settings of the channel differ. */
  editChannel(): void {
    this.#edits += 1;
    this.restoreChannel();
  }

  /** Applies rules without the channel. */
  removeChannel(): void {
    void this.#lanes?.apply(new Map());
  }

  restoreChannel(): void {
    void this.#lanes?.apply(new Map([['out', channel('out', POLICY, `out-${this.#edits}`)]]));
  }

  drop(id: string): void {
    // A record that a resend has is not dropped.
    this.#resending.drop(id).catch((error: { readonly code?: string }) => {
      if (error.code !== 'dead.in_job') throw error;
    });
  }

  /** Sets the answer of the next attempt of a delivery. */
  answer(id: string, answer: Answer): void {
    this.#answers.set(id, answer);
  }

  /** Lets the time of the next retry come. */
  async wait(): Promise<void> {
    await this.clock.advance(RETRY_MS * 2);
  }

  async crash(): Promise<void> {
    this.gates.kill();
    this.#disk.store.deliveries.release(await pendingIds(this.#disk.store));
  }

  #notifier(): Notifier {
    return {
      send: (_message, { delivery: { id } }) => {
        const kind = this.#isManual.delete(id) ? 'resend' : 'send';
        return this.gates.gated([[kind, id]], () => REPLIES[this.#answers.get(id) ?? 'ok']());
      },
      close: async () => undefined,
    };
  }

  #gatedStore(store: Store): Store {
    const { gates } = this;
    const deliveries: DeliveryStore = wrapped(store.deliveries, gates, {
      settle: (id, settlement) =>
        gates.gated([[`settle ${settlement.state}`, id]], () => store.deliveries.settle(id, settlement)),
      resolveDead: (id, end) =>
        gates.gated([[end.state === 'cancelled' ? 'cancel' : 'resolve', id]], () =>
          store.deliveries.resolveDead(id, end),
        ),
    });
    const checkpoints = wrapped(store.checkpoints, gates, {});
    return new Proxy(store, {
      get: (target, name) => {
        if (name === 'deliveries') return deliveries;
        if (name === 'checkpoints') return checkpoints;
        const value = Reflect.get(target, name) as unknown;
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
  }

  #gatedFile(deadLetters: DeadLetters): DeadLetters {
    const { gates } = this;
    return wrapped(deadLetters, gates, {
      async *read() {
        if (gates.isKilled) await forever();
        yield* deadLetters.read();
      },
      append: (record) => gates.gated([['append', record.id]], () => deadLetters.append(record)),
      change: (changes) =>
        changes.size === 0
          ? Promise.resolve()
          : gates.gated(
              [...changes].map(([id, change]) => [change === null ? 'remove' : 'note', id] as const),
              () => deadLetters.change(changes),
            ),
    });
  }
}

const REPLIES: Readonly<Record<Answer, () => Promise<{ id: string }>>> = {
  ok: () => Promise.resolve({ id: 'receipt' }),
  transient: () => Promise.reject(new SendFailure('transient', 'net.refused', 'nobody listens')),
  permanent: () => Promise.reject(new SendFailure('permanent', 'http.400', 'the message is refused')),
  lost: () => Promise.reject(new SendFailure('unknown', 'net.reset', 'the connection was lost')),
};

/** Asynchronous methods that change what is durable and have no gate. */
type Methods = Readonly<Record<string, unknown>>;

/** The object with some methods replaced; the other asynchronous ones are counted. */
function wrapped<T extends object>(object: T, gates: Gates, replaced: Partial<T>): T {
  return new Proxy(object, {
    get: (target, name) => {
      const own = (replaced as Methods)[name as string];
      if (own !== undefined) return own;
      const value = Reflect.get(target, name) as unknown;
      if (typeof value !== 'function') return value;
      return (...args: readonly unknown[]): unknown => {
        if (gates.isKilled) return forever();
        const result = Reflect.apply(value, target, args) as unknown;
        return result instanceof Promise ? gates.counted(() => result) : result;
      };
    },
  });
}

async function pendingIds(store: Store): Promise<readonly string[]> {
  const { items } = await store.deliveries.page({ limit: 100, order: 'asc', states: ['pending', 'sending'] });
  return items.map(({ delivery }) => delivery.id);
}
