import { toColumn } from '../keys.ts';

/** Cached users. */
const MAX_USERS = 50_000;
/** Milliseconds after which deferred moves are written together. */
const WRITE_AFTER_MS = 500;

/** In-memory cache of the users' cursors, with deferred writes. */
export class UserCursors {
  readonly #cursors = new Map<string, number>();
  readonly #write: (moved: readonly (readonly [user: string, seq: number])[]) => Promise<unknown>;
  #moved = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(write: (moved: readonly (readonly [string, number])[]) => Promise<unknown>) {
    this.#write = write;
  }

  get(user: string): number | undefined {
    return this.#cursors.get(user);
  }

  /** Takes a cursor that is on disk. */
  set(user: string, seq: number): void {
    if (this.#cursors.size >= MAX_USERS && this.#moved.size === 0) this.#cursors.clear();
    this.#cursors.set(user, Math.max(seq, this.#cursors.get(user) ?? 0));
  }

  /** Moves a cursor and writes it later. After a crash before that, the user gets these pushes once more. */
  move(user: string, seq: number): void {
    this.#cursors.set(user, seq);
    this.#moved.set(user, seq);
    this.#timer ??= setTimeout(() => void this.flush(), WRITE_AFTER_MS);
  }

  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#moved.size === 0) return;
    const moved = this.#moved;
    this.#moved = new Map();
    // A failure is reported by the next call that needs the disk; these acknowledgements may be lost.
    await this.#write([...moved].map(([user, seq]) => [toColumn(user), seq] as const)).catch(() => undefined);
  }
}
