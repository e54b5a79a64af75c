import type { FeedItem } from '../http/port.ts';

/** Live events and deliveries for `belfry tail`. Nobody listening costs nothing; a listener that throws harms no other. */
export class Feed {
  readonly #listeners = new Set<(item: FeedItem) => void>();

  get followed(): boolean {
    return this.#listeners.size > 0;
  }

  follow(listener: (item: FeedItem) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  publish(item: FeedItem): void {
    for (const listener of this.#listeners) {
      try {
        listener(item);
      } catch {
        this.#listeners.delete(listener);
      }
    }
  }
}
