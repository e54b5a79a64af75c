import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { now, sleep } from './clock.ts';
import { CELL, CELLS, MODES, type SinkMemory, type SinkMode } from './sink-memory.ts';

/** Endpoint of the notifications: an HTTP server that records the first receipt of each event, and the number of receipts. */
export class Sink {
  readonly memory: SinkMemory;
  readonly #worker: Worker;
  #numbers = 0;

  private constructor(memory: SinkMemory, worker: Worker) {
    this.memory = memory;
    this.#worker = worker;
  }

  /** `most` is the greatest event number that it can record. */
  static async open(most = 200_000): Promise<Sink> {
    const memory: SinkMemory = {
      control: new Int32Array(new SharedArrayBuffer(4 * CELLS)),
      received: new Float64Array(new SharedArrayBuffer(8 * most)),
      counts: new Uint8Array(new SharedArrayBuffer(most)),
    };
    const worker = new Worker(new URL('./sink-thread.js', import.meta.url), { workerData: memory });
    await once(worker, 'message');
    return new Sink(memory, worker);
  }

  get url(): string {
    return `http://127.0.0.1:${Atomics.load(this.memory.control, CELL.port)}/`;
  }

  /** Number of different events received since `reset`. */
  get unique(): number {
    return Atomics.load(this.memory.control, CELL.unique);
  }

  /** The latest probe's number, counted from FIRST_PROBE; 0 before the first. */
  get lastProbe(): number {
    return Atomics.load(this.memory.control, CELL.lastProbe);
  }

  /** Clears the records and reserves `count` new event numbers, since the daemon ignores a repeated id. Returns the first one. */
  expect(count: number): number {
    this.reset();
    const first = this.#numbers;
    this.#numbers += count;
    if (this.#numbers > this.memory.counts.length)
      throw new Error(`this sink is for ${this.memory.counts.length} events`);
    return first;
  }

  reset(): void {
    this.memory.received.fill(0);
    this.memory.counts.fill(0);
    for (const cell of [CELL.unique, CELL.requests, CELL.lastProbe]) Atomics.store(this.memory.control, cell, 0);
  }

  async become(mode: SinkMode, delayMs = 0): Promise<void> {
    const { control } = this.memory;
    const before = MODES[Atomics.load(control, CELL.mode)];
    Atomics.store(control, CELL.delay, delayMs);
    Atomics.store(control, CELL.mode, MODES.indexOf(mode));
    if ((mode === 'closed') === (before === 'closed')) return;
    const done = once(this.#worker, 'message');
    this.#worker.postMessage(mode === 'closed' ? 'close' : 'open');
    await done;
  }

  /** Resolves when `count` events were received. Throws if none was received for `idleMs`: the rest is lost. */
  async received(count: number, idleMs = 10_000): Promise<void> {
    let last = this.unique;
    let lastAt = now();
    while (this.unique < count) {
      await sleep(2);
      if (this.unique !== last) {
        last = this.unique;
        lastAt = now();
      } else if (now() - lastAt > idleMs) throw new Error(`only ${last} of ${count} events were delivered`);
    }
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }
}
