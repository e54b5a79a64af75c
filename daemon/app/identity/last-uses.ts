import { isObject, parseJson } from '../../core/values/json.ts';
import type { LastUse } from '../../http/daemon-api.ts';
import type { Clock } from '../../lib/time/clock.ts';
import { rfc3339 } from '../../lib/time/rfc3339.ts';
import type { CheckpointStore } from '../../store/store.ts';

const SCOPE = 'identity:uses';
/** Interval at which the last use of one key is stored: a request must not cost a write. */
const STORE_EVERY_MS = 60_000;

interface Use {
  at: number;
  address: string | undefined;
  /** Time of the last write, by the monotonic clock. */
  storedAt: number;
  isStored: boolean;
}

/** Last uses of tokens and sessions, in memory; in the store at most once a minute each, and at a stop. */
export class LastUses {
  readonly #checkpoints: CheckpointStore;
  readonly #clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly #uses = new Map<string, Use>();
  readonly #stored: Promise<ReadonlyMap<string, string>>;

  constructor(checkpoints: CheckpointStore, clock: Pick<Clock, 'now' | 'monotonic'>) {
    this.#checkpoints = checkpoints;
    this.#clock = clock;
    this.#stored = checkpoints.read(SCOPE).catch(() => new Map());
  }

  note(key: string, address: string | undefined): void {
    const now = this.#clock.monotonic();
    const use = this.#uses.get(key) ?? { at: 0, address, storedAt: Number.NEGATIVE_INFINITY, isStored: false };
    use.at = this.#clock.now();
    use.address = address;
    use.isStored = false;
    this.#uses.set(key, use);
    if (now - use.storedAt >= STORE_EVERY_MS) void this.#store([key]);
  }

  /** Undefined if it was never used. */
  async of(key: string): Promise<LastUse | undefined> {
    const use = this.#uses.get(key);
    if (use === undefined) return storedUse((await this.#stored).get(key));
    return viewOf(use);
  }

  /** Stores the uses that are not stored yet. */
  async flush(): Promise<void> {
    await this.#store([...this.#uses].flatMap(([key, { isStored }]) => (isStored ? [] : [key])));
  }

  /** Forgets a key that will not be used again. */
  async forget(key: string): Promise<void> {
    this.#uses.delete(key);
    await this.#checkpoints.write(SCOPE, [{ key, value: null }]).catch(() => undefined);
  }

  /** A failed write is tried again at the next use: while the disk is full, times in memory are enough. */
  async #store(keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return;
    const now = this.#clock.monotonic();
    const entries = keys.map((key) => {
      const use = this.#uses.get(key)!;
      use.storedAt = now;
      use.isStored = true;
      return { key, value: JSON.stringify(viewOf(use)) };
    });
    await this.#checkpoints.write(SCOPE, entries).catch(() => {
      for (const key of keys) {
        const use = this.#uses.get(key);
        if (use !== undefined) use.isStored = false;
      }
    });
  }
}

const viewOf = ({ at, address }: Use): LastUse => ({ at: rfc3339(at), ...(address !== undefined && { address }) });

function storedUse(text: string | undefined): LastUse | undefined {
  const value = text === undefined ? undefined : parseJson(text);
  return isObject(value) && typeof value.at === 'string' ? (value as unknown as LastUse) : undefined;
}
