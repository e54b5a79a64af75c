import type { Decision, Memory } from '../../../core/flow/decision.ts';
import type { Event } from '../../../core/event/event.ts';
import { BelfryError } from '../../../core/problems/failure.ts';
import { summarize } from '../../../core/event/summary.ts';
import { Crowd } from '../../../lib/slot-list.ts';
import { writeLater } from '../commit/apply-decision.ts';
import { Writes } from '../commit/commit.ts';
import { addTo } from '../commit/counters.ts';
import { hashOf } from '../engine/keys.ts';
import { enterMemory, findEvent, type Ledger, type NewDelivery, writeOwed } from '../context.ts';
import { writeCheckpoints } from '../commit/checkpoints.ts';
import { StateOverlay } from '../../states.ts';
import type { Accepted, Arrival, ArrivalBatch } from '../../store.ts';
import { toColumn } from '../engine/text.ts';

type Decide = (event: Event, memory: Memory) => Decision;

/** An answer that another call is still waiting for. */
interface Awaited {
  readonly call: Call;
  readonly index: number;
}

/** What is known of an arrival before anything is decided. */
type Fate =
  | { readonly kind: 'new' }
  /** Its sender chose the id, and it is the first of that id that is under way: the disk must be asked. */
  | { readonly kind: 'asked' }
  | { readonly kind: 'awaited'; readonly awaited: Awaited }
  /** The same as an earlier one of the same call. */
  | { readonly kind: 'twin'; readonly of: number };

interface KeyedCall {
  readonly bodyHash: string;
  readonly answer: Promise<readonly Accepted[]>;
}

const NEW: Fate = { kind: 'new' };
const ASKED: Fate = { kind: 'asked' };

/** From arrival to commit. */
class Call {
  readonly #arrivals: readonly Arrival[];
  readonly answer: Promise<readonly Accepted[]>;
  #places: Map<string, number> | undefined;

  constructor(arrivals: readonly Arrival[], answer: Promise<readonly Accepted[]>) {
    this.#arrivals = arrivals;
    this.answer = answer;
  }

  eventAt(index: number): Event {
    return this.#arrivals[index]!.event;
  }

  /** Where in its answer an event of this name is, if one is. Hardly any call is ever asked. */
  placeOf(name: string): number | undefined {
    this.#places ??= new Map(
      this.#arrivals.flatMap(({ event, mayRepeat }, index) => (mayRepeat ? [[nameOf(event), index]] : [])),
    );
    return this.#places.get(name);
  }
}

function nameOf({ source, id }: Event): string {
  return `${source}\u0000${id}`;
}

/** Events on their way in: told from their repetitions, decided upon, committed. */
export class Arrivals {
  readonly #ledger: Ledger;
  readonly #underWay = new Crowd<Call>();
  readonly #keyed = new Map<string, KeyedCall>();
  readonly #withdraw: (ids: readonly string[]) => Promise<void>;

  /** `withdraw` takes back deliveries that a decision makes pointless. */
  constructor(ledger: Ledger, withdraw: (ids: readonly string[]) => Promise<void>) {
    this.#ledger = ledger;
    this.#withdraw = withdraw;
  }

  transact(batch: ArrivalBatch, decide: Decide): Promise<readonly Accepted[]> {
    return batch.idempotency === undefined ? this.#take(batch, decide) : this.#once(batch, batch.idempotency, decide);
  }

