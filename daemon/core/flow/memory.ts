/** Key of one row of state: a rule, a key of the rule, and the name of a flow step (`digest`, or `digest/3` for one of several rows). */
export interface StateKey {
  readonly rule: string;
  readonly key: string;
  readonly step: string;
}

/** A row of state to be stored. `expires` in milliseconds since the epoch: from then on the store may delete the row. */
export interface StateChange extends StateKey {
  /** null deletes the row. */
  readonly value: unknown;
  readonly expires: number;
  /** Time at which the step is to be woken, milliseconds since the epoch; without it never. A new value replaces the old wake time. */
  readonly wake?: number;
}

/** Read access to the stored state of all rules. Its values must not be changed. */
export interface Memory {
  /** undefined when there is none. */
  read(rule: string, key: string, step: string): unknown;
  /** Every key for which a step of a rule has state. */
  each(rule: string, step: string): Iterable<readonly [key: string, value: unknown]>;
}

/** `expires` of a row that does not expire. */
export const FOREVER = Number.MAX_SAFE_INTEGER;

/** State with the changes of one decision; the underlying state stays unchanged. */
export class StateOverlay implements Memory {
  readonly #memory: Memory;
  readonly #changes = new Map<string, StateChange>();

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  get changes(): readonly StateChange[] {
    return [...this.#changes.values()];
  }

  write(change: StateChange): void {
    this.#changes.set(nameOf(change.rule, change.key, change.step), change);
  }

  read(rule: string, key: string, step: string): unknown {
    const change = this.#changes.size === 0 ? undefined : this.#changes.get(nameOf(rule, key, step));
    return change === undefined ? this.#memory.read(rule, key, step) : (change.value ?? undefined);
  }

  each(rule: string, step: string): Iterable<readonly [string, unknown]> {
    return this.#changes.size === 0 ? this.#memory.each(rule, step) : this.#eachChanged(rule, step);
  }

  *#eachChanged(rule: string, step: string): Iterable<readonly [string, unknown]> {
    for (const entry of this.#memory.each(rule, step)) {
      if (!this.#changes.has(nameOf(rule, entry[0], step))) yield entry;
    }
    for (const change of this.#changes.values()) {
      if (change.rule === rule && change.step === step && change.value !== null) yield [change.key, change.value];
    }
  }
}

function nameOf(rule: string, key: string, step: string): string {
  return `${rule}\u0000${step}\u0000${key}`;
}
