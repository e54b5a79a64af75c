import type { Memory, StateChange } from '../../../core/flow/decision.ts';
import type { Event } from '../../../core/event/event.ts';
import type { Accepted } from '../../store.ts';
import { StateOverlay } from '../../states.ts';
import { addTo, type CounterChange } from '../../shared/commit/counters.ts';
import { fromColumn, toColumn } from '../../shared/keys.ts';
import type { Writes } from '../../shared/writes.ts';
import { Batch } from './batch.ts';
import { ReadStates, type VersionedState, type VersionedStates } from './versioned-states.ts';

/** Milliseconds between two deletions of expired states. */
const SWEEP_MS = 600_000;
/** Milliseconds that the clock of another instance may be behind. */
const CLOCK_TOLERANCE_MS = 7_200_000;

/** Request to the other instances, as part of a transaction: see `DeliveryRequest`. */
export type InstanceRequest = Readonly<Record<string, unknown>>;

/** Answer to a request with an Idempotency-Key. */
export interface AnsweredRequest {
  readonly bodyHash: string;
  readonly accepted: readonly Accepted[];
}

/** Events by source and id, and requests by Idempotency-Key, so that a repeat within one transaction is a duplicate. */
export interface Named {
  readonly events: Map<string, { readonly event: Event; readonly accepted: Accepted }>;
  readonly requests: Map<string, AnsweredRequest>;
}

/** One transaction while it is being put together: decisions on the states that are here, and writes. */
export class Round {
  readonly batch = new Batch();
  readonly counts: Record<string, number> = {};
  readonly named: Named = { events: new Map(), requests: new Map() };
  readonly #states: VersionedStates;
  readonly #overlay: StateOverlay;
  readonly #reads = new ReadStates();
  readonly #requests: InstanceRequest[] = [];
  /** Latest time of a decision. */
  now: number | undefined;

  constructor(states: VersionedStates, now: number) {
    this.#states = states;
    this.#overlay = new StateOverlay(states.cache, now);
  }

  /** States as of `now`, with the changes of the decisions before. Changes that are added to `states` become part of the round by `keep`. */
  begin(now: number): { readonly states: StateOverlay; readonly memory: Memory } {
    this.now = Math.max(now, this.now ?? 0);
    const states = new StateOverlay(this.#overlay, now);
    return { states, memory: this.#reads.tracked(states) };
  }

  keep(states: StateOverlay): void {
    this.#overlay.add(states.changes);
  }

  write(writes: Writes): number[] {
    return this.batch.add(writes);
  }

  /** Counts new events and deliveries; the database counts what becomes of deliveries. */
  count({ events = {}, owed = 0 }: CounterChange): void {
    if (owed !== 0) addTo(this.counts, { owed });
    for (const [summary, count] of Object.entries(events)) addTo(this.counts, { [`event:${summary}`]: count });
  }

  request(request: InstanceRequest): void {
    this.#requests.push(request);
  }

  get changes(): readonly StateChange[] {
    return this.#overlay.changes;
  }

  get isEmpty(): boolean {
    return this.batch.isEmpty && this.changes.length === 0 && this.#requests.length === 0;
  }

  /** Argument of the function `commit`. Called once, when everything is in the round. */
  toJson(synchronous: boolean): string {
    for (const change of this.changes) {
      const { rule, key, step, value, expires, wake = null } = change;
      this.#reads.note(change);
      this.batch.record('state', {
        ...columnsOf({ rule, key, step }),
        value: value ?? null,
        expires: Math.min(Math.ceil(expires), Number.MAX_SAFE_INTEGER),
        wake: wake === null ? null : Math.ceil(wake),
        version: this.#states.versionOf(change),
      });
    }
    for (const state of this.#reads.states.values())
      this.batch.record('read', { ...columnsOf(state), version: this.#states.versionOf(state) });
    for (const { rule, step } of this.#reads.ranges.values())
      this.batch.record('range', { rule: toColumn(rule), step: toColumn(step), ...this.#states.rangeOf(rule, step) });
    const more = {
      ...(!synchronous && { asynchronous: true }),
      ...(this.#requests.length > 0 && { requests: this.#requests }),
      ...(Object.keys(this.counts).length > 0 && { counts: this.counts }),
    };
    return this.batch.toJson(more);
  }
}

/** Decides when expired states are deleted, so that not each transaction looks for them. */
export class Sweep {
  #next = 0;

  /** Time until which they have expired for certain; undefined if it is not time yet. */
  due(now: number | undefined): number | undefined {
    if (now === undefined || now < this.#next) return undefined;
    this.#next = now + SWEEP_MS;
    return now - CLOCK_TOLERANCE_MS;
  }
}

const columnsOf = ({ rule, key, step }: { readonly rule: string; readonly key: string; readonly step: string }) => ({
  rule: toColumn(rule),
  key: toColumn(key),
  step: toColumn(step),
});

/** A state in an answer of the database. */
export interface StateRecord {
  readonly rule: string;
  readonly key: string;
  readonly step: string;
  readonly value: unknown;
  readonly expires: number | null;
  readonly wake: number | null;
  readonly version: number;
}

export function versionedOf({ rule, key, step, value, expires, wake, version }: StateRecord): VersionedState {
  return {
    rule: fromColumn(rule),
    key: fromColumn(key),
    step: fromColumn(step),
    value: value ?? null,
    expires: expires ?? 0,
    ...(wake !== null && wake !== undefined && { wake }),
    version,
  };
}

export function withVersion(changes: readonly StateChange[], version: number): VersionedState[] {
  return changes.map((change) => ({ ...change, version }));
}
