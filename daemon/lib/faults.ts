import type { Log } from './log.ts';

/**
 * Ongoing faults of one component, by kind. `onChange` gets the texts of all kinds, joined, and only when they have changed: a
 * fault that occurs again each second is reported once. undefined: there is no fault any more.
 */
export class Faults<Kind extends string> {
  readonly #onChange: (text: string | undefined) => void;
  readonly #texts = new Map<Kind, string>();

  constructor(onChange: (text: string | undefined) => void) {
    this.#onChange = onChange;
  }

  /** undefined: this kind of fault is over, or has not occurred. */
  set(kind: Kind, text: string | undefined): void {
    if (text === this.#texts.get(kind)) return;
    if (text === undefined) this.#texts.delete(kind);
    else this.#texts.set(kind, text);
    this.#onChange(this.#texts.size === 0 ? undefined : [...this.#texts.values()].join('; '));
  }
}

/** Logs a fault as an error once when it begins or changes, and the line `over` once when it ends. */
export function faultLog(log: Log, over: string): (text: string | undefined) => void {
  const faults = new Faults<'fault'>((text) => (text === undefined ? log.info(over) : log.error(text)));
  return (text) => faults.set('fault', text);
}

/** Lets each key pass once per interval. When `MAX_KEYS` are remembered all are forgotten, so memory stays bounded. */
export class RepeatLimit {
  readonly #intervalMs: number;
  readonly #passedAt = new Map<string, number>();

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  /** `now` in milliseconds, by any clock that does not go back. */
  passes(key: string, now: number): boolean {
    const last = this.#passedAt.get(key);
    if (last !== undefined && now - last < this.#intervalMs) return false;
    if (this.#passedAt.size >= MAX_KEYS) this.#passedAt.clear();
    this.#passedAt.set(key, now);
    return true;
  }
}

const MAX_KEYS = 10_000;
