import type { FileState } from '../watching/scan.ts';

export type ChangeKind = 'created' | 'changed' | 'deleted';

export interface FileChange {
  readonly file: string;
  readonly kind: ChangeKind;
  /** undefined: the file does not exist. */
  readonly state: FileState | undefined;
  /** The state in the snapshot; undefined: the file is not in it. */
  readonly before: FileState | undefined;
}

/**
 * The snapshot of the files and the differences from it that have not settled yet. A change settles when the file has been in one
 * state for `settle` milliseconds: a file that is being written makes no event, a rename over another file makes one, and of
 * several quick changes only the last counts. Pure: the caller passes observations and times, and gets the due changes.
 */
export class FileChanges {
  readonly #settle: number;
  readonly #known: Map<string, FileState>;
  readonly #unsettled = new Map<string, { readonly state: FileState | undefined; readonly since: number }>();

  /** Takes ownership of `known`. */
  constructor(known: Map<string, FileState>, settle: number) {
    this.#known = known;
    this.#settle = settle;
  }

  isKnown(file: string): boolean {
    return this.#known.has(file) || this.#unsettled.has(file);
  }

  /** Number of files of the snapshot. */
  get count(): number {
    return this.#known.size;
  }

  /** Every file of the snapshot and every unsettled one. */
  *all(): Iterable<string> {
    yield* this.#known.keys();
    for (const file of this.#unsettled.keys()) if (!this.#known.has(file)) yield file;
  }

  /** Files with a change that was not reported. */
  get unsettled(): readonly string[] {
    return [...this.#unsettled.keys()];
  }

  /** Records the present state of a file. `changedAt` is the time of its last change; if absent, a new state dates from `now`. */
  observe(file: string, state: FileState | undefined, now: number, changedAt?: number): void {
    const seen = this.#unsettled.get(file);
    if (this.#known.get(file) === state) this.#unsettled.delete(file);
    else if (seen === undefined || seen.state !== state) this.#unsettled.set(file, { state, since: changedAt ?? now });
    else if (changedAt !== undefined && changedAt > seen.since) this.#unsettled.set(file, { state, since: changedAt });
  }

  /** Restarts the settling of a file that cannot be read or is changing. */
  unsettle(file: string, now: number): void {
    const seen = this.#unsettled.get(file);
    if (seen !== undefined) this.#unsettled.set(file, { state: seen.state, since: now });
  }

  /** Changes that have settled. Each stays due until `markReported`. */
  due(now: number): readonly FileChange[] {
    const changes: FileChange[] = [];
    for (const [file, { state, since }] of this.#unsettled) {
      if (now - since < this.#settle) continue;
      const before = this.#known.get(file);
      const kind = state === undefined ? 'deleted' : before === undefined ? 'created' : 'changed';
      changes.push({ file, kind, state, before });
    }
    return changes;
  }

  /** Milliseconds until the next change may settle; undefined when none is unsettled. */
  nextDueIn(now: number): number | undefined {
    let least: number | undefined;
    for (const { since } of this.#unsettled.values()) {
      const left = Math.max(0, since + this.#settle - now);
      if (least === undefined || left < least) least = left;
    }
    return least;
  }

  /** Moves the snapshot on after the event is durable. */
  markReported({ file, state }: FileChange): void {
    if (state === undefined) this.#known.delete(file);
    else this.#known.set(file, state);
    const seen = this.#unsettled.get(file);
    if (seen !== undefined && seen.state === state) this.#unsettled.delete(file);
  }
}
