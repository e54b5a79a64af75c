/**
 * A Map by text for what comes and goes all the time. The tables that a Map outgrows point to their successors: once one of them
 * is old, it keeps alive all that was in the later ones until the next full collection. A dictionary's tables do not.
 */
export class Dictionary<V> {
  readonly #entries = Object.create(null) as Record<string, V | undefined>;

  get(name: string): V | undefined {
    return this.#entries[name];
  }

  set(name: string, value: V): void {
    this.#entries[name] = value;
  }

  delete(name: string): void {
    delete this.#entries[name];
  }
}
