import type { Clock } from '../../../lib/time/clock.ts';
import type { Appended } from '../../shared/pushes/pushes.ts';
import type { Database } from '../engine/database.ts';
import type { StateRecord, InstanceRequest } from '../engine/round.ts';

/** A push as its instance wrote it. */
interface PushRecord {
  readonly n: number;
  readonly to: string;
  readonly required: Appended['require'];
  readonly frame: string;
  readonly keep_until: number;
}

/** Changes of a transaction of another instance. */
interface Changes {
  readonly state?: readonly StateRecord[] | null;
  readonly push?: readonly PushRecord[] | null;
  readonly requests?: readonly InstanceRequest[] | null;
}

type CommitRow = readonly [
  owner: number,
  number: number,
  version: number,
  changes: Changes | null,
  counts: Readonly<Record<string, number>> | null,
  results: readonly (readonly [number, unknown])[],
];

export interface FeedDeps {
  readonly database: Database;
  readonly schema: string;
  readonly clock: Clock;
  readonly owner: () => number;
  readonly onStates: (states: readonly StateRecord[], version: number) => void;
  readonly onPush: (seq: number, push: Appended) => void;
  readonly onRequest: (request: InstanceRequest) => void;
  readonly onCounts: (counts: Readonly<Record<string, number>>) => void;
  /** Called before a reading begins; what it returns is called when everything committed before is known. */
  readonly onPoll: () => () => void;
  /** Called when the lease of an owner has ended. */
  readonly onEnded: () => Promise<void>;
  /** Called when so much time has passed that changes may be missing; resolves when everything was read again. */
  readonly onGap: () => Promise<void>;
}

const POLL_MS = 500;
/** Milliseconds after which changes may have been deleted before they were read. */
const MAX_PAUSE_MS = 60_000;

/** Reads what the other instances have committed: at each notification, and twice a second. */
export class Feed {
  readonly #deps: FeedDeps;
  /** Number of the last transaction that is known, by owner. */
  #known: Record<string, number> = {};
  #cancel: (() => void) | undefined;
  #running: Promise<void> | undefined;
  #isWanted = false;
  #isClosed = false;
  #last: number;

  constructor(deps: FeedDeps) {
    this.#deps = deps;
    this.#last = deps.clock.monotonic();
  }

  /** Goes on after these transactions. */
  begin(known: Readonly<Record<string, number>>): void {
    this.#known = { ...known };
    this.#last = this.#deps.clock.monotonic();
  }

  start(): void {
    this.#arm();
  }

  /** Reads soon. */
  wake(): void {
    if (this.#isClosed) return;
    this.#isWanted = true;
    if (this.#running === undefined) void this.poll();
  }

  /** Reads now; resolves when everything that was committed before the call is known, or when PostgreSQL cannot be reached. */
  async poll(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
    if (this.#isClosed) return;
    this.#isWanted = false;
    this.#cancel?.();
    this.#running = this.#read().catch(() => undefined);
    await this.#running;
    this.#running = undefined;
    if (this.#isWanted) void this.poll();
    else this.#arm();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancel?.();
    await this.#running;
  }

  #arm(): void {
    this.#cancel?.();
    if (!this.#isClosed) this.#cancel = this.#deps.clock.after(POLL_MS, () => void this.poll());
  }

  async #read(): Promise<void> {
    const { database, schema, clock, owner, onPoll, onEnded, onGap } = this.#deps;
    if (clock.monotonic() - this.#last > MAX_PAUSE_MS) await onGap();
    const done = onPoll();
    const began = clock.monotonic();
    const answer = await database.call(`${schema}.poll`, owner(), JSON.stringify(this.#known));
    const { ended, commits } = answer as { ended: boolean; commits: CommitRow[] | null };
    for (const commit of commits ?? []) this.#take(commit);
    this.#last = began;
    done();
    if (ended) await onEnded();
  }

  #take([owner, number, version, changes, counts, results]: CommitRow): void {
    const { onStates, onPush, onRequest, onCounts } = this.#deps;
    this.#known[owner] = Math.max(this.#known[owner] ?? 0, number);
    if (counts !== null) onCounts(counts);
    if (changes === null) return;
    if (changes.state) onStates(changes.state, version);
    const numbers = new Map(results);
    for (const { n, to, required, frame, keep_until: keepUntil } of changes.push ?? [])
      onPush(Number(numbers.get(n)), { to: JSON.parse(to) as string[], require: required, frame, keepUntil });
    for (const request of changes.requests ?? []) onRequest(request);
  }
}
