import { toColumn } from '../engine/text.ts';

/** Users that are remembered; beyond them the disk is asked again. */
const MOST = 50_000;
/** Milliseconds until what only moved a user on is written down, with all that came meanwhile. */
const SOON = 500;

/** How far each user has acknowledged, as far as it is known here. */
export class UserCursors {
  readonly #known = new Map<string, number>();
  readonly #write: (moved: readonly (readonly [user: string, seq: number])[]) => Promise<unknown>;
  #moved = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(write: (moved: readonly (readonly [string, number])[]) => Promise<unknown>) {
    this.#write = write;
  }

  of(user: string): number | undefined {
    return this.#known.get(user);
  }

  /** It is on disk. */
  learn(user: string, seq: number): void {
    if (this.#known.size >= MOST && this.#moved.size === 0) this.#known.clear();
    this.#known.set(user, Math.max(seq, this.#known.get(user) ?? 0));
  }

  /** It is not on disk yet, and nobody was promised that it is: what a crash forgets is sent once more. */
  move(user: string, seq: number): void {
    this.#known.set(user, seq);
    this.#moved.set(user, seq);
    this.#timer ??= setTimeout(() => void this.flush(), SOON);
  }

  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#moved.size === 0) return;
    const moved = this.#moved;
    this.#moved = new Map();
    // A full disk is told to everybody who wants something of it; this can be heard again.
    await this.#write([...moved].map(([user, seq]) => [toColumn(user), seq] as const)).catch(() => undefined);
  }
}
