import { silenceChange } from '../core/alerts/silence-actions.ts';
import type { Event } from '../core/event/event.ts';
import { decide, type DecideContext } from '../core/flow/decide.ts';
import type { Decision, Memory, NewDelivery } from '../core/flow/decision.ts';
import { select } from '../core/flow/select.ts';
import { decideWake } from '../core/flow/wake.ts';
import type { Ruleset } from '../core/ruleset.ts';
import { StateCache } from '../store/states.ts';

export interface ReplayDeps {
  readonly ruleset: Ruleset;
  /** Start of the virtual clock, milliseconds since the epoch. */
  readonly at: number;
  readonly onDelivery: (created: NewDelivery) => void;
  /** Called with the id of a delivery whose alert ended before its first attempt. */
  readonly onCancel: (id: string) => void;
  /** Called with the errors of a rule, such as those of its templates. */
  readonly onError: (rule: string, errors: readonly string[]) => void;
}

/** A silence that a person made: its id, its stored form, and the time at which it was made. */
export interface PastSilence {
  readonly id: string;
  readonly given: Readonly<Record<string, unknown>>;
  readonly madeAt: number;
}

/** Timers that are read from the states at once. */
const WAKE_BATCH = 1000;

/**
 * Replay of recorded events by the core, from empty states, on a virtual clock. Events come as they were recorded, so that no source
 * runs; the timers of the rules fire between them. Channels take every message at once.
 */
export class Replay {
  readonly #deps: ReplayDeps;
  readonly #states = new StateCache();
  readonly #memory: Memory;
  #now: number;
  #ids = 0;

  constructor(deps: ReplayDeps) {
    this.#deps = deps;
    this.#now = deps.at;
    this.#memory = {
      read: (...id) => this.#states.read(...id, this.#now),
      each: (...id) => this.#states.each(...id, this.#now),
    };
  }

  /** Adds a silence, which begins when it was made unless it names a later time. */
  silence({ id, given, madeAt }: PastSilence): void {
    const from = typeof given.from === 'string' ? given.from : new Date(madeAt).toISOString();
    this.#states.apply([silenceChange(id, { ...given, from }, undefined)]);
  }

  /** Decides an event that arrived at a time, after the timers that were due until then. */
  event(event: Event, at: number): void {
    this.advance(at);
    this.#apply(decide(event, select(event, this.#deps.ruleset, this.#now), this.#context()));
    this.#states.sweep(this.#now);
  }

  /** Advances the clock; the timers that are due fire at their time. */
  advance(to: number): void {
    for (let next = this.#states.nextWake; next !== undefined && next <= to; next = this.#states.nextWake) {
      this.#now = Math.max(this.#now, next);
      for (const id of this.#states.due(this.#now, WAKE_BATCH)) this.#apply(decideWake(id, this.#context()));
    }
    // The wall clock of the daemon may have been set back between two events.
    this.#now = Math.max(this.#now, to);
  }

  #apply({ results, states, deliveries, cancels = [], later = [] }: Decision): void {
    const { onDelivery, onCancel, onError } = this.#deps;
    this.#states.apply(states);
    for (const created of deliveries) onDelivery(created);
    for (const id of cancels) onCancel(id);
    for (const { rule, errors = [] } of results) if (errors.length > 0) onError(rule, errors);
    for (const { result } of later) if (result.errors !== undefined) onError(result.rule, result.errors);
  }

  #context(): DecideContext {
    return {
      ruleset: this.#deps.ruleset,
      memory: this.#memory,
      now: this.#now,
      newId: () => `replayed-${(this.#ids += 1)}`,
    };
  }
}
