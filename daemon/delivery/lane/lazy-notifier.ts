import type { Notifier } from '../../channels/channel.ts';
import { ExchangeMask } from '../../channels/kit/http/exchange/mask.ts';
import { SendFailure } from '../../core/problems/failure.ts';
import type { Log } from '../../lib/log.ts';

/** Notifier that is opened on first use, and closed when it is retired and its last attempt has ended. */
export class LazyNotifier {
  readonly #open: () => Notifier;
  #notifier: Notifier | undefined;
  #uses = 0;
  #onUnused: (() => void) | undefined;
  readonly #settings: unknown;
  #mask: ExchangeMask | undefined;

  constructor(open: () => Notifier, settings: unknown) {
    this.#open = open;
    this.#settings = settings;
  }

  /** Masks the exchanges of the notifier, by its settings. */
  get mask(): ExchangeMask {
    return (this.#mask ??= new ExchangeMask(this.#settings));
  }

  /** Every `acquire` is followed by one `release`. */
  acquire(): Notifier {
    this.#uses += 1;
    return this.#opened();
  }

  release(): void {
    this.#uses -= 1;
    if (this.#uses === 0) this.#onUnused?.();
  }

  /** Resolves when it is closed. */
  async retire(log: Log): Promise<void> {
    if (this.#uses > 0) {
      await new Promise<void>((resolve) => {
        this.#onUnused = resolve;
      });
    }
    const notifier = this.#notifier;
    this.#notifier = undefined;
    await notifier
      ?.close?.()
      .catch((error: unknown) => log.warn({ error: (error as Error).message }, 'a channel did not close cleanly'));
  }

  /** The opened notifier. If opening fails, a notifier whose attempts all fail, so that the error is handled like any other. */
  #opened(): Notifier {
    try {
      return (this.#notifier ??= this.#open());
    } catch (cause) {
      const message = `the channel cannot be opened: ${(cause as Error).message}`;
      const failure = new SendFailure('permanent', 'channel.open', message, { misconfigured: true, cause });
      return { send: () => Promise.reject(failure) };
    }
  }
}
