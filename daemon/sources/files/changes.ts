import type { FileState } from '../watching/scan.ts';

export type ChangeKind = 'created' | 'changed' | 'deleted';

export interface Change {
  readonly file: string;
  readonly kind: ChangeKind;
  /** undefined: it is gone. */
  readonly state: FileState | undefined;
  /** What was known of it; undefined: nothing. */
  readonly before: FileState | undefined;
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

  /** `known` is its own from now on. */
  constructor(known: Map<string, FileState>, settle: number) {
    this.#known = known;
    this.#settle = settle;
  }

  isKnown(file: string): boolean {
    return this.#known.has(file) || this.#unsettled.has(file);
  }

  /** Every file that may be there. */
  *all(): Iterable<string> {
    yield* this.#known.keys();
    for (const file of this.#unsettled.keys()) if (!this.#known.has(file)) yield file;
  }

  /** Files whose last change was not told. */
  get unsettled(): readonly string[] {
    return [...this.#unsettled.keys()];
  }

  /** `moved` is when it last moved, if that is known; a state that is new may be as new as `now`. */
  see(file: string, state: FileState | undefined, now: number, moved?: number): void {
    const seen = this.#unsettled.get(file);
    if (this.#known.get(file) === state) this.#unsettled.delete(file);
    else if (seen === undefined || seen.state !== state) this.#unsettled.set(file, { state, since: moved ?? now });
    else if (moved !== undefined && moved > seen.since) this.#unsettled.set(file, { state, since: moved });
  }

  /** It cannot be looked at, or moves just now: it has to rest anew. */
  unsettle(file: string, now: number): void {
    const seen = this.#unsettled.get(file);
    if (seen !== undefined) this.#unsettled.set(file, { state: seen.state, since: now });
  }

  /** What has been in one state for long enough, as far as anybody looked. It stays due until it is `reported`. */
  due(now: number): readonly Change[] {
    const changes: Change[] = [];
    for (const [file, { state, since }] of this.#unsettled) {
      if (now - since < this.#settle) continue;
      const before = this.#known.get(file);
      const kind = state === undefined ? 'deleted' : before === undefined ? 'created' : 'changed';
      changes.push({ file, kind, state, before });
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
    const seen = this.#unsettled.get(file);
    if (seen !== undefined && seen.state === state) this.#unsettled.delete(file);
  }
}
