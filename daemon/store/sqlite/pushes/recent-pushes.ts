/** A push that was just committed. */
export interface RecentPush {
  readonly seq: number;
  readonly to: readonly string[];
  readonly frame: string;
  /** Milliseconds since the epoch. */
  readonly keepUntil: number;
  /** Everybody it is for must acknowledge it. */
  readonly needsAll: boolean;
  /** Its delivery has its receipt, or is about to: further acknowledgements only move their users on. */
  complete: boolean;
}

const EVERYBODY = '*';
const MOST = 4096;
/** Characters of frames. */
const MOST_KEPT = 8 * 1024 * 1024;

/** The latest pushes, whole: whoever is connected reads them from here, and the disk is asked only by who comes back from further away. */
export class RecentPushes {
  readonly #pushes: RecentPush[] = [];
  #kept = 0;
  /** All that came after it are here. */
  #floor: number;

  constructor(head: number) {
    this.#floor = head;
  }

  /** They come with rising `seq`. */
  add(push: RecentPush): void {
    this.#pushes.push(push);
    this.#kept += push.frame.length;
    let gone = 0;
    while (this.#pushes.length - gone > MOST || this.#kept > MOST_KEPT) {
      const oldest = this.#pushes[gone]!;
      this.#floor = oldest.seq;
      this.#kept -= oldest.frame.length;
      gone += 1;
    }
    if (gone > 0) this.#pushes.splice(0, gone);
  }

  /** Those for a user after `seq`, oldest first, or undefined when some of them may be on the disk alone. */
  since(user: string, seq: number, { limit, now }: { limit: number; now: number }): RecentPush[] | undefined {
    if (seq < this.#floor) return undefined;
    const found: RecentPush[] = [];
    for (let place = this.#placeAfter(seq); place < this.#pushes.length && found.length < limit; place += 1) {
      const push = this.#pushes[place]!;
      if (push.keepUntil > now && isFor(push, user)) found.push(push);
    }
    return found;
  }

  /** Those that an acknowledgement from after `from` up to `seq` would complete; undefined when only the disk knows. */
  open(user: string, from: number, seq: number): RecentPush[] | undefined {
    if (from < this.#floor) return undefined;
    const found: RecentPush[] = [];
    for (
      let place = this.#placeAfter(from);
      (this.#pushes[place]?.seq ?? Number.POSITIVE_INFINITY) <= seq;
      place += 1
    ) {
      const push = this.#pushes[place]!;
      if (!push.complete && isFor(push, user)) found.push(push);
    }
    return found;
  }

  /** The newest are asked for nearly always. */
  #placeAfter(seq: number): number {
    let place = this.#pushes.length;
    while (place > 0 && this.#pushes[place - 1]!.seq > seq) place -= 1;
    return place;
  }
}

function isFor({ to }: RecentPush, user: string): boolean {
  return to[0] === EVERYBODY || to.includes(user) || to.includes(EVERYBODY);
}
