import type { Memory, StateChange, StateKey } from '../core/flow/decision.ts';
import { TimerHeap } from './timer-heap.ts';

interface StoredState {
  readonly value: unknown;
  /** Milliseconds since the epoch. */
  readonly expires: number;
  readonly wake?: number;
}

/** Number of states from which on expired ones are removed. */
const FIRST_SWEEP_SIZE = 1024;

/** States as of a time. */
interface StateReader {
  read(rule: string, key: string, step: string, now: number): unknown;
  each(rule: string, step: string, now: number): Iterable<readonly [string, unknown]>;
}

/** In-memory cache of all rule states, and their timers. The store also writes every change to disk. */
export class StateCache {
  /** By rule and step, then by key. */
  #states = new Map<string, Map<string, StoredState>>();
  #size = 0;
  #sweepAt = FIRST_SWEEP_SIZE;
  /** Milliseconds by which the timer of a state is later than its `wake`: another instance wakes it then. */
  readonly #delayOf: (stateKey: StateKey) => number;
  #timers = this.#newTimers();
  #onEarlier: () => void = () => undefined;

  constructor(delayOf: (stateKey: StateKey) => number = () => 0) {
    this.#delayOf = delayOf;
  }

  /** Begins the timers anew, because their delays have changed. */
  restartTimers(): void {
    this.#timers = this.#newTimers();
    for (const [name, byKey] of this.#states) {
      const [rule = '', step = ''] = name.split('\u0000');
      for (const [key, { wake }] of byKey) if (wake !== undefined) this.#addTimer({ rule, key, step }, wake);
    }
    this.#onEarlier();
  }

  /** Due time of the earliest timer. */
  get nextWake(): number | undefined {
    return this.#timers.next();
  }

  due(now: number, limit: number): readonly StateKey[] {
    return this.#timers.due(now, limit);
  }

  timesOf({ rule, key, step }: StateKey): Pick<StateChange, 'expires' | 'wake'> | undefined {
    return this.#states.get(stepName(rule, step))?.get(key);
  }

  /** Number of timers; may include a few that were replaced. */
  get timers(): number {
    return this.#timers.size;
  }

  /** Called when `nextWake` has become earlier. */
  onEarlier(listener: () => void): void {
    this.#onEarlier = listener;
  }

  read(rule: string, key: string, step: string, now: number): unknown {
    const state = this.#states.get(stepName(rule, step))?.get(key);
    return state === undefined || state.expires <= now ? undefined : state.value;
  }

  each(rule: string, step: string, now: number): Iterable<readonly [string, unknown]> {
    const byKey = this.#states.get(stepName(rule, step));
    return byKey === undefined ? [] : unexpired(byKey, now);
  }

  apply(changes: Iterable<StateChange>): void {
    const before = this.#timers.next() ?? Number.POSITIVE_INFINITY;
    for (const change of changes) {
      const { rule, key, step } = change;
      if (isDeletion(change)) this.#delete(stepName(rule, step), key);
      else this.#set({ rule, key, step }, stateOf(change));
    }
    if ((this.#timers.next() ?? Number.POSITIVE_INFINITY) < before) this.#onEarlier();
  }

  /** Removes expired states when the number of states has doubled since the last sweep; returns whether it did. */
  sweep(now: number): boolean {
    if (this.#size < this.#sweepAt) return false;
    for (const [name, byKey] of this.#states) {
      for (const [key, { expires }] of byKey) if (expires <= now) this.#delete(name, key);
    }
    this.#sweepAt = Math.max(FIRST_SWEEP_SIZE, this.#size * 2);
    return true;
  }

  /** Replaces all states by the ones on disk. */
  load(stored: Iterable<StateChange>): void {
    this.#states = new Map();
    this.#size = 0;
    this.#timers = this.#newTimers();
    for (const one of stored) this.#set({ rule: one.rule, key: one.key, step: one.step }, stateOf(one));
    this.#sweepAt = Math.max(FIRST_SWEEP_SIZE, this.#size * 2);
    this.#onEarlier();
  }

  #set(stateKey: StateKey, state: StoredState): void {
    const name = stepName(stateKey.rule, stateKey.step);
    let byKey = this.#states.get(name);
    if (byKey === undefined) this.#states.set(name, (byKey = new Map<string, StoredState>()));
    if (!byKey.has(stateKey.key)) this.#size += 1;
    byKey.set(stateKey.key, state);
    if (state.wake !== undefined) this.#addTimer(stateKey, state.wake);
  }

  #delete(name: string, key: string): void {
    const byKey = this.#states.get(name);
    if (byKey?.delete(key) !== true) return;
    this.#size -= 1;
    if (byKey.size === 0) this.#states.delete(name);
  }

  #newTimers(): TimerHeap {
    return new TimerHeap((stateKey, at) => {
      const wake = this.timesOf(stateKey)?.wake;
      return wake !== undefined && wake + this.#delayOf(stateKey) === at;
    });
  }

