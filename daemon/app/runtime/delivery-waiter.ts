import type { DeliveryState } from '../../core/delivery/delivery.ts';
import type { Clock } from '../../lib/time/clock.ts';
import type { DeliveryStore, StoredDelivery } from '../../store/store.ts';

const ENDED: ReadonlySet<DeliveryState> = new Set(['delivered', 'dead', 'cancelled']);

/** Lets whoever posted an event wait until its deliveries have ended. */
export class Waiting {
  readonly #store: DeliveryStore;
  readonly #clock: Clock;
  readonly #listeners = new Map<string, Set<() => void>>();

  constructor(store: DeliveryStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** A delivery of this event has changed its state. */
  changed(eventId: string): void {
    for (const wake of this.#listeners.get(eventId) ?? []) wake();
  }

  /** The deliveries of these events once all have ended, or as they are when `ms` have passed or `signal` aborts. */
  async until(eventIds: readonly string[], ms: number, signal: AbortSignal): Promise<readonly StoredDelivery[]> {
    const deadline = this.#clock.monotonic() + ms;
    for (;;) {
      const woken = this.#listen(eventIds, signal);
      try {
        const found = (await Promise.all(eventIds.map((id) => this.#store.ofEvent(id)))).flat();
        const left = deadline - this.#clock.monotonic();
        if (left <= 0 || signal.aborted || found.every(({ state }) => ENDED.has(state))) return found;
        await woken.within(left);
      } finally {
        woken.close();
      }
    }
  }

  /** Listens before the store is read, so that a change in between is not missed. */
  #listen(eventIds: readonly string[], signal: AbortSignal): { within(ms: number): Promise<void>; close(): void } {
    let wake!: () => void;
    const woken = new Promise<void>((resolve) => {
      wake = resolve;
    });
    let cancel = (): void => {};
    for (const id of eventIds) this.#listeners.set(id, (this.#listeners.get(id) ?? new Set()).add(wake));
    signal.addEventListener('abort', wake, { once: true });
    return {
      within: (ms) => {
        cancel = this.#clock.after(ms, wake);
        return woken;
      },
      close: () => {
        cancel();
        signal.removeEventListener('abort', wake);
        for (const id of eventIds) {
          const waiting = this.#listeners.get(id);
          waiting?.delete(wake);
          if (waiting?.size === 0) this.#listeners.delete(id);
        }
      },
    };
  }
}
