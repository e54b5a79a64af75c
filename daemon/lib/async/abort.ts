import { SlotList } from './slot-list.ts';
import type { Clock } from '../time/clock.ts';

const listeners = new WeakMap<AbortSignal, SlotList<() => void>>();

/**
 * Calls `listener` when a long-lived signal aborts; returns the unsubscription. The signal gets a single listener for all of them: an
 * AbortSignal is slow to add one to and slower to remove one from, and `AbortSignal.any` keeps every one of them (nodejs/node#54614).
 */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  const list = listeners.get(signal) ?? listOf(signal);
  const slot = list.add(listener);
  return () => list.remove(slot);
}

function listOf(signal: AbortSignal): SlotList<() => void> {
  const list = new SlotList<() => void>();
  listeners.set(signal, list);
  const notify = (): void => {
    for (const listener of list.entries()) listener();
  };
  signal.addEventListener('abort', notify, { once: true });
  return list;
}

/** The part of AbortSignal that most operations need; every AbortSignal has it. */
export interface Abortable {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/**
 * Aborts after `ms` or with `parent`, whichever is first. The caller closes it. The AbortSignal is created when `signal` is first
 * read, because that costs more than everything else that an attempt needs.
 */
export class Deadline implements Abortable {
  readonly #clock: Clock;
  readonly #unsubscribe: () => void;
  readonly #listeners: (() => void)[] = [];
  #cancel: () => void;
  #controller: AbortController | undefined;
  aborted = false;
  reason: unknown;

  constructor(clock: Clock, ms: number, parent: AbortSignal) {
    this.#clock = clock;
    this.#cancel = clock.after(ms, () => this.#abort(new DeadlinePassed(ms)));
    this.#unsubscribe = onAbort(parent, () => this.#abort(parent.reason));
    if (parent.aborted) this.#abort(parent.reason);
  }

  get signal(): AbortSignal {
    const controller = (this.#controller ??= new AbortController());
    if (this.aborted) controller.abort(this.reason);
    return controller.signal;
  }

  addEventListener(_: 'abort', listener: () => void): void {
    this.#listeners.push(listener);
  }

  removeEventListener(_: 'abort', listener: () => void): void {
    const index = this.#listeners.indexOf(listener);
    if (index !== -1) this.#listeners.splice(index, 1);
  }

  /** Calls `listener` `grace` milliseconds after the abort, unless the deadline is closed before. */
  overdue(grace: number, listener: () => void): void {
    const arm = (): void => {
      this.#cancel = this.#clock.after(grace, listener);
    };
    if (this.aborted) arm();
    else this.addEventListener('abort', arm);
  }

  close(): void {
    this.#cancel();
    this.#unsubscribe();
  }

  #abort(reason: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    this.#cancel();
    this.#controller?.abort(reason);
    for (const listener of this.#listeners.splice(0)) listener();
  }
}

/** The reason of a deadline that aborted because its time was over. */
export class DeadlinePassed extends Error {
  constructor(ms: number) {
    super(`no answer within ${ms} ms`);
    this.name = 'DeadlinePassed';
  }
}

/** Result of `work`, or a rejection with `failure()` once `ending` aborts. The work goes on, and its later result is ignored. */
export function unlessAborted<T>(work: Promise<T>, ending: Abortable, failure: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(failure());
    const settled = (): void => ending.removeEventListener('abort', abort);
    if (ending.aborted) abort();
    else ending.addEventListener('abort', abort);
    work.then(resolve, reject).finally(settled);
  });
}
