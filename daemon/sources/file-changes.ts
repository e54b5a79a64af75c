import type { FileState } from './file-globs.ts';

export type ChangeKind = 'created' | 'changed' | 'deleted';

export interface Change {
  readonly file: string;
  readonly kind: ChangeKind;
  /** undefined: it is gone. */
  readonly state: FileState | undefined;
}

/**
 * What is known of each file, and what differs but has not come to rest. A change counts once the file has been in one state
 * for `settle` milliseconds, so a file that is being written is none yet, a rename over another is one, and several quick ones
 * are the last one. Pure: told what is seen and when, it tells what to report.
 */
export class FileChanges {
  readonly #settle: number;
  readonly #known: Map<string, FileState>;
  readonly #unsettled = new Map<string, { readonly state: FileState | undefined; readonly since: number }>();

  constructor(known: ReadonlyMap<string, FileState>, settle: number) {
    this.#known = new Map(known);
    this.#settle = settle;
  }

  get known(): ReadonlyMap<string, FileState> {
    return this.#known;
  }

  /** Files that have to be looked at again. */
  get unsettled(): readonly string[] {
    return [...this.#unsettled.keys()];
  }

  see(file: string, state: FileState | undefined, now: number): void {
    if (this.#known.get(file) === state) this.#unsettled.delete(file);
    else if (!this.#unsettled.has(file) || this.#unsettled.get(file)!.state !== state)
      this.#unsettled.set(file, { state, since: now });
  }

  /** What has come to rest. It stays due until it is `reported`. */
  due(now: number): readonly Change[] {
    const changes: Change[] = [];
    for (const [file, { state, since }] of this.#unsettled) {
      if (now - since < this.#settle) continue;
      const kind = state === undefined ? 'deleted' : this.#known.has(file) ? 'changed' : 'created';
      changes.push({ file, kind, state });
    }
    return changes;
  }

  /** Milliseconds until something may come to rest; undefined when nothing moves. */
  wait(now: number): number | undefined {
    let least: number | undefined;
    for (const { since } of this.#unsettled.values()) {
      const left = Math.max(0, since + this.#settle - now);
      if (least === undefined || left < least) least = left;
    }
    return least;
  }

  /** It is on disk that this was told. */
  reported({ file, state }: Change): void {
    if (state === undefined) this.#known.delete(file);
    else this.#known.set(file, state);
    if (this.#unsettled.get(file)?.state === state) this.#unsettled.delete(file);
  }
}
