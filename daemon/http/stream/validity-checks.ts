import type { Clock } from '../../lib/time/clock.ts';
import type { Caller } from './stream-server.ts';

/** Time after which a stream has ended whose token has ended. */
export const CHECK_EVERY_MS = 1000;

/** Ends streams whose token or session expired, was removed or lost a right after they were opened. */
export class ValidityChecks {
  readonly #clock: Pick<Clock, 'after'>;
  /** End of a stream -> whether its caller is still valid. */
  readonly #open = new Map<() => void, () => boolean>();
  #cancel: (() => void) | undefined;

  constructor(clock: Pick<Clock, 'after'>) {
    this.#clock = clock;
  }

  /** Calls `end` once when the caller is not valid any more. Returns a function for a stream that has ended by itself. */
  watch({ isValid }: Pick<Caller, 'isValid'>, end: () => void): () => void {
    if (isValid === undefined) return () => {};
    this.#open.set(end, isValid);
    this.#cancel ??= this.#clock.after(CHECK_EVERY_MS, () => this.#check());
    return () => this.#forget(end);
  }

  #check(): void {
    this.#cancel = undefined;
    for (const [end, isValid] of this.#open)
      if (!isValid()) {
        this.#open.delete(end);
        end();
      }
    if (this.#open.size > 0) this.#cancel = this.#clock.after(CHECK_EVERY_MS, () => this.#check());
  }

  #forget(end: () => void): void {
    this.#open.delete(end);
    if (this.#open.size > 0) return;
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
