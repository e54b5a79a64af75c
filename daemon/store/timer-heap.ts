import type { StateKey } from '../core/flow/decision.ts';

interface Timer {
  readonly at: number;
  readonly stateKey: StateKey;
}

/** Number of entries from which on replaced ones are removed. */
const FIRST_CLEANUP_SIZE = 1024;

/**
 * Min-heap of the times at which rule states have to be woken. A changed state gets a new entry and leaves the old one behind:
 * `isCurrent` recognizes replaced entries, which are skipped, and removed once they are half of the heap.
 */
export class TimerHeap {
  readonly #isCurrent: (stateKey: StateKey, at: number) => boolean;
  #heap: Timer[] = [];
  #cleanUpAt = FIRST_CLEANUP_SIZE;

  constructor(isCurrent: (stateKey: StateKey, at: number) => boolean) {
    this.#isCurrent = isCurrent;
  }

  get size(): number {
    return this.#heap.length;
  }

  add(stateKey: StateKey, at: number): void {
    if (this.#heap.length >= this.#cleanUpAt) this.#cleanUp();
    this.#heap.push({ at, stateKey });
    this.#siftUp(this.#heap.length - 1);
  }

  /** Due time of the earliest timer, milliseconds since the epoch. */
  next(): number | undefined {
    this.#dropReplaced();
    return this.#heap[0]?.at;
  }

  /** States whose timers are due, earliest first, at most `limit`. Timers stay in the heap until their states change. */
  due(now: number, limit: number): readonly StateKey[] {
    const found = new Map<string, Timer>();
    for (
      this.#dropReplaced();
      found.size < limit && this.#heap.length > 0 && this.#heap[0]!.at <= now;
      this.#dropReplaced()
    ) {
      // A state that got the same time twice has two entries.
      const timer = this.#pop();
      found.set(nameOf(timer.stateKey), timer);
    }
    for (const timer of found.values()) {
      this.#heap.push(timer);
      this.#siftUp(this.#heap.length - 1);
    }
    return [...found.values()].map(({ stateKey }) => stateKey);
  }

  #dropReplaced(): void {
    while (this.#heap.length > 0 && !this.#isCurrent(this.#heap[0]!.stateKey, this.#heap[0]!.at)) this.#pop();
  }

  #pop(): Timer {
    const first = this.#heap[0]!;
    const last = this.#heap.pop()!;
    if (this.#heap.length > 0) {
      this.#heap[0] = last;
      this.#siftDown(0);
    }
    return first;
  }

  #cleanUp(): void {
    const current = new Map<string, Timer>();
    for (const timer of this.#heap) {
      if (this.#isCurrent(timer.stateKey, timer.at)) current.set(nameOf(timer.stateKey), timer);
    }
    // A sorted array is a heap.
    this.#heap = [...current.values()].sort((a, b) => (isBefore(a, b) ? -1 : 1));
    this.#cleanUpAt = Math.max(FIRST_CLEANUP_SIZE, this.#heap.length * 2);
  }

  #siftUp(from: number): void {
    const heap = this.#heap;
    for (let at = from; at > 0; ) {
      const parent = (at - 1) >> 1;
      if (!isBefore(heap[at]!, heap[parent]!)) return;
      [heap[at], heap[parent]] = [heap[parent]!, heap[at]!];
      at = parent;
    }
  }

  #siftDown(from: number): void {
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

/** Orders timers of the same time by name, so that a restart does not change the order. */
function isBefore(left: Timer, right: Timer): boolean {
  return left.at < right.at || (left.at === right.at && nameOf(left.stateKey) < nameOf(right.stateKey));
}

function nameOf({ rule, key, step }: StateKey): string {
  return `${rule}\u0000${step}\u0000${key}`;
}
