import { isJson, isObject, parseJson } from '../../core/values/json.ts';
import type { Clock } from '../../lib/time/clock.ts';
import type { CheckpointStore } from '../../store/store.ts';

const SCOPE = 'identity:sessions';
/** Sessions at once; a further login ends the oldest. */
const MAX_SESSIONS = 1000;

/** A session of the web console, as it is stored. Times in milliseconds since the epoch. */
export interface Session {
  readonly id: string;
  readonly by?: string;
  readonly scopes: readonly string[];
  readonly since: number;
  readonly until: number;
  /** IP address of the login. */
  readonly address?: string;
}

/**
 * The sessions of the web console that have not ended, in memory and in the store, so that a restart ends none. A session token is valid
 * only while its session is here.
 */
export class Sessions {
  readonly #checkpoints: CheckpointStore;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #sessions = new Map<string, Session>();

  /** `stored`: those that the store has. */
  constructor(checkpoints: CheckpointStore, clock: Pick<Clock, 'now'>, stored: readonly Session[] = []) {
    this.#checkpoints = checkpoints;
    this.#clock = clock;
    for (const session of stored) this.#sessions.set(session.id, session);
  }

  static async open(checkpoints: CheckpointStore, clock: Pick<Clock, 'now'>): Promise<Sessions> {
    const stored = [...(await checkpoints.read(SCOPE)).values()].map(read);
    return new Sessions(
      checkpoints,
      clock,
      stored.filter((session) => session !== undefined),
    );
  }

  has(id: string): boolean {
    const session = this.#sessions.get(id);
    return session !== undefined && session.until > this.#clock.now();
  }

  /** Sessions that have not ended, the newest first. */
  list(): readonly Session[] {
    const now = this.#clock.now();
    return [...this.#sessions.values()].filter(({ until }) => until > now).toSorted((a, b) => b.since - a.since);
  }

  /** Resolves when it is stored. While the disk is full a session is only in memory, so a restart ends it. */
  async add(session: Session): Promise<void> {
    const now = this.#clock.now();
    const over = [...this.#sessions.values()].filter(({ until }) => until <= now).map(({ id }) => id);
    const [oldest] = this.#sessions.size - over.length >= MAX_SESSIONS ? this.list().toReversed() : [];
    const ended = [...over, ...(oldest === undefined ? [] : [oldest.id])];
    for (const id of ended) this.#sessions.delete(id);
    this.#sessions.set(session.id, session);
    const entries = [
      { key: session.id, value: JSON.stringify(session) },
      ...ended.map((key) => ({ key, value: null })),
    ];
    await this.#checkpoints.write(SCOPE, entries).catch(() => undefined);
  }

  /** Ends a session. Rejects if that cannot be stored: a restart would bring it back. */
  async end(id: string): Promise<boolean> {
    if (!this.has(id)) return false;
    this.#sessions.delete(id);
    await this.#checkpoints.write(SCOPE, [{ key: id, value: null }]);
    return true;
  }
}

function read(text: string): Session | undefined {
  const value = isJson(text) ? parseJson(text) : undefined;
  const isSession =
    isObject(value) &&
    typeof value.id === 'string' &&
    Array.isArray(value.scopes) &&
    typeof value.since === 'number' &&
    typeof value.until === 'number';
  return isSession ? (value as unknown as Session) : undefined;
}
