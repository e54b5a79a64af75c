import type { Decision } from '../../core/flow/decision.ts';
import { decide } from '../../core/flow/decide.ts';
import { API_SOURCE, completeEvent, type Event, type EventInput, OWN_SOURCE } from '../../core/event/event.ts';
import { BelfryError } from '../../core/problems/failure.ts';
import type { Ruleset } from '../../core/ruleset.ts';
import { select } from '../../core/flow/select.ts';
import type { Clock } from '../../lib/time/clock.ts';
import type { Observation } from '../../sources/source.ts';
import type { Accepted, Arrival, Store } from '../../store/store.ts';

/** What became of one event, for whoever watches: the feed, the metrics. Called after the commit, never for a duplicate. */
export interface Taken {
  readonly event: Event;
  readonly decision: Decision;
}

export interface Observed {
  /** Of the source's marks. */
  readonly scope: string;
  readonly observation: Observation;
}

export interface IntakeParts {
  readonly live: () => Ruleset;
  readonly store: Store;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly taken: (taken: Taken) => void;
  /** What sources see in an event that is not their own. */
  readonly observe: (event: Event, at: number) => readonly Observed[];
}

export interface AcceptOptions {
  /** The source that hands the events over; events from outside name their own, `api` if they do not. */
  readonly source?: string;
  readonly checkpoints?: Arrival['checkpoints'];
  readonly isSame?: Arrival['isSame'];
  readonly idempotency?: { readonly key: string; readonly bodyHash: string };
}

/** The one door in. What `accept` resolves to is on disk, decided upon by one ruleset, and will be delivered. */
export class Intake {
  readonly #parts: IntakeParts;
  readonly #tokens: { left: number; at: number };
  #stopping = false;
  readonly #running = new Set<Promise<unknown>>();

  constructor(parts: IntakeParts) {
    this.#parts = parts;
    this.#tokens = { left: Number.POSITIVE_INFINITY, at: parts.clock.monotonic() };
  }

  get stopping(): boolean {
    return this.#stopping;
  }

  async accept(inputs: readonly EventInput[], options: AcceptOptions = {}): Promise<readonly Accepted[]> {
    if (this.#stopping)
      throw new BelfryError(
        'intake.stopping',
        'the daemon is stopping and takes no new events; send it again in a moment',
      );
    const { live, store, clock } = this.#parts;
    const ruleset = live();
    if (options.source === undefined) this.#refuseOverload(ruleset, inputs.length);
    const now = clock.now();
    const seen: Observation[] = [];
    const arrivals = inputs.map((input) => this.#observed(this.#arrival(input, options, now), now, seen));
    const work = store.transact(
      { arrivals, now, ...(options.idempotency && { idempotency: options.idempotency }) },
      (event, memory) => decide(event, select(event, ruleset, now), { ruleset, memory, now, newId: this.#parts.newId }),
    );
    this.#running.add(work);
    try {
      const accepted = await work;
      for (const observation of seen) observation.committed();
      for (const [index, { decision }] of accepted.entries())
        if (decision !== undefined) this.#parts.taken({ event: arrivals[index]!.event, decision });
      return accepted;
    } finally {
      this.#running.delete(work);
    }
  }

  /** Has today's rules decide the event of a dead letter anew, as an event of its own: once per letter, also if a crash makes it be asked for again. */
  async requeue(event: Event, letter: string): Promise<void> {
    await this.accept([{ ...event, id: `requeued-${letter}`, requeued: event.id }], { source: event.source });
  }

  /** Resolves when what is being taken now is on disk or refused. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#running);
  }

  /** Takes nothing more; resolves when what was being taken is on disk or refused. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.settled();
  }

  /** What was seen in an event is committed with it. */
  #observed(arrival: Arrival, now: number, seen: Observation[]): Arrival {
    const observed = this.#parts.observe(arrival.event, now);
    if (observed.length === 0) return arrival;
    for (const { observation } of observed) seen.push(observation);
    const checkpoints = observed.map(({ scope, observation }) => ({ scope, entries: observation.checkpoints }));
    return { ...arrival, checkpoints: [...(arrival.checkpoints ?? []), ...checkpoints] };
  }

  #arrival(input: EventInput, options: AcceptOptions, now: number): Arrival {
    const source = options.source ?? input.source ?? API_SOURCE;
    if (source === OWN_SOURCE && options.source !== OWN_SOURCE) {
      throw new BelfryError(
        'intake.reserved_source',
        `the source \`${OWN_SOURCE}\` is the daemon's own; name another one`,
      );
    }
    const event = completeEvent(input, now, this.#parts.newId, source);
    const { checkpoints, isSame } = options;
    const arrival = { event, mayRepeat: input.id !== undefined };
    if (checkpoints === undefined && isSame === undefined) return arrival;
    return { ...arrival, ...(checkpoints && { checkpoints }), isSame };
  }

  /** Sources of our own are never refused: they would lose what happened. Who posts can try again, and is told so. */
  #refuseOverload(ruleset: Ruleset, count: number): void {
    const { limits, retention } = ruleset.daemon;
    const { eventsPerSecond, queue } = limits;
    // History is trimmed to its own size, so what the store holds beyond both is owed.
    if (this.#parts.store.size() >= queue + retention.size) {
      throw new BelfryError('intake.queue_full', 'as much is owed as `daemon.limits.queue` allows; nothing was taken');
    }
    if (eventsPerSecond === undefined) return;
    const at = this.#parts.clock.monotonic();
    const refilled = this.#tokens.left + ((at - this.#tokens.at) / 1000) * eventsPerSecond;
    this.#tokens.left = Math.min(eventsPerSecond, refilled);
    this.#tokens.at = at;
    if (this.#tokens.left < count)
      throw new BelfryError(
        'intake.rate',
        `more than ${eventsPerSecond} events a second (\`daemon.limits.events_per_second\`)`,
      );
    this.#tokens.left -= count;
  }
}
