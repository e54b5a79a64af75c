import type { Notifier } from '../../channels/channel.ts';
import { SendFailure } from '../../core/problems/failure.ts';
import type { Log } from '../../lib/log.ts';

/** A notifier that is opened when it is first needed, and closed when it is retired and its last attempt has ended. */
export class OpenNotifier {
  readonly #open: () => Notifier;
  #notifier: Notifier | undefined;
  #uses = 0;
  #retired: ((done: void) => void) | undefined;

  constructor(open: () => Notifier) {
    this.#open = open;
  }

  /** Whoever borrows it gives it back. */
  borrow(): Notifier {
    this.#uses += 1;
    return this.#opened();
  }

  giveBack(): void {
    this.#uses -= 1;
    if (this.#uses === 0) this.#retired?.();
  }

  async retire(log: Log): Promise<void> {
    if (this.#uses > 0) {
      await new Promise<void>((resolve) => {
        this.#retired = resolve;
      });
    }
    const notifier = this.#notifier;
    this.#notifier = undefined;
    await notifier
      ?.close?.()
      .catch((error: unknown) => log.warn({ error: (error as Error).message }, 'a channel did not close well'));
  }

  /** One that cannot be opened is told by each attempt, where failures are told. */
  #opened(): Notifier {
    try {
      return (this.#notifier ??= this.#open());
    } catch (cause) {
      return {
        send: () =>
          Promise.reject(
            new SendFailure('permanent', 'channel.open', `the channel cannot be opened: ${(cause as Error).message}`, {
              misconfigured: true,
              cause,
            }),
          ),
      };
    }
  }
}
