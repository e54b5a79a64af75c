/** A cached push. */
export interface CachedPush {
  readonly seq: number;
  readonly to: readonly string[];
  readonly frame: string;
  /** Milliseconds since the epoch. */
  readonly keepUntil: number;
  /** All named users must acknowledge it. */
  readonly needsAll: boolean;
  /** The delivery has its receipt, or an acknowledgement for it is being written: further ones only move cursors. */
  complete: boolean;
}

const EVERY_USER = '*';
const MAX_PUSHES = 4096;
/** Characters of frames. */
const MAX_CHARS = 8 * 1024 * 1024;

/** In-memory cache of the latest pushes. It serves connected users; only a user who reconnects after a longer time is served from disk. */
export class PushCache {
  readonly #pushes: CachedPush[] = [];
  #chars = 0;
  /** Every push after this number is cached. */
  #floor: number;

  constructor(head: number) {
    this.#floor = head;
  }

  /** Adds a push; `seq` must be higher than that of all earlier ones. */
  add(push: CachedPush): void {
    this.#pushes.push(push);
    this.#chars += push.frame.length;
    let removed = 0;
    while (this.#pushes.length - removed > MAX_PUSHES || this.#chars > MAX_CHARS) {
      const oldest = this.#pushes[removed]!;
      this.#floor = oldest.seq;
      this.#chars -= oldest.frame.length;
      removed += 1;
    }
    if (removed > 0) this.#pushes.splice(0, removed);
  }

  /** Pushes for a user after `seq`, oldest first; undefined when the cache does not go back that far. */
  since(user: string, seq: number, { limit, now }: { limit: number; now: number }): CachedPush[] | undefined {
    if (seq < this.#floor) return undefined;
    const found: CachedPush[] = [];
    for (let index = this.#indexAfter(seq); index < this.#pushes.length && found.length < limit; index += 1) {
      const push = this.#pushes[index]!;
      if (push.keepUntil > now && isFor(push, user)) found.push(push);
    }
    return found;
  }

  /** Incomplete pushes for a user after `from` up to `seq`; undefined when the cache does not go back that far. */
  incomplete(user: string, from: number, seq: number): CachedPush[] | undefined {
    if (from < this.#floor) return undefined;
    const found: CachedPush[] = [];
    for (
      let index = this.#indexAfter(from);
      (this.#pushes[index]?.seq ?? Number.POSITIVE_INFINITY) <= seq;
      index += 1
    ) {
      const push = this.#pushes[index]!;
      if (!push.complete && isFor(push, user)) found.push(push);
    }
    return found;
  }

  /** Index of the first push after `seq`; searched from the end, because nearly all callers want the newest. */
  #indexAfter(seq: number): number {
    let index = this.#pushes.length;
    while (index > 0 && this.#pushes[index - 1]!.seq > seq) index -= 1;
    return index;
  }
}

function isFor({ to }: CachedPush, user: string): boolean {
  return to[0] === EVERY_USER || to.includes(user) || to.includes(EVERY_USER);
}
