import type { StateChange } from '../core/decision.ts';
import type { Writes } from './commit.ts';
import type { Row } from './protocol.ts';
import { fromColumn, toColumn } from './text.ts';

interface Held {
  readonly value: unknown;
  readonly expires: number;
}

/** So many states may be held before those of no more use are looked for the first time. */
const FIRST_SWEEP = 1024;

/** The memory of every rule step, whole in memory; what changes is written through with the decision that changed it. */
export class StateCache {
  #held = new Map<string, Held>();
  #sweepAt = FIRST_SWEEP;

  read(rule: string, key: string, step: string, now: number): unknown {
    const held = this.#held.get(nameOf(rule, key, step));
    return held === undefined || held.expires <= now ? undefined : held.value;
  }

  apply(changes: Iterable<StateChange>): void {
    for (const change of changes) {
      const name = nameOf(change.rule, change.key, change.step);
      if (isForgotten(change)) this.#held.delete(name);
      else this.#held.set(name, { value: change.value, expires: change.expires });
    }
  }

  /** Drops what has expired when the number of states has doubled since the last time; `writes` takes the deletion too. */
  sweep(now: number, writes: Writes): void {
    if (this.#held.size < this.#sweepAt) return;
    for (const [name, held] of this.#held) if (held.expires <= now) this.#held.delete(name);
    this.#sweepAt = Math.max(FIRST_SWEEP, this.#held.size * 2);
    writes.add('statesExpired', now);
  }

  /** Takes what is on disk for what is true. */
  load(rows: readonly Row[]): void {
    this.#held = new Map();
    for (const [rule, key, step, value, expires] of rows as [string, string, string, string, number][]) {
      const name = nameOf(fromColumn(rule), fromColumn(key), fromColumn(step));
      this.#held.set(name, { value: JSON.parse(value), expires });
    }
    this.#sweepAt = Math.max(FIRST_SWEEP, this.#held.size * 2);
  }
}

/** What one call changes before it is known whether the call succeeds. */
export class StateOverlay {
  readonly #cache: StateCache;
  readonly #now: number;
  readonly #changes = new Map<string, StateChange>();

  constructor(cache: StateCache, now: number) {
    this.#cache = cache;
    this.#now = now;
  }

  readonly read = (rule: string, key: string, step: string): unknown => {
    const change = this.#changes.get(nameOf(rule, key, step));
    if (change === undefined) return this.#cache.read(rule, key, step, this.#now);
    return isForgotten(change) || change.expires <= this.#now ? undefined : change.value;
  };

  add(changes: readonly StateChange[]): void {
    for (const change of changes) this.#changes.set(nameOf(change.rule, change.key, change.step), change);
  }

  /** Makes the changes visible to the calls after this one, and has them written. */
  keep(writes: Writes): void {
    this.#cache.apply(this.#changes.values());
    for (const change of this.#changes.values()) {
      const { rule, key, step, value, expires } = change;
      const name = [toColumn(rule), toColumn(key), toColumn(step)];
      if (isForgotten(change)) writes.add('stateGone', ...name);
      else writes.add('state', ...name, JSON.stringify(value), Math.min(expires, Number.MAX_SAFE_INTEGER));
    }
    if (this.#changes.size > 0) this.#cache.sweep(this.#now, writes);
  }
}

function isForgotten(change: StateChange): boolean {
  return change.value === null || change.value === undefined;
}

function nameOf(rule: string, key: string, step: string): string {
  return `${rule}\u0000${step}\u0000${key}`;
}
