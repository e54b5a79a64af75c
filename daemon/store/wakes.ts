import type { StatePlace } from '../core/decision.ts';

interface Wake {
  readonly at: number;
  readonly order: number;
  readonly place: StatePlace;
}

/** Entries that mean nothing any more are cleared away when there are this many and they are the most. */
const CLEAR_AT = 1024;

/**
 * When states are to be woken, earliest first: a binary heap. An entry counts as long as its state still says so; one whose
 * state has changed since is passed over.
 */
export class Wakes {
  readonly #isWanted: (place: StatePlace, at: number) => boolean;
  #heap: Wake[] = [];
  #count = 0;
  #clearAt = CLEAR_AT;

  constructor(isWanted: (place: StatePlace, at: number) => boolean) {
    this.#isWanted = isWanted;
  }

  get size(): number {
    return this.#heap.length;
  }

  add(place: StatePlace, at: number): void {
    if (this.#heap.length >= this.#clearAt) this.#clear();
    this.#heap.push({ at, order: (this.#count += 1), place });
    this.#rise(this.#heap.length - 1);
  }

  /** The earliest time. */
  next(): number | undefined {
    this.#passOver();
    return this.#heap[0]?.at;
  }

  /** The places whose time has come, earliest first, at most `limit`. They stay until their states change. */
  due(now: number, limit: number): readonly StatePlace[] {
    const found: Wake[] = [];
    for (
      this.#passOver();
      found.length < limit && this.#heap.length > 0 && this.#heap[0]!.at <= now;
      this.#passOver()
    ) {
      found.push(this.#take());
    }
    for (const wake of found) {
      this.#heap.push(wake);
      this.#rise(this.#heap.length - 1);
    }
    return found.map(({ place }) => place);
  }

  #passOver(): void {
    while (this.#heap.length > 0 && !this.#isWanted(this.#heap[0]!.place, this.#heap[0]!.at)) this.#take();
  }

  #take(): Wake {
    const first = this.#heap[0]!;
    const last = this.#heap.pop()!;
    if (this.#heap.length > 0) {
      this.#heap[0] = last;
      this.#sink(0);
    }
    return first;
  }

  #clear(): void {
    const once = new Map<string, Wake>();
    for (const wake of this.#heap) {
      const { rule, key, step } = wake.place;
      if (this.#isWanted(wake.place, wake.at)) once.set(`${rule}\u0000${step}\u0000${key}`, wake);
    }
    // In order of time they are a heap.
    this.#heap = [...once.values()].sort((a, b) => (isBefore(a, b) ? -1 : 1));
    this.#clearAt = Math.max(CLEAR_AT, this.#heap.length * 2);
  }

  #rise(from: number): void {
    const heap = this.#heap;
    for (let at = from; at > 0; ) {
      const parent = (at - 1) >> 1;
      if (!isBefore(heap[at]!, heap[parent]!)) return;
      [heap[at], heap[parent]] = [heap[parent]!, heap[at]!];
      at = parent;
    }
  }

  #sink(from: number): void {
    const heap = this.#heap;
    for (let at = from; ; ) {
      let child = 2 * at + 1;
      if (child >= heap.length) return;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
      if (!isBefore(heap[child]!, heap[at]!)) return;
      [heap[at], heap[child]] = [heap[child]!, heap[at]!];
      at = child;
    }
  }
}

function isBefore(left: Wake, right: Wake): boolean {
  return left.at < right.at || (left.at === right.at && left.order < right.order);
}
