import { Worker } from 'node:worker_threads';
import { BelfryError } from '../../../core/problems/failure.ts';
import type { Clock } from '../../../lib/time/clock.ts';
import type { Reply, Request } from './protocol.ts';

/** Thread that compiles and runs unsaved rules. */
export interface UnsavedThread {
  /**
   * The answer must come within `timeout` milliseconds. Rejects with `rules.too_slow` or `rules.too_large`, and with the reason of the
   * signal when it has aborted. The thread has ended then.
   */
  ask(request: Request, timeout: number): Promise<Reply>;
  /** Ends the thread at once, whatever it does. */
  close(): void;
}

export const MAX_MEMORY_MB = 512;

/** Starts a thread, which also ends when the signal aborts. */
export async function openThread(clock: Clock, signal: AbortSignal): Promise<UnsavedThread> {
  signal.throwIfAborted();
  const runner = await openRunner();
  const onAbort = (): void => runner.end(signal.reason as Error);
  signal.addEventListener('abort', onAbort, { once: true });
  return {
    async ask(request, timeout) {
      const late = `these rules take longer than ${timeout / 1000} seconds; leave some out`;
      const cancel = clock.after(timeout, () => runner.end(new BelfryError('rules.too_slow', late)));
      try {
        return await runner.ask(request);
      } finally {
        cancel();
      }
    },
    close() {
      signal.removeEventListener('abort', onAbort);
      runner.end(new Error('the thread is closed'));
    },
  };
}

interface Runner {
  ask(request: Request): Promise<Reply>;
  /** Ends the thread; a request that is not answered yet rejects with the reason. */
  end(reason: Error): void;
}

/** A thread in the built program. The TypeScript sources run in this thread, since Node 20 does not run TypeScript. */
async function openRunner(): Promise<Runner> {
  if (import.meta.url.endsWith('.js')) return new WorkerRunner();
  const { UnsavedHandler } = await import('./handler.ts');
  const handler = new UnsavedHandler();
  return { ask: (request) => handler.handle(request), end: () => undefined };
}

class WorkerRunner implements Runner {
  readonly #worker = new Worker(new URL('./unsaved-worker.js', import.meta.url), {
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: MAX_MEMORY_MB },
  });
  #waiting: { readonly resolve: (reply: Reply) => void; readonly reject: (error: Error) => void } | undefined;
  #ended: Error | undefined;

  constructor() {
    this.#worker.on('message', (reply: Reply) => this.#waiting?.resolve(reply));
    this.#worker.on('error', (error: NodeJS.ErrnoException) => this.end(failure(error)));
    this.#worker.on('exit', () => this.end(new Error('the thread of unsaved rules has ended')));
  }

  ask(request: Request): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) return reject(this.#ended);
      this.#waiting = { resolve, reject };
      this.#worker.postMessage(request, []);
    });
  }

  end(reason: Error): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    this.#waiting?.reject(reason);
    void this.#worker.terminate();
  }
}

/** Any other error is a bug. */
function failure(error: NodeJS.ErrnoException): Error {
  if (error.code !== 'ERR_WORKER_OUT_OF_MEMORY') return error;
  return new BelfryError('rules.too_large', `these rules take more than ${MAX_MEMORY_MB} MB of memory; leave some out`);
}
