import type { Receipt } from '../../core/delivery/delivery.ts';
import { KeyedMutex } from '../../lib/async/keyed-mutex.ts';

/** Number of messages that can still be updated or answered; the oldest is forgotten first. */
const MAX_REMEMBERED = 1000;

export interface Sent {
  readonly receipt: Receipt;
  /** Id by which a later message can refer to this one. */
  readonly id?: string;
}

/**
 * Ids of messages that later ones of the same key update or answer. Kept in memory: after a restart the next
 * message of a key is a new one.
 */
export class SentMessages {
  readonly #ids = new Map<string, string>();
  readonly #mutex = new KeyedMutex();

  /** Sends the messages of one key one after another, because the second needs the id of the first. */
  async send(key: string | undefined, send: (earlier: string | undefined) => Promise<Sent>): Promise<Receipt> {
    if (key === undefined) return (await send(undefined)).receipt;
    return await this.#mutex.run(key, async () => {
      const { receipt, id } = await send(this.#ids.get(key));
      if (id !== undefined) this.#remember(key, id);
      return receipt;
    });
  }

  #remember(key: string, id: string): void {
    this.#ids.delete(key);
    this.#ids.set(key, id);
    const [oldest] = this.#ids.keys();
    if (this.#ids.size > MAX_REMEMBERED && oldest !== undefined) this.#ids.delete(oldest);
  }
}
