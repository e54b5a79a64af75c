import type { Clock } from './clock.ts';

const waiting = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls `listener` when a long-lived signal aborts; returns the leaving. One listener stands for all: an AbortSignal is slow to
 * add one to and slower to take one from, and `AbortSignal.any` with it keeps every one (nodejs/node#54614).
 */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  const all = waiting.get(signal) ?? listenersOf(signal);
  all.add(listener);
  return () => all.delete(listener);
}

function listenersOf(signal: AbortSignal): Set<() => void> {
  const all = new Set<() => void>();
  waiting.set(signal, all);
  signal.addEventListener('abort', () => all.forEach((listener) => listener()), { once: true });
  return all;
}

/** A signal that aborts after `ms` or with `parent`, whichever is first. Whoever makes one closes it. */
export class Deadline {
  readonly #controller = new AbortController();
  readonly #clock: Clock;
  readonly #leave: () => void;
  #cancel: () => void;
  #passed: (() => void) | undefined;

  constructor(clock: Clock, ms: number, parent: AbortSignal) {
    this.#clock = clock;
    this.#cancel = clock.after(ms, () => this.#pass(new DeadlinePassed(ms)));
    this.#leave = onAbort(parent, () => this.#pass(parent.reason));
    if (parent.aborted) this.#pass(parent.reason);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Calls `listener` when it has passed for as long as `grace`, milliseconds, and was not closed. */
  overdue(grace: number, listener: () => void): void {
    this.#passed = () => {
      this.#cancel = this.#clock.after(grace, listener);
    };
    if (this.signal.aborted) this.#passed();
  }

  close(): void {
    this.#cancel();
    this.#leave();
  }

  #pass(reason: unknown): void {
    if (this.signal.aborted) return;
    this.#cancel();
    this.#controller.abort(reason);
    this.#passed?.();
  }
}

/** Why the signal of a deadline aborted, when it was time. */
export class DeadlinePassed extends Error {
  constructor(ms: number) {
    super(`no answer within ${ms} ms`);
    this.name = 'DeadlinePassed';
  }
}
