import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { SendFailure } from '../../core/problems/failure.ts';
import type { Receipt } from '../../core/delivery/delivery.ts';
import type { Clock } from '../../lib/time/clock.ts';
import { PluginFault } from './describe.ts';
import { unpackError } from './pack.ts';
import type { FromWorker, Posted, SyncMethod, ToWorker, TypeDescription, WorkerStart } from './protocol.ts';

/** Time in which the worker must answer a call for which the daemon waits, and in which the module must be loaded at such a call. */
export const SYNC_TIMEOUT_MS = 1000;
/** Time in which the module must be loaded where the daemon goes on meanwhile. */
export const LOAD_TIMEOUT_MS = 10_000;
/** Memory of a plugin; one that needs more is ended. */
export const MAX_HEAP_MB = 256;
/**
 * Size of V8's young generation, of which a garbage collection moves up to a third to the heap. Node.js adds 16 MiB to a full heap
 * so that this collection succeeds and the thread can be ended; if it does not succeed, V8 aborts the process. The default of
 * Node.js 24 is 192 MB, which is too much.
 */
const MAX_YOUNG_MB = 24;

/** Messages of the worker that concern one open channel. */
export type ForInstance = Extract<FromWorker, { kind: 'log' | 'want' }>;

export interface ThreadDeps {
  readonly script: URL;
  readonly start: WorkerStart;
  readonly clock: Clock;
  readonly onMessage: (message: ForInstance) => void;
  /** Called when the thread has ended by itself or was ended because it did not answer. */
  readonly onEnd: (reason: string) => void;
}

interface Pending {
  resolve(receipt: Receipt | undefined): void;
  reject(error: Error): void;
}

/** A worker thread with one plugin. It ends at the first uncaught error of the plugin, and is not used again. */
export class PluginThread {
  readonly #worker: Worker;
  readonly #deps: ThreadDeps;
  readonly #pending = new Map<number, Pending>();
  readonly #described: Promise<readonly TypeDescription[]>;
  #nextCall = 0;
  #ended: string | undefined;

  constructor(deps: ThreadDeps) {
    this.#deps = deps;
    this.#worker = new Worker(deps.script, {
      workerData: deps.start,
      resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB, maxYoungGenerationSizeMb: MAX_YOUNG_MB },
      stdin: false,
    });
    this.#worker.on('error', (error: Error) => this.#end(`it failed: ${error.message}`));
    this.#worker.on('exit', () => this.#end('it has ended its thread'));
    this.#described = new Promise((resolve, reject) => {
      this.#worker.on('message', (message: FromWorker) => {
        if (message.kind === 'ready') resolve(message.types);
        else if (message.kind === 'fault') reject(new PluginFault(message.message, message.mend));
        else if (message.kind === 'result') this.#settle(message.call, message.result);
        else deps.onMessage(message);
        this.#rest();
      });
      this.#worker.on('exit', () => reject(new PluginFault(this.#ended ?? 'it has ended', 'correct the module')));
    });
    const cancel = deps.clock.after(LOAD_TIMEOUT_MS, () =>
      this.end(`it is not loaded after ${LOAD_TIMEOUT_MS / 1000} s; it may be in an endless loop`),
    );
    this.#described.then(cancel, cancel);
  }

  /** The channel types of the plugin. Rejects with a `PluginFault`. */
  get described(): Promise<readonly TypeDescription[]> {
    return this.#described;
  }

  get isEnded(): boolean {
    return this.#ended !== undefined;
  }

  post(message: ToWorker): void {
    if (!this.isEnded) this.#worker.postMessage(message);
  }

  /** Posts a request; `onCall` gets its number. Rejects with the error of the plugin, or with `plugin.ended`. */
  request(make: (call: number) => ToWorker, onCall?: (call: number) => void): Promise<Receipt | undefined> {
    if (this.#ended !== undefined) return Promise.reject(endedFailure(this.#ended));
    this.#nextCall += 1;
    const call = this.#nextCall;
    return new Promise((resolve, reject) => {
      this.#pending.set(call, { resolve, reject });
      onCall?.(call);
      // A process must not exit while it waits for the thread.
      this.#worker.ref();
      try {
        this.#worker.postMessage(make(call));
      } catch (error) {
        this.#pending.delete(call);
        reject(error);
      }
    });
  }

  /** Calls a function of a type and waits. Undefined if the plugin does not answer in time, which ends it. Throws what the function throws. */
  callSync(type: string, method: SyncMethod, args: readonly unknown[]): { readonly value: unknown } | undefined {
    if (this.isEnded) return undefined;
    const done = new Int32Array(new SharedArrayBuffer(4));
    const { port1, port2 } = new MessageChannel();
    this.#worker.postMessage({ kind: 'sync', type, method, args, done, port: port2 } satisfies ToWorker, [port2]);
    const isAnswered = Atomics.wait(done, 0, 0, SYNC_TIMEOUT_MS) !== 'timed-out';
    const answer = isAnswered ? (receiveMessageOnPort(port1)?.message as Posted<unknown> | undefined) : undefined;
    port1.close();
    if (answer === undefined) {
      this.end(`it did not answer a call of \`${method}\` within ${SYNC_TIMEOUT_MS} ms`);
      return undefined;
    }
    if (answer.ok) return { value: answer.value };
    throw unpackError(answer.error);
  }

  /** Ends the thread, also one that is in an endless loop. */
  end(reason: string): void {
    this.#end(reason);
    void this.#worker.terminate();
  }

  #end(reason: string): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const one of pending) one.reject(endedFailure(reason));
    this.#deps.onEnd(reason);
  }

  #settle(call: number, result: Posted<Receipt | undefined>): void {
    const pending = this.#pending.get(call);
    this.#pending.delete(call);
    if (result.ok) pending?.resolve(result.value);
    else pending?.reject(unpackError(result.error));
  }

  #rest(): void {
    if (this.#pending.size === 0) this.#worker.unref();
  }
}

/** Whether the request of an ended plugin arrived is unknown. */
const endedFailure = (reason: string): SendFailure =>
  new SendFailure('unknown', 'plugin.ended', `the plugin was ended: ${reason}`);
