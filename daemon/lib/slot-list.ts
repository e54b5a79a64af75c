/** A Set for what comes and goes all the time; see `Dictionary` for what is wrong with a real one. */
export class Crowd<T> {
  readonly #places: (T | undefined)[] = [];
  readonly #free: number[] = [];

  /** Its place, to leave by. */
  join(one: T): number {
    const place = this.#free.pop() ?? this.#places.length;
    this.#places[place] = one;
    return place;
  }

  leave(place: number): void {
    if (this.#places[place] === undefined) return;
    this.#places[place] = undefined;
    this.#free.push(place);
  }

  /** Those that are in now. */
  all(): T[] {
    return this.#places.filter((one) => one !== undefined);
  }
}
