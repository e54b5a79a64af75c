import type { StatePlace } from '../core/flow/decision.ts';

interface Wake {
  readonly at: number;
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
  #clearAt = CLEAR_AT;

  constructor(isWanted: (place: StatePlace, at: number) => boolean) {
    this.#isWanted = isWanted;
  }

  get size(): number {
    return this.#heap.length;
  }

  add(place: StatePlace, at: number): void {
    if (this.#heap.length >= this.#clearAt) this.#clear();
    this.#heap.push({ at, place });
    this.#rise(this.#heap.length - 1);
  }

  /** The earliest time. */
  next(): number | undefined {
    this.#passOver();
    return this.#heap[0]?.at;
  }

  /** The places whose time has come, earliest first, at most `limit`. They stay until their states change. */
  due(now: number, limit: number): readonly StatePlace[] {
    const found = new Map<string, Wake>();
    for (this.#passOver(); found.size < limit && this.#heap.length > 0 && this.#heap[0]!.at <= now; this.#passOver()) {
      // A state that was given the same time twice stands here twice.
      const wake = this.#take();
      found.set(nameOf(wake.place), wake);
    }
    for (const wake of found.values()) {
      this.#heap.push(wake);
      this.#rise(this.#heap.length - 1);
    }
    return [...found.values()].map(({ place }) => place);
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
      if (this.#isWanted(wake.place, wake.at)) once.set(nameOf(wake.place), wake);
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

/** What is due at one instant comes in the order of names, so that a restart does not change it. */
function isBefore(left: Wake, right: Wake): boolean {
  return left.at < right.at || (left.at === right.at && nameOf(left.place) < nameOf(right.place));
}

function nameOf({ rule, key, step }: StatePlace): string {
  return `${rule}\u0000${step}\u0000${key}`;
}
