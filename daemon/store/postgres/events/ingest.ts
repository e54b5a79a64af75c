import type { Decision, Memory } from '../../../core/flow/decision.ts';
import type { Event } from '../../../core/event/event.ts';
import { writeCheckpoints } from '../../shared/commit/checkpoints.ts';
import { writeDecision, writeEvent } from '../../shared/commit/decision-writes.ts';
import { addToMemory, type PreparedDelivery } from '../../shared/context.ts';
import { duplicateOf, nameOf, refuseOtherBody, refuseOtherEvent } from '../../shared/events/duplicates.ts';
import { hashOf, seqOfId, toColumn } from '../../shared/keys.ts';
import { eventOfRow, type EventRow } from '../../shared/rows.ts';
import { type Value, Writes } from '../../shared/writes.ts';
import type { Accepted, ArrivalBatch } from '../../store.ts';
import type { PostgresContext } from '../context.ts';
import type { AnsweredRequest, Named, Round } from '../engine/round.ts';
import type { Taken, Task } from '../engine/task.ts';

type Decide = (event: Event, memory: Memory) => Decision;

/** Stores the events of one call; resolves to its answers. */
export function transact(context: PostgresContext, batch: ArrivalBatch, decide: Decide): Promise<readonly Accepted[]> {
  return new Promise((resolve, reject) => {
    context.committer.run(new Ingest(context, { batch, decide, resolve, reject }));
  });
}

interface Call {
  readonly batch: ArrivalBatch;
  readonly decide: Decide;
  readonly resolve: (accepted: readonly Accepted[]) => void;
  readonly reject: (error: Error) => void;
}

/** One call of `transact`. Its events are written as new ones; what the database knows already is looked up only then. */
class Ingest implements Task {
  readonly deadline: number;
  readonly #context: PostgresContext;
  readonly #call: Call;
  /** Events that were stored before, by their name. */
  readonly #stored = new Map<string, EventRow[]>();
  #request: AnsweredRequest | undefined;
  #accepted: readonly Accepted[] = [];
  #added: PreparedDelivery[] = [];

  constructor(context: PostgresContext, call: Call) {
    this.#context = context;
    this.#call = call;
    this.deadline = context.committer.deadline();
  }

  prepare(round: Round): void {
    const { batch } = this.#call;
    const { idempotency } = batch;
    this.#added = [];
    const { named } = round;
    const before = this.#request ?? (idempotency === undefined ? undefined : named.requests.get(idempotency.key));
    if (before !== undefined) {
      refuseOtherBody(before.bodyHash, idempotency!.bodyHash);
      this.#accepted = before.accepted.map(duplicateOf);
      return;
    }
    // Everything is decided before anything is written: an error leaves nothing of this call in the round.
    const { states, memory } = round.begin(batch.now);
    const writes = new Writes();
    const names: { event: number; id_hash: number; source_hash: number; nth: number }[] = [];
    const events = new Map<string, { event: Event; accepted: Accepted }>();
    const own: Record<string, Value>[] = [];
    const summaries: string[] = [];
    this.#accepted = batch.arrivals.map((arrival): Accepted => {
      const { event, mayRepeat } = arrival;
      const name = nameOf(event);
      const first = mayRepeat ? (events.get(name) ?? named.events.get(name)) : undefined;
      if (first !== undefined) {
        refuseOtherEvent(arrival, first.event);
        return duplicateOf(first.accepted);
      }
      const rows = this.#stored.get(name) ?? [];
      const stored = rows.find((row) => row.event.id === event.id && row.event.source === event.source);
      if (stored !== undefined) {
        refuseOtherEvent(arrival, stored.event);
        return { id: event.id, duplicate: true, deliveries: stored.deliveryIds };
      }
      const decision = this.#call.decide(event, memory);
      states.add(decision.states);
      const written = writeEvent(this.#context, writes, { event, mayRepeat, now: batch.now }, decision);
      this.#added.push(...written.added);
      summaries.push(written.summary);
      if (written.named) names.push({ event: written.seq, ...namesOf(event), nth: rows.length });
      const seq = mayRepeat && rows.length === 0 ? seqOfId(event.id) : undefined;
      if (seq !== undefined)
        own.push({ seq, id: JSON.stringify(event.id), source: JSON.stringify(event.source), ...namesOf(event) });
      const accepted = {
        id: event.id,
        duplicate: false,
        deliveries: decision.deliveries.map(({ delivery }) => delivery.id),
        decision,
      };
      if (mayRepeat) events.set(name, { event, accepted });
      return accepted;
    });
    this.#writeRest(writes, named);
    round.keep(states);
    round.write(writes);
    for (const name of names) round.batch.record('name', name);
    for (const one of own) round.batch.record('own', one);
    for (const [name, one] of events) named.events.set(name, one);
    for (const summary of summaries) round.count({ events: { [summary]: 1 } });
    if (this.#added.length > 0) round.count({ owed: this.#added.length });
  }

