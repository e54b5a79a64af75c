import path from 'node:path';
import type { Globs } from './globs.ts';
import { Hints } from './hints.ts';
import { type Scan, scan } from './scan.ts';

export interface WatcherDeps {
  readonly globs: Globs;
  readonly signal: AbortSignal;
  /** Called when this file or folder may have changed. */
  readonly onHint: (place: string) => void;
  /** The kernel sends no notifications, and why; undefined: it sends them again. */
  readonly onHintFault: (text: string | undefined) => void;
}

/** A scan of some places. */
export interface PartialScan {
  readonly seen: Scan;
  /** Known files that the scan covers; those that are not in `seen.files` may have been deleted. */
  readonly candidates: Iterable<string>;
}

/**
 * Finds the files that match globs. Scans are the truth; the kernel's notifications only say where to scan soon. Each scan sets a
 * watch on every folder before it reads its names, so that no file appears unnoticed in between.
 */
export class Watcher {
  readonly #globs: Globs;
  readonly #signal: AbortSignal;
  readonly #hints: Hints;

  constructor({ globs, signal, onHint, onHintFault }: WatcherDeps) {
    this.#globs = globs;
    this.#signal = signal;
    this.#hints = new Hints({ globs, onHint, onFault: onHintFault });
  }

  /** Scans once without watching. */
  firstScan(): Promise<Scan> {
    return scan(this.#globs, this.#bases(), this.#signal);
  }

  /** Scans everything; undefined when the signal aborted. */
  async scanAll(): Promise<Scan | undefined> {
    await this.#hints.watchParents();
    const seen = await this.#scan(this.#bases());
    if (seen !== undefined) this.#hints.reconcile(seen.folders);
    return seen;
  }

  /** Scans some files and folders; undefined when there are none or the signal aborted. `known`: all known files. */
  async scanPlaces(places: readonly string[], known: () => Iterable<string>): Promise<PartialScan | undefined> {
    if (places.length === 0) return undefined;
    if (this.#bases().some((base) => places.includes(base))) await this.#hints.watchParents();
    const seen = await this.#scan(places);
    if (seen === undefined) return undefined;
    const gone = places.filter((place) => this.watches(place) && !seen.folders.has(place) && seen.covers(place));
    for (const folder of gone) this.#hints.unwatch(folder);
    const isOnlyFiles = seen.folders.size === 0 && gone.length === 0;
    if (isOnlyFiles) return { seen, candidates: places };
    const scanned = new Set([...places, ...seen.folders]);
    return { seen, candidates: [...known()].filter((file) => isWithin(scanned, file)) };
  }

  /** Whether this is, or was a short time ago, a watched folder. */
  watches(folder: string): boolean {
    return this.#hints.watches(folder);
  }

  close(): void {
    this.#hints.close();
  }

  async #scan(places: readonly string[]): Promise<Scan | undefined> {
    const seen = await scan(this.#globs, places, this.#signal, (folder, id) => this.#hints.watchFolder(folder, id));
    return this.#signal.aborted ? undefined : seen;
  }

  #bases(): string[] {
    return this.#globs.bases.map((base) => base.path);
  }
}

function isWithin(places: ReadonlySet<string>, file: string): boolean {
  for (let at = file; at !== path.dirname(at); at = path.dirname(at)) if (places.has(at)) return true;
  return false;
}
