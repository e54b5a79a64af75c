import type { Memory, StateChange, StatePlace } from '../core/flow/decision.ts';
import type { Writes } from './sqlite/commit/commit.ts';
import type { Row } from './sqlite/engine/protocol.ts';
import { fromColumn, toColumn } from './sqlite/engine/text.ts';
import { Wakes } from './timer-heap.ts';

interface Held {
  readonly value: unknown;
  readonly expires: number;
  readonly wake?: number;
}

/** So many states may be held before those of no more use are looked for the first time. */
const FIRST_SWEEP = 1024;

/** The memory of every rule step, whole in memory; what changes is written through with the decision that changed it. */
export class StateCache {
  /** By rule and step, then by key. */
  #held = new Map<string, Map<string, Held>>();
  #size = 0;
  #sweepAt = FIRST_SWEEP;
  #wakes = this.#newWakes();
  #earlier: () => void = () => undefined;

  /** When the next state is to be woken. */
  get nextWake(): number | undefined {
    return this.#wakes.next();
  }

  due(now: number, limit: number): readonly StatePlace[] {
    return this.#wakes.due(now, limit);
  }

  timesOf({ rule, key, step }: StatePlace): Pick<StateChange, 'expires' | 'wake'> | undefined {
    return this.#held.get(shelfOf(rule, step))?.get(key);
  }

  /** How many are to be woken; a few that are not any more may be among them. */
  get timers(): number {
    return this.#wakes.size;
  }

  /** Called when `nextWake` has become earlier. */
  onEarlier(listener: () => void): void {
    this.#earlier = listener;
  }

  read(rule: string, key: string, step: string, now: number): unknown {
    const held = this.#held.get(shelfOf(rule, step))?.get(key);
    return held === undefined || held.expires <= now ? undefined : held.value;
  }

  each(rule: string, step: string, now: number): Iterable<readonly [string, unknown]> {
    const shelf = this.#held.get(shelfOf(rule, step));
    return shelf === undefined ? [] : unexpired(shelf, now);
  }

  apply(changes: Iterable<StateChange>): void {
    const before = this.#wakes.next() ?? Number.POSITIVE_INFINITY;
    for (const change of changes) {
      const { rule, key, step, value, expires, wake } = change;
      if (isForgotten(change)) this.#delete(shelfOf(rule, step), key);
      else this.#set(rule, key, step, { value, expires, ...(wake !== undefined && { wake }) });
    }
    if ((this.#wakes.next() ?? Number.POSITIVE_INFINITY) < before) this.#earlier();
  }

  /** Drops what has expired when the number of states has doubled since the last time; `writes` takes the deletion too. */
  sweep(now: number, writes: Writes): void {
    if (this.#size < this.#sweepAt) return;
    for (const [shelf, states] of this.#held) {
      for (const [key, { expires }] of states) if (expires <= now) this.#delete(shelf, key);
    }
    this.#sweepAt = Math.max(FIRST_SWEEP, this.#size * 2);
    writes.add('statesExpired', now);
  }

  /** Takes what is on disk for what is true. */
  load(rows: readonly Row[]): void {
    this.#held = new Map();
    this.#size = 0;
    this.#wakes = this.#newWakes();
    for (const row of rows as [string, string, string, string, number, number | null][]) {
      const [rule, key, step, value, expires, wake] = row;
      const held = { value: JSON.parse(value) as unknown, expires, ...(wake !== null && { wake }) };
      this.#set(fromColumn(rule), fromColumn(key), fromColumn(step), held);
    }
    this.#sweepAt = Math.max(FIRST_SWEEP, this.#size * 2);
    this.#earlier();
  }

  #set(rule: string, key: string, step: string, held: Held): void {
    const name = shelfOf(rule, step);
    let shelf = this.#held.get(name);
    if (shelf === undefined) this.#held.set(name, (shelf = new Map<string, Held>()));
    if (!shelf.has(key)) this.#size += 1;
    shelf.set(key, held);
    if (held.wake !== undefined) this.#wakes.add({ rule, key, step }, held.wake);
  }

  #delete(name: string, key: string): void {
    const shelf = this.#held.get(name);
    if (shelf?.delete(key) !== true) return;
    this.#size -= 1;
    if (shelf.size === 0) this.#held.delete(name);
  }

  #newWakes(): Wakes {
    return new Wakes(({ rule, key, step }, at) => this.#held.get(shelfOf(rule, step))?.get(key)?.wake === at);
  }
}

function* unexpired(shelf: ReadonlyMap<string, Held>, now: number): Iterable<readonly [string, unknown]> {
  for (const [key, { value, expires }] of shelf) if (expires > now) yield [key, value];
}

/** What one call changes before it is known whether the call succeeds. */
export class StateOverlay implements Memory {
  readonly #cache: StateCache;
  readonly #now: number;
  readonly #changes = new Map<string, StateChange>();

  constructor(cache: StateCache, now: number) {
    this.#cache = cache;
    this.#now = now;
  }

  read(rule: string, key: string, step: string): unknown {
    const change = this.#changes.get(nameOf(rule, key, step));
    if (change === undefined) return this.#cache.read(rule, key, step, this.#now);
    return this.#isThere(change) ? change.value : undefined;
  }

  each(rule: string, step: string): Iterable<readonly [string, unknown]> {
    return this.#changes.size === 0 ? this.#cache.each(rule, step, this.#now) : this.#eachChanged(rule, step);
  }

  *#eachChanged(rule: string, step: string): Iterable<readonly [string, unknown]> {
    for (const entry of this.#cache.each(rule, step, this.#now)) {
      if (!this.#changes.has(nameOf(rule, entry[0], step))) yield entry;
    }
    for (const change of this.#changes.values()) {
      if (change.rule === rule && change.step === step && this.#isThere(change)) yield [change.key, change.value];
    }
  }

  add(changes: readonly StateChange[]): void {
    for (const change of changes) this.#changes.set(nameOf(change.rule, change.key, change.step), change);
  }

  /** Makes the changes visible to the calls after this one, and has them written. */
  keep(writes: Writes): void {
    if (this.#changes.size === 0) return;
    this.#cache.apply(this.#changes.values());
    for (const change of this.#changes.values()) {
      const { rule, key, step, value, expires, wake } = change;
      const name = [toColumn(rule), toColumn(key), toColumn(step)];
      if (isForgotten(change)) writes.add('stateGone', ...name);
      else
        writes.add('state', ...name, JSON.stringify(value), Math.min(expires, Number.MAX_SAFE_INTEGER), wake ?? null);
    }
    this.#cache.sweep(this.#now, writes);
  }

  #isThere(change: StateChange): boolean {
    return !isForgotten(change) && change.expires > this.#now;
  }
}

function isForgotten({ value }: StateChange): boolean {
  return value === null || value === undefined;
}

function shelfOf(rule: string, step: string): string {
  return `${rule}\u0000${step}`;
}

function nameOf(rule: string, key: string, step: string): string {
  return `${rule}\u0000${step}\u0000${key}`;
}
