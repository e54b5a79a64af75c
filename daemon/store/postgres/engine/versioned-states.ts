import type { Memory, StateChange, StateKey } from '../../../core/flow/decision.ts';
import { isDeletion, StateCache, type StateOverlay } from '../../states.ts';

/** A state as the database has it; `value` null: there is none, and the version is 0. */
export interface VersionedState extends StateChange {
  readonly version: number;
}

/** All states of one step of a rule. */
interface Step {
  readonly versions: Map<string, number>;
  /** Highest version; undefined when it has to be found again. */
  highest: number | undefined;
}

/** Deletions of which the version is remembered, so that an earlier change that is request later does not bring the state back. */
const MAX_DELETIONS = 10_000;

/**
 * Rule states in memory with their versions in the database. The versions are those of the rows: a decision that was made on them is
 * refused when a row has another one.
 */
export class VersionedStates {
  readonly cache: StateCache;
  #steps = new Map<string, Step>();
  readonly #deletions = new Map<string, number>();

  /** `delayOf`: milliseconds after which this instance wakes a state that is another one's. */
  constructor(delayOf: (stateKey: StateKey) => number) {
    this.cache = new StateCache(delayOf);
  }

  load(states: readonly VersionedState[]): void {
    this.#steps = new Map();
    this.#deletions.clear();
    for (const state of states) this.#note(state);
    this.cache.load(states);
  }

  /** Version of a state; 0 when there is none. */
  versionOf({ rule, key, step }: StateKey): number {
    return this.#steps.get(stepName(rule, step))?.versions.get(key) ?? 0;
  }

  /** Number and highest version of the states of a step. */
  rangeOf(rule: string, step: string): { readonly count: number; readonly version: number } {
    const found = this.#steps.get(stepName(rule, step));
    if (found === undefined) return { count: 0, version: 0 };
    found.highest ??= highestOf(found.versions);
    return { count: found.versions.size, version: found.highest };
  }

  /** Takes changes that the database has made, except those that are older than what is here. */
  apply(changes: readonly VersionedState[]): void {
    const newer = changes.filter((change) => this.#isNewer(change));
    for (const change of newer) this.#note(change);
    this.cache.apply(newer);
  }

  /** Takes all states of a step as the database has them. */
  replaceStep(rule: string, step: string, states: readonly VersionedState[]): void {
    const wanted = new Set(states.map(({ key }) => key));
    const known = [...(this.#steps.get(stepName(rule, step))?.versions.keys() ?? [])];
    const gone = known.filter((key) => !wanted.has(key)).map((key) => deletion(rule, key, step));
    this.replace([...gone, ...states]);
  }

  /** Takes states as the database has them, whatever is here. */
  replace(states: readonly VersionedState[]): void {
    for (const state of states) this.#note(state);
    this.cache.apply(states);
  }

  #isNewer({ rule, key, step, version }: VersionedState): boolean {
    const known = this.#steps.get(stepName(rule, step))?.versions.get(key) ?? 0;
    return version > Math.max(known, this.#deletions.get(stateName(rule, key, step)) ?? 0);
  }

  #note(state: VersionedState): void {
    const { rule, key, step, version } = state;
    const name = stepName(rule, step);
    const found = this.#steps.get(name) ?? { versions: new Map<string, number>(), highest: 0 };
    if (isDeletion(state)) {
      if (found.versions.delete(key)) found.highest = undefined;
      if (found.versions.size === 0) this.#steps.delete(name);
      this.#noteDeletion(stateName(rule, key, step), version);
      return;
    }
    if (found.versions.has(key)) found.highest = undefined;
    else if (found.highest !== undefined) found.highest = Math.max(found.highest, version);
    found.versions.set(key, version);
    this.#steps.set(name, found);
  }

  #noteDeletion(name: string, version: number): void {
    if (version === 0) return;
    this.#deletions.delete(name);
    this.#deletions.set(name, version);
    if (this.#deletions.size > MAX_DELETIONS) this.#deletions.delete(this.#deletions.keys().next().value!);
  }
}

/** Notes which states decisions read, so that the database can compare them. */
export class ReadStates {
  readonly states = new Map<string, StateKey>();
  readonly ranges = new Map<string, { readonly rule: string; readonly step: string }>();

  note({ rule, key, step }: StateKey): void {
    this.states.set(stateName(rule, key, step), { rule, key, step });
  }

  /** The states of `overlay`, with a note of each that is read. */
  tracked(overlay: StateOverlay): Memory {
    return {
      read: (rule, key, step) => {
        this.note({ rule, key, step });
        return overlay.read(rule, key, step);
      },
      each: (rule, step) => {
        this.ranges.set(stepName(rule, step), { rule, step });
        return overlay.each(rule, step);
      },
    };
  }
}

function deletion(rule: string, key: string, step: string): VersionedState {
  return { rule, key, step, value: null, expires: 0, version: 0 };
}

function highestOf(versions: ReadonlyMap<string, number>): number {
  let highest = 0;
  for (const version of versions.values()) highest = Math.max(highest, version);
  return highest;
}

function stepName(rule: string, step: string): string {
  return `${rule}\u0000${step}`;
}

function stateName(rule: string, key: string, step: string): string {
  return `${rule}\u0000${step}\u0000${key}`;
}
