import type { Receipt } from '../../core/delivery/delivery.ts';
import { KeyedMutex } from '../../lib/async/keyed-mutex.ts';
import type { ChannelMemory } from '../channel.ts';

export interface Sent {
  readonly receipt: Receipt;
  /** Id by which a later message can refer to this one; empty if none may. */
  readonly id?: string;
}

/** Ids of messages that later ones of the same key update or answer. */
export class SentMessages {
  readonly #ids: ChannelMemory;
  readonly #mutex = new KeyedMutex();

  constructor(ids: ChannelMemory) {
    this.#ids = ids;
  }

  /** Sends the messages of one key one after another, because the second needs the id of the first. */
  async send(key: string | undefined, send: (earlier: string | undefined) => Promise<Sent>): Promise<Receipt> {
    if (key === undefined) return (await send(undefined)).receipt;
    return await this.#mutex.run(key, async () => {
      const kept = (await this.#ids.get(key)) ?? '';
      const { receipt, id = kept } = await send(kept === '' ? undefined : kept);
      if (id !== kept) await this.#ids.set(key, id);
      return receipt;
    });
  }
}

/** Number of texts that are kept in memory; the oldest is forgotten first. */
const MAX_KEPT = 1000;

/** Keeps texts in memory only, for ids that a restart makes useless. */
export function volatileMemory(): ChannelMemory {
  const kept = new Map<string, string>();
  return {
    get: (key) => Promise.resolve(kept.get(key)),
    set(key, value) {
      kept.delete(key);
      kept.set(key, value);
      const [oldest] = kept.keys();
      if (kept.size > MAX_KEPT && oldest !== undefined) kept.delete(oldest);
      return Promise.resolve();
    },
  };
}
