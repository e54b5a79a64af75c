import type { Decision } from '../../core/flow/decision.ts';
import { decide, type DecideContext } from '../../core/flow/decide.ts';
import { API_SOURCE, completeEvent, type Event, type EventInput, OWN_SOURCE } from '../../core/event/event.ts';
import { BelfryError } from '../../core/problems/failure.ts';
import type { CompiledRule, Ruleset } from '../../core/ruleset.ts';
import { select } from '../../core/flow/select.ts';
import { UNMEASURED, type WorkLog } from './self-check/work-log.ts';
import { SlotList } from '../../lib/async/slot-list.ts';
import type { Clock } from '../../lib/time/clock.ts';
import type { Observation } from '../../sources/source.ts';
import type { Accepted, Arrival, Store } from '../../store/store.ts';

/** Event with the decision that was committed for it. */
export interface DecidedEvent {
  readonly event: Event;
  readonly decision: Decision;
}

/** Observation that a source made of another source's event. */
export interface SourceObservation {
  /** Scope of the source's checkpoints. */
  readonly scope: string;
  readonly observation: Observation;
}

export interface IntakeDeps {
  readonly live: () => Ruleset;
  readonly store: Store;
  readonly clock: Clock;
  readonly newId: () => string;
  /** Reason why no events are accepted at this time; undefined if they are. Absent: they always are. */
  readonly refusing?: () => string | undefined;
  /** Absent: the work is not measured. */
  readonly work?: Pick<WorkLog, 'measure'>;
  /** Called after the commit, and never for a duplicate. */
  readonly onAccepted: (event: DecidedEvent) => void;
  /** Shows an event to all sources except the one that emitted it; returns their observations. */
  readonly observe: (event: Event, at: number) => readonly SourceObservation[];
}

export interface AcceptOptions {
  /** Source that emits the events. Absent: they come from outside, and have the source that they name, or `api`. */
  readonly source?: string;
  readonly checkpoints?: Arrival['checkpoints'];
  readonly isSame?: Arrival['isSame'];
  /** Rules that may get the events; absent: all. */
  readonly isFor?: (rule: CompiledRule) => boolean;
  /** Results and deliveries of the daemon itself, besides those of rules. */
  readonly own?: (event: Event, decision: Decision) => Pick<Decision, 'results' | 'deliveries'>;
  readonly idempotency?: { readonly key: string; readonly bodyHash: string };
}

/** Entry point of all events. When `accept` resolves, its events are durable, and decided by one ruleset. */
export class Intake {
  readonly #deps: IntakeDeps;
  /** Token bucket of `daemon.limits.events_per_second`; `at` is monotonic milliseconds. */
  readonly #bucket: { tokens: number; at: number };
  #isStopping = false;
  readonly #running = new SlotList<Promise<unknown>>();

  constructor(deps: IntakeDeps) {
    this.#deps = deps;
    this.#bucket = { tokens: Number.POSITIVE_INFINITY, at: deps.clock.monotonic() };
  }

  async accept(inputs: readonly EventInput[], options: AcceptOptions = {}): Promise<readonly Accepted[]> {
    if (this.#isStopping)
      throw new BelfryError('intake.stopping', 'the daemon is stopping and accepts no new events; send it again later');
    const { live, store, clock, newId, refusing, work = UNMEASURED } = this.#deps;
    // The daemon's own events wait: nobody would send them again.
    const refusal = options.source === OWN_SOURCE ? undefined : refusing?.();
    if (refusal !== undefined) throw new BelfryError('store.unavailable', refusal);
    const ruleset = live();
    if (options.source === undefined) this.#refuseOverload(ruleset, inputs.length);
    const now = clock.now();
    const observations: Observation[] = [];
    const arrivals = inputs.map((input) => this.#observed(this.#arrival(input, options, now), now, observations));
    const stored = store.transact(
      { arrivals, now, ...(options.idempotency && { idempotency: options.idempotency }) },
      (event, memory) =>
        work.measure('events', event.id, () => decided(event, options, { ruleset, memory, now, newId })),
    );
    const slot = this.#running.add(stored);
    try {
      const accepted = await stored;
      for (const observation of observations) observation.committed();
      for (const [index, { decision }] of accepted.entries())
        if (decision !== undefined) this.#deps.onAccepted({ event: arrivals[index]!.event, decision });
      return accepted;
    } finally {
      this.#running.remove(slot);
    }
  }

  /**
   * Decides the event of a dead letter anew by the live rules. The id of the new event derives from the dead letter, so a repeat
   * after a crash is a duplicate.
   */
  async requeue(event: Event, deadLetterId: string): Promise<void> {
    await this.acceptAgain({ ...event, id: `requeued-${deadLetterId}`, requeued: event.id });
  }

  /** Accepts a stored event as a new one, from the source that it has, whatever that is. */
  async acceptAgain(event: Event): Promise<Accepted> {
    const [accepted] = await this.accept([event], { source: event.source });
    return accepted!;
  }

  /** Resolves when the events that are being accepted now are durable or refused. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#running.entries());
  }

  /** Refuses new events; resolves when the last ones are durable or refused. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.settled();
  }

  /** Adds the checkpoints of observations, which are committed with the event. */
  #observed(arrival: Arrival, now: number, observations: Observation[]): Arrival {
    const observed = this.#deps.observe(arrival.event, now);
    if (observed.length === 0) return arrival;
    for (const { observation } of observed) observations.push(observation);
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
    const event = completeEvent(input, now, this.#deps.newId, source);
    const { checkpoints, isSame } = options;
    const arrival = { event, mayRepeat: input.id !== undefined };
    if (checkpoints === undefined && isSame === undefined) return arrival;
    return { ...arrival, ...(checkpoints && { checkpoints }), isSame };
  }

  /** Refuses events from outside beyond the limits; their sender can try again. Sources of the rules are never refused: they would lose events. */
  #refuseOverload(ruleset: Ruleset, count: number): void {
    const { limits, retention } = ruleset.daemon;
    const { eventsPerSecond, queue } = limits;
    // History is trimmed to `retention.size`, so only pending deliveries can make the store larger than both sizes together.
    if (this.#deps.store.size() >= queue + retention.size) {
      throw new BelfryError(
        'intake.queue_full',
        'the pending deliveries fill `daemon.limits.queue`; nothing was accepted',
      );
    }
    if (eventsPerSecond === undefined) return;
    const at = this.#deps.clock.monotonic();
    const refilled = this.#bucket.tokens + ((at - this.#bucket.at) / 1000) * eventsPerSecond;
    this.#bucket.tokens = Math.min(eventsPerSecond, refilled);
    this.#bucket.at = at;
    if (this.#bucket.tokens < count)
      throw new BelfryError(
        'intake.rate',
        `more than ${eventsPerSecond} events a second (\`daemon.limits.events_per_second\`)`,
      );
    this.#bucket.tokens -= count;
  }
}

function decided(event: Event, { isFor, own }: AcceptOptions, context: DecideContext): Decision {
  const { ruleset, now } = context;
  const candidates = select(event, ruleset, now);
  const wanted =
    isFor === undefined ? candidates : candidates.filter((one) => one.kind !== 'result' && isFor(one.rule));
  const decision = decide(event, wanted, context);
  if (own === undefined) return decision;
  const { results, deliveries } = own(event, decision);
  return {
    ...decision,
    results: [...results, ...decision.results],
    deliveries: [...deliveries, ...decision.deliveries],
  };
}
