import { Worker } from 'node:worker_threads';
import type { Reply, Request } from './protocol.ts';
import type { SqliteEngine } from './engine.ts';

/** The way to the engine: requests are answered one after another, in order. */
export interface EnginePort {
  ask(request: Request): Promise<Reply>;
  /** Called with a fault that came between requests, or when the thread died. */
  onFault(listener: (message: string) => void): void;
  close(): Promise<void>;
}

const isBuilt = import.meta.url.endsWith('.js');

/** A worker thread when this is built JavaScript and the database a file; else the same engine in this thread. */
export function openEngine(file: string): EnginePort {
  if (!isBuilt || file === ':memory:') return new LocalPort(file);
  return new ThreadPort(file);
}

/** What the worker says without being asked. */
interface Unasked {
  readonly unasked: Reply & { ok: false };
}

class ThreadPort implements EnginePort {
  readonly #worker = new Worker(new URL('./sqlite-worker.js', import.meta.url));
  readonly #waiting: ((reply: Reply) => void)[] = [];
  #fault: (message: string) => void = () => undefined;
  #gone: string | undefined;

  constructor(file: string) {
    this.#worker.postMessage({ file });
    this.#worker.on('message', (reply: Reply | Unasked) => {
      if ('unasked' in reply) this.#fault(reply.unasked.message);
      else this.#waiting.shift()?.(reply);
    });
    this.#worker.on('error', (error) => this.#died(error.message));
    this.#worker.on('exit', () => this.#died('the thread of the store ended'));
  }

  ask(request: Request): Promise<Reply> {
    return new Promise((resolve) => {
      if (this.#gone !== undefined) {
        resolve({ ok: false, fault: 'failed', message: this.#gone });
        return;
      }
      this.#waiting.push(resolve);
      this.#worker.postMessage(request, []);
    });
  }

  onFault(listener: (message: string) => void): void {
    this.#fault = listener;
  }

  async close(): Promise<void> {
    if (this.#gone === undefined) await this.ask({ kind: 'close' });
    this.#gone ??= 'the store is closed';
    await this.#worker.terminate();
  }

  #died(message: string): void {
    if (this.#gone !== undefined) return;
    this.#gone = message;
    for (const resolve of this.#waiting.splice(0)) resolve({ ok: false, fault: 'failed', message });
    this.#fault(message);
  }
}

/** Answers in a later turn of the loop, so that a caller sees the same order of things as with the thread. */
class LocalPort implements EnginePort {
  readonly #engine: Promise<SqliteEngine>;
  #fault: (message: string) => void = () => undefined;

  constructor(file: string) {
    // With a thread nobody in this one needs SQLite, which takes a twelfth of a start to load.
    this.#engine = import('./engine.ts').then(({ SqliteEngine }) => new SqliteEngine(file));
  }

  async ask(request: Request): Promise<Reply> {
    const engine = await this.#engine;
    return new Promise((resolve) => {
      setImmediate(() => {
        resolve(engine.handle(request));
        const fault = engine.checkpointIfDue();
        if (fault !== undefined && !fault.ok) this.#fault(fault.message);
      });
    });
  }

  onFault(listener: (message: string) => void): void {
    this.#fault = listener;
  }

  async close(): Promise<void> {
    await this.ask({ kind: 'close' });
  }
}