  /** The same Idempotency-Key is answered once; whoever comes while that is under way gets the same answer. */
  async #once(
    batch: ArrivalBatch,
    { key, bodyHash }: NonNullable<ArrivalBatch['idempotency']>,
    decide: Decide,
  ): Promise<readonly Accepted[]> {
    const before = this.#keyed.get(key);
    if (before !== undefined) {
      refuseOtherBody(before.bodyHash, bodyHash);
      return (await before.answer).map(duplicateOf);
    }
    const first = this.#firstOrStored(batch, key, bodyHash, decide);
    this.#keyed.set(key, { bodyHash, answer: first });
    try {
      return await first;
    } finally {
      this.#keyed.delete(key);
    }
  }

  async #firstOrStored(
    batch: ArrivalBatch,
    key: string,
    bodyHash: string,
    decide: Decide,
  ): Promise<readonly Accepted[]> {
    const [stored] = await this.#ledger.reader.rows('request', toColumn(key));
    if (stored === undefined) return this.#take(batch, decide);
    refuseOtherBody(String(stored[0]), bodyHash);
    const answer = JSON.parse(String(stored[1])) as [string, string[]][];
    return answer.map(([id, deliveries]) => ({ id, deliveries, duplicate: true }));
  }

  /** Runs synchronously up to the commit when nothing has to be asked first. */
  #take(batch: ArrivalBatch, decide: Decide): Promise<readonly Accepted[]> {
    const fates = this.#fates(batch.arrivals);
    const answer = this.#decideAndCommit(batch, fates, decide);
    const place = this.#underWay.join(new Call(batch.arrivals, answer));
    const ended = (): void => this.#underWay.leave(place);
    answer.then(ended, ended);
    return answer;
  }

  #fates(arrivals: readonly Arrival[]): Fate[] {
    const here = arrivals.length > 1 ? new Map<string, number>() : undefined;
    return arrivals.map(({ event, mayRepeat }, index): Fate => {
      if (!mayRepeat) return NEW;
      const twin = here?.get(nameOf(event));
      if (twin !== undefined) return { kind: 'twin', of: twin };
      here?.set(nameOf(event), index);
      return this.#ledger.known.hear(event.id, event.source) ? NEW : this.#doubtful(event);
    });
  }

  #doubtful(event: Event): Fate {
    const name = nameOf(event);
    for (const call of this.#underWay.all()) {
      const index = call.placeOf(name);
      if (index !== undefined) return { kind: 'awaited', awaited: { call, index } };
    }
    return ASKED;
  }

  async #decideAndCommit(batch: ArrivalBatch, fates: readonly Fate[], decide: Decide): Promise<readonly Accepted[]> {
    const { committer } = this.#ledger;
    committer.check();
    const known = fates.every(({ kind }) => kind !== 'asked' && kind !== 'awaited')
      ? []
      : await Promise.all(fates.map((fate, index) => this.#known(fate, batch.arrivals[index]!)));
    if (!committer.isReady) await committer.ready();
    const taking = new Taking(this.#ledger, batch, decide);
    const accepted: Accepted[] = [];
    fates.forEach((fate, index) => {
      if (fate.kind === 'twin') refuseAnother(batch.arrivals[index]!, batch.arrivals[fate.of]!.event);
      const before = fate.kind === 'twin' ? accepted[fate.of] : known[index];
      accepted.push(before === undefined ? taking.accept(batch.arrivals[index]!) : duplicateOf(before));
    });
    await taking.commit(accepted);
    for (const { decision } of accepted) if (decision?.cancels !== undefined) await this.#withdraw(decision.cancels);
    return accepted;
  }

  /** The answer that the arrival got the first time; undefined when it is new. */
  async #known(fate: Fate, arrival: Arrival): Promise<Accepted | undefined> {
    if (fate.kind === 'awaited') {
      const { call, index } = fate.awaited;
      const accepted = await call.answer;
      refuseAnother(arrival, call.eventAt(index));
      return accepted[index];
    }
    if (fate.kind !== 'asked') return undefined;
    const row = await findEvent(this.#ledger, arrival.event.id, arrival.event.source);
    if (row === undefined) return undefined;
    refuseAnother(arrival, row.event);
    return { id: row.event.id, duplicate: true, deliveries: row.deliveryIds };
  }
}

function duplicateOf({ id, deliveries }: Accepted): Accepted {
  return { id, duplicate: true, deliveries };
}

/** Calling it a duplicate would lose it. */
function refuseAnother({ event, isSame }: Arrival, first: Event): void {
  if (isSame === undefined || isSame(first, event)) return;
  throw new BelfryError('store.conflict', 'this id came with another body before; each event needs an id of its own');
}

function refuseOtherBody(first: string, now: string): void {
  if (first !== now) throw new BelfryError('store.conflict', 'this Idempotency-Key was used with another body before');
}

/** One call's decisions, gathered; nothing is visible to others before `commit`. */
class Taking {
  readonly #ledger: Ledger;
  readonly #batch: ArrivalBatch;
  readonly #decide: Decide;
  readonly #states: StateOverlay;
  readonly #writes = new Writes();
  readonly #deliveries: NewDelivery[] = [];
  readonly #events: Record<string, number> = {};

  constructor(ledger: Ledger, batch: ArrivalBatch, decide: Decide) {
    this.#ledger = ledger;
    this.#batch = batch;
    this.#decide = decide;
    this.#states = new StateOverlay(ledger.states, batch.now);
  }

  accept({ event, mayRepeat }: Arrival): Accepted {
    const decision = this.#decide(event, this.#states);
    this.#states.add(decision.states);
    const { seq, named } = this.#ledger.eventSeqs.place(event.id, this.#batch.now, !mayRepeat);
    const body = JSON.stringify(event);
    const owed = decision.deliveries.map((one) => {
      const whole = one.delivery.event.id !== event.id;
      return writeOwed(this.#ledger, this.#writes, one, { event: seq, whole, bytes: body.length });
    });
    this.#deliveries.push(...owed);
    const summary = summarize(decision.results);
    this.#writes.add(
      'event',
      seq,
      this.#batch.now,
      body,
      JSON.stringify(decision.results.filter(({ outcome }) => outcome !== 'no_match')),
      summary,
      `[${owed.map(({ entry }) => entry.seq).join(',')}]`,
    );
    if (named) this.#name(event, seq, mayRepeat);
    writeLater(this.#writes, decision);
    addTo(this.#events, { [summary]: 1 });
    return {
      id: event.id,
      duplicate: false,
      deliveries: decision.deliveries.map(({ delivery }) => delivery.id),
      decision,
    };
  }

  #name({ id, source }: Event, seq: number, heard: boolean): void {
    if (!heard) this.#ledger.known.hear(id, source);
    this.#writes.add('eventName', seq, hashOf(id), hashOf(source));
  }

  /** Resolves when all of it is on disk. */
  commit(accepted: readonly Accepted[]): Promise<unknown> | undefined {
    for (const { checkpoints } of this.#batch.arrivals)
      if (checkpoints !== undefined)
        for (const each of checkpoints) writeCheckpoints(this.#writes, each.scope, each.entries);
    if (this.#batch.idempotency !== undefined) {
      const { key, bodyHash } = this.#batch.idempotency;
      const answer = accepted.map(({ id, deliveries }) => [id, deliveries]);
      this.#writes.add('request', toColumn(key), bodyHash, JSON.stringify(answer), this.#batch.now);
    }
    this.#states.keep(this.#writes);
    if (this.#writes.names.length === 0) return undefined;
    return this.#ledger.committer.submit({
      writes: this.#writes,
      counts: { events: this.#events, owed: this.#deliveries.length },
      decided: true,
      committed: () => {
        for (const made of this.#deliveries) enterMemory(this.#ledger, made);
      },
    });
  }
}
