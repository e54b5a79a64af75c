import { Worker } from 'node:worker_threads';
import type { Refusal, Reply, Request } from './protocol.ts';
import type { SqliteEngine } from './engine.ts';

/** Client of the engine. Requests are answered one after another, in order. */
export interface EngineClient {
  /** Never rejects: a fault is a reply. */
  ask(request: Request): Promise<Reply>;
  /** Called with a fault between two requests, or when the thread has ended. */
  onFault(listener: (refusal: Refusal) => void): void;
  close(): Promise<void>;
}

const isBuilt = import.meta.url.endsWith('.js');

/** Starts the engine: in a worker thread for a file in the built program, in this thread for `:memory:` and from TypeScript. */
export function openEngine(file: string): EngineClient {
  if (!isBuilt || file === ':memory:') return new LocalClient(file);
  return new ThreadClient(file);
}

/** Message of the worker about a fault between two requests. */
interface FaultMessage {
  readonly fault: Refusal;
}

class ThreadClient implements EngineClient {
  readonly #worker = new Worker(new URL('./sqlite-worker.js', import.meta.url));
  readonly #waiting: ((reply: Reply) => void)[] = [];
  #onFault: (refusal: Refusal) => void = () => undefined;
  #closed: string | undefined;

  constructor(file: string) {
    this.#worker.postMessage({ file });
    this.#worker.on('message', (reply: Reply | FaultMessage) => {
      if (!('ok' in reply)) this.#onFault(reply.fault);
      else this.#waiting.shift()?.(reply);
    });
    this.#worker.on('error', (error) => this.#fail(error.message));
    this.#worker.on('exit', () => this.#fail("the store's thread ended"));
  }

  ask(request: Request): Promise<Reply> {
    return new Promise((resolve) => {
      if (this.#closed !== undefined) {
        resolve({ ok: false, fault: 'failed', message: this.#closed });
        return;
      }
      this.#waiting.push(resolve);
      this.#worker.postMessage(request, []);
    });
  }

  onFault(listener: (refusal: Refusal) => void): void {
    this.#onFault = listener;
  }

  async close(): Promise<void> {
    if (this.#closed === undefined) await this.ask({ kind: 'close' });
    this.#closed ??= 'the store is closed';
    await this.#worker.terminate();
  }

  #fail(message: string): void {
    if (this.#closed !== undefined) return;
    this.#closed = message;
    const refusal = { ok: false, fault: 'failed', message } as const;
    for (const resolve of this.#waiting.splice(0)) resolve(refusal);
    this.#onFault(refusal);
  }
}

/** Answers in a later turn of the event loop, so that callers see the same order of events as with the thread. */
class LocalClient implements EngineClient {
  readonly #engine: Promise<SqliteEngine>;
  #onFault: (refusal: Refusal) => void = () => undefined;

  constructor(file: string) {
    // Loaded on demand: with a worker thread the main thread never needs SQLite.
    this.#engine = import('./engine.ts').then(({ SqliteEngine }) => new SqliteEngine(file));
  }

  async ask(request: Request): Promise<Reply> {
    const engine = await this.#engine;
    return new Promise((resolve) => {
      setImmediate(() => {
        resolve(engine.handle(request));
        const fault = engine.walCheckpointIfDue();
        if (fault !== undefined) this.#onFault(fault);
      });
    });
  }

  onFault(listener: (refusal: Refusal) => void): void {
    this.#onFault = listener;
  }

  async close(): Promise<void> {
    await this.ask({ kind: 'close' });
  }
}
