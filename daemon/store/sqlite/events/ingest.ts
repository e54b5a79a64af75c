import type { Decision, Memory } from '../../../core/flow/decision.ts';
import type { Event } from '../../../core/event/event.ts';
import { SlotList } from '../../../lib/async/slot-list.ts';
import { StateOverlay } from '../../states.ts';
import type { Accepted, Arrival, ArrivalBatch } from '../../store.ts';
import type { SqliteContext } from '../context.ts';
import { writeEvent } from '../../shared/commit/decision-writes.ts';
import { writeCheckpoints } from '../../shared/commit/checkpoints.ts';
import { Writes } from '../../shared/writes.ts';
import { addTo } from '../../shared/commit/counters.ts';
import { addToMemory, findEvent, type PreparedDelivery } from '../../shared/context.ts';
import { duplicateOf, nameOf, refuseOtherBody, refuseOtherEvent } from '../../shared/events/duplicates.ts';
import { hashOf, toColumn } from '../../shared/keys.ts';
import { writeStates } from '../../shared/rows.ts';

type Decide = (event: Event, memory: Memory) => Decision;

/** Result of the search for duplicates of an arrival, before any decision. */
type Disposition =
  | { readonly kind: 'new' }
  /** May be stored already: a query finds out. */
  | { readonly kind: 'lookup' }
  /** Same name as an event of another call in flight: that call's answer decides. */
  | { readonly kind: 'in-flight'; readonly call: Call; readonly index: number }
  /** Same name as an earlier event of this call. */
  | { readonly kind: 'repeated'; readonly first: number };

const NEW: Disposition = { kind: 'new' };
const LOOKUP: Disposition = { kind: 'lookup' };

interface KeyedCall {
  readonly bodyHash: string;
  readonly answer: Promise<readonly Accepted[]>;
}

/** A `transact` call from its arrival to its commit. */
class Call {
  readonly #arrivals: readonly Arrival[];
  readonly answer: Promise<readonly Accepted[]>;
  /** Built on first use: most calls never need it. */
  #indexByName: Map<string, number> | undefined;

  constructor(arrivals: readonly Arrival[], answer: Promise<readonly Accepted[]>) {
    this.#arrivals = arrivals;
    this.answer = answer;
  }

  eventAt(index: number): Event {
    return this.#arrivals[index]!.event;
  }

  indexOf(name: string): number | undefined {
    this.#indexByName ??= new Map(
      this.#arrivals.flatMap(({ event, mayRepeat }, index) => (mayRepeat ? [[nameOf(event), index]] : [])),
    );
    return this.#indexByName.get(name);
  }
}

/** Ingest of events: finds duplicates, makes the decisions, commits them. */
export class Ingest {
  readonly #context: SqliteContext;
  readonly #inFlight = new SlotList<Call>();
  readonly #keyed = new Map<string, KeyedCall>();
  readonly #cancel: (ids: readonly string[]) => Promise<void>;

  /** `cancel` cancels the deliveries in `Decision.cancels`. */
  constructor(context: SqliteContext, cancel: (ids: readonly string[]) => Promise<void>) {
    this.#context = context;
    this.#cancel = cancel;
  }

  transact(batch: ArrivalBatch, decide: Decide): Promise<readonly Accepted[]> {
    return batch.idempotency === undefined
      ? this.#ingest(batch, decide)
      : this.#ingestKeyed(batch, batch.idempotency, decide);
  }

