import { useIdSlot } from '../../../lib/id.ts';
import type { Clock } from '../../../lib/time/clock.ts';
import { fromColumn, Sequence } from '../../shared/keys.ts';
import { ReadySignal } from '../../shared/context.ts';
import { DeliveryCache } from '../../shared/pending/delivery-cache.ts';
import { type PendingEntry, PendingIndex } from '../../shared/pending/pending-index.ts';
import type { StoredPushes } from '../../shared/pushes/pushes.ts';
import { pendingEntryOfRow } from '../../shared/rows.ts';
import type { Row } from '../../shared/writes.ts';
import type { DeliveryStore } from '../../store.ts';
import type { PostgresContext } from '../context.ts';
import type { Committer } from '../engine/committer.ts';
import type { Database } from '../engine/database.ts';
import { isTransient } from '../engine/errors.ts';
import { acknowledged, openDeliveries, openDeliveryNames } from '../engine/queries.ts';
import { type StateRecord, versionedOf } from '../engine/round.ts';
import { countersOf } from '../engine/totals.ts';
import type { VersionedStates } from '../engine/versioned-states.ts';
import type { Feed } from '../feed/feed.ts';
import type { Membership } from './membership.ts';

/** The sequences begin anew with each run. */
export type RunContext = PostgresContext & { eventSeqs: Sequence; deliverySeqs: Sequence };

/** Parts of the context that are empty before the first run. `cacheChars`: size of the cache of deliveries. */
export function emptyContext(
  cacheChars: number,
): Pick<RunContext, 'pending' | 'seqById' | 'deliveryCache' | 'ready' | 'eventSeqs' | 'deliverySeqs'> {
  return {
    pending: new PendingIndex(),
    seqById: new Map(),
    deliveryCache: new DeliveryCache(cacheChars),
    ready: new ReadySignal(),
    eventSeqs: new Sequence(0),
    deliverySeqs: new Sequence(0),
  };
}

interface RunDeps {
  readonly database: Database;
  readonly schema: string;
  readonly clock: Clock;
  readonly membership: Membership;
  readonly committer: Committer;
  readonly states: VersionedStates;
  readonly context: RunContext;
  readonly pushes: StoredPushes;
  readonly deliveries: Pick<DeliveryStore, 'settle'>;
  readonly feed: Feed;
  /** Called when this instance cannot join again. */
  readonly onFatal: (error: Error) => void;
}

/** Answer of the function `start_of`. */
interface Start {
  readonly known: Readonly<Record<string, number>> | null;
  readonly totals: Readonly<Record<string, number>> | null;
  readonly states: readonly StateRecord[] | null;
  readonly push_head: number;
  readonly holds: readonly number[] | null;
}

/** Rows of one query while the pending index is loaded. */
const LOAD_ROWS = 5000;
const RETRY_MS = 1000;

/** Run of an instance: from its lease on, with everything that it keeps in memory, to the end of the lease. */
export class InstanceRun {
  readonly #deps: RunDeps;
  #joining: Promise<void> | undefined;
  #isClosed = false;

  constructor(deps: RunDeps) {
    this.#deps = deps;
  }

  /** Begins a run: a lease, a slot, and the deliveries of runs that have ended. */
  async join(): Promise<void> {
    const { membership, context, committer } = this.#deps;
    // Deliveries of an earlier run belong to another instance: none of them may be claimed once there is a lease again.
    context.pending.clear();
    context.seqById.clear();
    await membership.join();
    const { slot } = membership;
    useIdSlot(slot);
    context.eventSeqs = new Sequence(0, slot);
    context.deliverySeqs = new Sequence(0, slot);
    committer.restart();
    await membership.takeOver();
    await this.load();
    await membership.beat();
  }

  /** Begins another run, because another instance has taken over: this one was silent for too long. */
  joinAgain(): Promise<void> {
    this.#joining ??= this.#joinUntilDone().finally(() => {
      this.#joining = undefined;
    });
    return this.#joining;
  }

  /** Reads everything that is kept in memory. */
  async load(): Promise<void> {
    const { database, schema, membership, feed, states, committer, pushes } = this.#deps;
    const start = (await database.call(`${schema}.start_of`, membership.owner)) as Start;
    feed.begin(start.known ?? {});
    states.load((start.states ?? []).map(versionedOf));
    committer.counters = countersOf(start.totals ?? {});
    pushes.restart(start.push_head);
    await this.#loadPending(start.holds ?? []);
  }

  /** Takes the deliveries of owners whose lease has ended. */
  async takeOver(): Promise<void> {
    const owners = await this.#deps.membership.takeOver();
    if (owners.length > 0) await this.#loadPending(owners);
  }

  close(): void {
    this.#isClosed = true;
  }

  async #joinUntilDone(): Promise<void> {
    const { clock, onFatal } = this.#deps;
    while (!this.#isClosed) {
      try {
        return await this.join();
      } catch (error) {
        if (!isTransient(error)) return onFatal(error as Error);
        await new Promise<void>((resolve) => clock.after(RETRY_MS, resolve));
      }
    }
  }

  async #loadPending(owners: readonly number[]): Promise<void> {
    const { database, schema, deliveries, membership } = this.#deps;
    const { owner } = membership;
    const { pending, seqById, ready } = this.#deps.context;
    const entries: PendingEntry[] = [];
    let after = 0;
    for (let rows: readonly Row[] = []; ; after = Number(rows.at(-1)![0])) {
      rows = await database.rows(openDeliveries(schema), [owners, after, LOAD_ROWS]);
      entries.push(...rows.map(pendingEntryOfRow));
      if (rows.length < LOAD_ROWS) break;
    }
    const names = (await database.rows(openDeliveryNames(schema), [owners])) as readonly [string, number][];
    // The run that took them over has ended meanwhile.
    if (membership.owner !== owner) return;
    pending.merge(entries);
    for (const [id, seq] of names) seqById.set(fromColumn(id), seq);
    for (const { channel } of pending.queues()) ready.notify(channel);
    const receipt = { answer: 'acknowledged' };
    for (const [id] of await database.rows(acknowledged(schema)))
      void deliveries.settle(String(id), { state: 'delivered', receipt }).catch(() => undefined);
  }
}