  #addTimer(stateKey: StateKey, wake: number): void {
    this.#timers.add(stateKey, wake + this.#delayOf(stateKey));
  }
}

function* unexpired(byKey: ReadonlyMap<string, StoredState>, now: number): Iterable<readonly [string, unknown]> {
  for (const [key, { value, expires }] of byKey) if (expires > now) yield [key, value];
}

/** State changes to be written in one transaction. */
export interface StateWrites {
  readonly changes: Iterable<StateChange>;
  /** States that expired until this time are deleted too. Milliseconds since the epoch. */
  readonly deleteExpired?: number;
}

/** Changes of one call on top of the cache or of another overlay, invisible to other calls until `applyTo`. An abandoned overlay changes nothing. */
export class StateOverlay implements Memory, StateReader {
  readonly #below: StateReader;
  readonly #now: number;
  readonly #changes = new Map<string, StateChange>();

  constructor(below: StateReader, now: number) {
    this.#below = below;
    this.#now = now;
  }

  get changes(): readonly StateChange[] {
    return [...this.#changes.values()];
  }

  read(rule: string, key: string, step: string, now = this.#now): unknown {
    const change = this.#changes.get(stateName(rule, key, step));
    if (change === undefined) return this.#below.read(rule, key, step, now);
    return isPresent(change, now) ? change.value : undefined;
  }

  each(rule: string, step: string, now = this.#now): Iterable<readonly [string, unknown]> {
    return this.#changes.size === 0 ? this.#below.each(rule, step, now) : this.#eachChanged(rule, step, now);
  }

  *#eachChanged(rule: string, step: string, now: number): Iterable<readonly [string, unknown]> {
    for (const entry of this.#below.each(rule, step, now)) {
      if (!this.#changes.has(stateName(rule, entry[0], step))) yield entry;
    }
    for (const change of this.#changes.values()) {
      if (change.rule === rule && change.step === step && isPresent(change, now)) yield [change.key, change.value];
    }
  }

  add(changes: readonly StateChange[]): void {
    for (const change of changes) this.#changes.set(stateName(change.rule, change.key, change.step), change);
  }

  /** Makes the changes visible to later calls and returns the writes that the caller has to commit; undefined without changes. */
  applyTo(cache: StateCache): StateWrites | undefined {
    if (this.#changes.size === 0) return undefined;
    const { changes } = this;
    cache.apply(changes);
    return cache.sweep(this.#now) ? { changes, deleteExpired: this.#now } : { changes };
  }
}

function isPresent(change: StateChange, now: number): boolean {
  return !isDeletion(change) && change.expires > now;
}

export function isDeletion({ value }: StateChange): boolean {
  return value === null || value === undefined;
}

function stateOf({ value, expires, wake }: StateChange): StoredState {
  return wake === undefined ? { value, expires } : { value, expires, wake };
}

function stepName(rule: string, step: string): string {
  return `${rule}\u0000${step}`;
}

function stateName(rule: string, key: string, step: string): string {
  return `${rule}\u0000${step}\u0000${key}`;
}
