import type { Clock } from '../time/clock.ts';
import { Crowd } from '../slot-list.ts';

const waiting = new WeakMap<AbortSignal, Crowd<() => void>>();

/**
 * Calls `listener` when a long-lived signal aborts; returns the leaving. One listener stands for all: an AbortSignal is slow to
 * add one to and slower to take one from, and `AbortSignal.any` with it keeps every one (nodejs/node#54614).
 */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  const all = waiting.get(signal) ?? listenersOf(signal);
  const place = all.join(listener);
  return () => all.leave(place);
}

function listenersOf(signal: AbortSignal): Crowd<() => void> {
  const crowd = new Crowd<() => void>();
  waiting.set(signal, crowd);
  const tell = (): void => {
    for (const listener of crowd.all()) listener();
  };
  signal.addEventListener('abort', tell, { once: true });
  return crowd;
}

/** What most who wait want of an AbortSignal; every AbortSignal is one. */
export interface Ending {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/**
 * Ends after `ms` or with `parent`, whichever is first. Whoever makes one closes it. A real AbortSignal costs more than the rest
 * of an attempt's bookkeeping, so it is made only for those who ask for it.
 */
export class Deadline implements Ending {
  readonly #clock: Clock;
  readonly #leave: () => void;
  readonly #listeners: (() => void)[] = [];
  #cancel: () => void;
  #controller: AbortController | undefined;
  aborted = false;
  reason: unknown;

  constructor(clock: Clock, ms: number, parent: AbortSignal) {
    this.#clock = clock;
    this.#cancel = clock.after(ms, () => this.#pass(new DeadlinePassed(ms)));
    this.#leave = onAbort(parent, () => this.#pass(parent.reason));
    if (parent.aborted) this.#pass(parent.reason);
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
    const place = this.#listeners.indexOf(listener);
    if (place !== -1) this.#listeners.splice(place, 1);
  }

  /** Calls `listener` when it has passed for as long as `grace`, milliseconds, and was not closed. */
  overdue(grace: number, listener: () => void): void {
    const passed = (): void => {
      this.#cancel = this.#clock.after(grace, listener);
    };
    if (this.aborted) passed();
    else this.addEventListener('abort', passed);
  }

  close(): void {
    this.#cancel();
    this.#leave();
  }

  #pass(reason: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    this.#cancel();
    this.#controller?.abort(reason);
    for (const listener of this.#listeners.splice(0)) listener();
  }
}

/** Why the signal of a deadline aborted, when it was time. */
export class DeadlinePassed extends Error {
  constructor(ms: number) {
    super(`no answer within ${ms} ms`);
    this.name = 'DeadlinePassed';
  }
}
