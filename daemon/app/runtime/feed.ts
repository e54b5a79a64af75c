import type { FeedItem } from '../../http/daemon-api.ts';
import type { Scrubber } from '../../lib/secrets/scrubber.ts';

/** Live events and deliveries for `belfry tail`. Without subscribers nothing is scrubbed; one that throws is removed. */
export class Feed {
  readonly #listeners = new Set<(item: FeedItem) => void>();
  readonly #scrubber: Scrubber;

  constructor(scrubber: Scrubber) {
    this.#scrubber = scrubber;
  }

  get hasListeners(): boolean {
    return this.#listeners.size > 0;
  }

  /** Returns the unsubscription. */
  follow(listener: (item: FeedItem) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  publish(item: FeedItem): void {
    if (!this.hasListeners) return;
    const scrubbed = this.#scrubber.scrubJson(item);
    for (const listener of this.#listeners) {
      try {
        listener(scrubbed);
      } catch {
        this.#listeners.delete(listener);
      }
    }
  }
}