  /** Writes the checkpoints and the Idempotency-Key of the call. */
  #writeRest(writes: Writes, named: Named): void {
    const { batch } = this.#call;
    const { idempotency } = batch;
    for (const { checkpoints = [] } of batch.arrivals)
      for (const { scope, entries } of checkpoints) writeCheckpoints(writes, scope, entries);
    if (idempotency !== undefined) {
      const answer = this.#accepted.map(({ id, deliveries }) => [id, deliveries]);
      writes.add('request', toColumn(idempotency.key), idempotency.bodyHash, JSON.stringify(answer), batch.now);
      named.requests.set(idempotency.key, { bodyHash: idempotency.bodyHash, accepted: this.#accepted });
    }
  }

  done(): void {
    for (const one of this.#added) addToMemory(this.#context, one);
    const { activity } = this.#context;
    for (const { decision } of this.#accepted) {
      if (decision === undefined) continue;
      activity.addEvent(decision.results, this.#call.batch.now);
      for (const { result } of decision.later ?? []) activity.addLater(result);
    }
    const cancels = this.#accepted.flatMap(({ decision }) => decision?.cancels ?? []);
    if (cancels.length === 0) return this.#call.resolve(this.#accepted);
    this.#context.cancel(cancels).then(() => this.#call.resolve(this.#accepted), this.#call.reject);
  }

  failed(error: unknown): void {
    this.#call.reject(error as Error);
  }

  /** Reads the events and the answer that are stored already. */
  async learn({ taken = [], request = false }: Taken): Promise<void> {
    const { batch } = this.#call;
    const { queries } = this.#context;
    if (request && batch.idempotency !== undefined) {
      const [row] = await queries.rows('request', toColumn(batch.idempotency.key));
      if (row !== undefined) {
        const accepted = (JSON.parse(String(row[1])) as [string, string[]][]).map(
          ([id, deliveries]): Accepted => ({ id, deliveries, duplicate: true }),
        );
        this.#request = { bodyHash: String(row[0]), accepted };
      }
    }
    for (const { event } of batch.arrivals) {
      const [idHash, sourceHash] = [hashOf(event.id), hashOf(event.source)];
      if (!taken.some((one) => one.id_hash === idHash && one.source_hash === sourceHash)) continue;
      const own = seqOfId(event.id);
      const [named, direct] = await Promise.all([
        queries.rows('eventsOfSource', idHash, sourceHash),
        own === undefined ? [] : queries.rows('eventAt', own),
      ]);
      this.#stored.set(nameOf(event), [...named, ...direct].map(eventOfRow));
    }
  }
}

const namesOf = ({ id, source }: Event) => ({ id_hash: hashOf(id), source_hash: hashOf(source) });

/** Makes and stores a decision that no event caused. */
export function applyDecision<D extends Decision>(
  context: PostgresContext,
  now: number,
  decide: (memory: Memory) => D,
): Promise<D> {
  return new Promise((resolve, reject) => {
    let decision: D;
    let added: readonly PreparedDelivery[] = [];
    context.committer.run({
      prepare(round) {
        const { states, memory } = round.begin(now);
        decision = decide(memory);
        states.add(decision.states);
        const writes = new Writes();
        added = writeDecision(context, writes, decision);
        round.keep(states);
        round.write(writes);
        if (added.length > 0) round.count({ owed: added.length });
      },
      done() {
        for (const one of added) addToMemory(context, one);
        for (const { result } of decision.later ?? []) context.activity.addLater(result);
        void context.cancel(decision.cancels ?? []).then(
          () => resolve(decision),
          (error: unknown) => reject(error as Error),
        );
      },
      failed: (error) => reject(error as Error),
    });
  });
}
