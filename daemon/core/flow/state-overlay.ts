import type { Memory, StateChange } from './decision.ts';

/** The states as they will be: what was remembered, and over it what this decision changes. */
export class Scratch implements Memory {
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