  /** Carries out one call per Idempotency-Key. A call with the same key in the meantime gets the same answer. */
  async #ingestKeyed(
    batch: ArrivalBatch,
    { key, bodyHash }: NonNullable<ArrivalBatch['idempotency']>,
    decide: Decide,
  ): Promise<readonly Accepted[]> {
    const before = this.#keyed.get(key);
    if (before !== undefined) {
      refuseOtherBody(before.bodyHash, bodyHash);
      return (await before.answer).map(duplicateOf);
    }
    const answer = this.#storedAnswerOrIngest(batch, key, bodyHash, decide);
    this.#keyed.set(key, { bodyHash, answer });
    try {
      return await answer;
    } finally {
      this.#keyed.delete(key);
    }
  }

  async #storedAnswerOrIngest(
    batch: ArrivalBatch,
    key: string,
    bodyHash: string,
    decide: Decide,
  ): Promise<readonly Accepted[]> {
    const [stored] = await this.#context.queries.rows('request', toColumn(key));
    if (stored === undefined) return this.#ingest(batch, decide);
    refuseOtherBody(String(stored[0]), bodyHash);
    const answer = JSON.parse(String(stored[1])) as [string, string[]][];
    return answer.map(([id, deliveries]) => ({ id, deliveries, duplicate: true }));
  }

  /** Runs synchronously up to the commit unless an event has to be looked up on disk. */
  #ingest(batch: ArrivalBatch, decide: Decide): Promise<readonly Accepted[]> {
    const dispositions = this.#dispositions(batch.arrivals);
    const answer = this.#decideAndCommit(batch, dispositions, decide);
    const slot = this.#inFlight.add(new Call(batch.arrivals, answer));
    const ended = (): void => this.#inFlight.remove(slot);
    answer.then(ended, ended);
    return answer;
  }

  #dispositions(arrivals: readonly Arrival[]): Disposition[] {
    const indexByName = arrivals.length > 1 ? new Map<string, number>() : undefined;
    return arrivals.map(({ event, mayRepeat }, index): Disposition => {
      if (!mayRepeat) return NEW;
      const first = indexByName?.get(nameOf(event));
      if (first !== undefined) return { kind: 'repeated', first };
      indexByName?.set(nameOf(event), index);
      return this.#context.seenIds.addIfNew(event.id, event.source) ? NEW : this.#inFlightOrLookup(event);
    });
  }

  #inFlightOrLookup(event: Event): Disposition {
    const name = nameOf(event);
    for (const call of this.#inFlight.entries()) {
      const index = call.indexOf(name);
      if (index !== undefined) return { kind: 'in-flight', call, index };
    }
    return LOOKUP;
  }

  async #decideAndCommit(
    batch: ArrivalBatch,
    dispositions: readonly Disposition[],
    decide: Decide,
  ): Promise<readonly Accepted[]> {
    const { committer } = this.#context;
    committer.check();
    const earlier = dispositions.every(({ kind }) => kind === 'new' || kind === 'repeated')
      ? []
      : await Promise.all(dispositions.map((one, index) => this.#earlierAnswer(one, batch.arrivals[index]!)));
    if (!committer.isReady) await committer.ready();
    const transaction = new Batch(this.#context, batch, decide);
    const accepted: Accepted[] = [];
    dispositions.forEach((disposition, index) => {
      const arrival = batch.arrivals[index]!;
      if (disposition.kind === 'repeated') refuseOtherEvent(arrival, batch.arrivals[disposition.first]!.event);
      const before = disposition.kind === 'repeated' ? accepted[disposition.first] : earlier[index];
      accepted.push(before === undefined ? transaction.add(arrival) : duplicateOf(before));
    });
    await transaction.commit(accepted);
    for (const { decision } of accepted) if (decision?.cancels !== undefined) await this.#cancel(decision.cancels);
    return accepted;
  }

  /** The answer to the first arrival of the same event; undefined for a new event. */
  async #earlierAnswer(disposition: Disposition, arrival: Arrival): Promise<Accepted | undefined> {
    if (disposition.kind === 'in-flight') {
      const { call, index } = disposition;
      const accepted = await call.answer;
      refuseOtherEvent(arrival, call.eventAt(index));
      return accepted[index];
    }
    if (disposition.kind !== 'lookup') return undefined;
    const row = await findEvent(this.#context, arrival.event.id, arrival.event.source);
    if (row === undefined) return undefined;
    refuseOtherEvent(arrival, row.event);
    return { id: row.event.id, duplicate: true, deliveries: row.deliveryIds };
  }
}

/** Decisions and writes of one call; invisible to other calls until `commit`. */
class Batch {
  readonly #context: SqliteContext;
  readonly #batch: ArrivalBatch;
  readonly #decide: Decide;
  readonly #states: StateOverlay;
  readonly #writes = new Writes();
  readonly #deliveries: PreparedDelivery[] = [];
  readonly #events: Record<string, number> = {};

  constructor(context: SqliteContext, batch: ArrivalBatch, decide: Decide) {
    this.#context = context;
    this.#batch = batch;
    this.#decide = decide;
    this.#states = new StateOverlay(context.states, batch.now);
  }

  add({ event, mayRepeat }: Arrival): Accepted {
    const decision = this.#decide(event, this.#states);
    this.#states.add(decision.states);
    const { now } = this.#batch;
    const { seq, named, added, summary } = writeEvent(this.#context, this.#writes, { event, mayRepeat, now }, decision);
    this.#deliveries.push(...added);
    if (named) this.#writeName(event, seq, mayRepeat);
    addTo(this.#events, { [summary]: 1 });
    return {
      id: event.id,
      duplicate: false,
      deliveries: decision.deliveries.map(({ delivery }) => delivery.id),
      decision,
    };
  }

  #writeName({ id, source }: Event, seq: number, isSeen: boolean): void {
    if (!isSeen) this.#context.seenIds.addIfNew(id, source);
    this.#writes.add('eventName', seq, hashOf(id), hashOf(source));
  }

  /** Resolves when everything is on disk. */
  commit(accepted: readonly Accepted[]): Promise<unknown> | undefined {
    for (const { checkpoints } of this.#batch.arrivals)
      if (checkpoints !== undefined)
        for (const { scope, entries } of checkpoints) writeCheckpoints(this.#writes, scope, entries);
    if (this.#batch.idempotency !== undefined) {
      const { key, bodyHash } = this.#batch.idempotency;
      const answer = accepted.map(({ id, deliveries }) => [id, deliveries]);
      this.#writes.add('request', toColumn(key), bodyHash, JSON.stringify(answer), this.#batch.now);
    }
    const changed = this.#states.applyTo(this.#context.states);
    if (changed !== undefined) writeStates(this.#writes, changed);
    if (this.#writes.names.length === 0) return undefined;
    return this.#context.committer.submit({
      writes: this.#writes,
      counts: { events: this.#events, owed: this.#deliveries.length },
      decided: true,
      onCommitted: () => {
        for (const one of this.#deliveries) addToMemory(this.#context, one);
      },
    });
  }
}
