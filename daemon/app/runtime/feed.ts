import type { FeedItem } from '../../http/daemon-api.ts';
import type { Scrubber } from '../../lib/secrets/scrubber.ts';

/** Live events and deliveries for `belfry tail`. Nobody listening costs nothing; a listener that throws harms no other. */
export class Feed {
  readonly #listeners = new Set<(item: FeedItem) => void>();
  readonly #scrubber: Scrubber;

  constructor(scrubber: Scrubber) {
    this.#scrubber = scrubber;
  }

  get followed(): boolean {
    return this.#listeners.size > 0;
  }

  follow(listener: (item: FeedItem) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  publish(item: FeedItem): void {
    if (!this.followed) return;
    const shown = this.#scrubber.scrubJson(item);
    for (const listener of this.#listeners) {
      try {
        listener(shown);
      } catch {
        this.#listeners.delete(listener);
      }
    }
  }
}
