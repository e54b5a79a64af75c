import path from 'node:path';
import type { Globs } from './globs.ts';
import { Hints } from './hints.ts';
import { type Scan, scan } from './scan.ts';

export interface WatcherDeps {
  readonly globs: Globs;
  readonly signal: AbortSignal;
  /** Called when this file or folder may have changed. */
  readonly onHint: (location: string) => void;
  /** The kernel sends no notifications, and why; undefined: it sends them again. */
  readonly onHintFault: (text: string | undefined) => void;
}

/** A scan of some files and folders. */
export interface PartialScan {
  readonly seen: Scan;
  /** Known files that the scan covers; those that are not in `seen.files` may have been deleted. */
  readonly candidates: Iterable<string>;
}

/**
 * Finds the files that match globs. Scans decide; notifications of the kernel only show where to scan soon. Each scan sets a watch
 * on every folder before it reads its names, so that no new file is missed.
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
  async scanLocations(locations: readonly string[], known: () => Iterable<string>): Promise<PartialScan | undefined> {
    if (locations.length === 0) return undefined;
    if (this.#bases().some((base) => locations.includes(base))) await this.#hints.watchParents();
    const seen = await this.#scan(locations);
    if (seen === undefined) return undefined;
    const gone = locations.filter(
      (location) => this.watches(location) && !seen.folders.has(location) && seen.covers(location),
    );
    for (const folder of gone) this.#hints.unwatch(folder);
    const isOnlyFiles = seen.folders.size === 0 && gone.length === 0;
    if (isOnlyFiles) return { seen, candidates: locations };
    const scanned = new Set([...locations, ...seen.folders]);
    return { seen, candidates: [...known()].filter((file) => isWithin(scanned, file)) };
  }

  /** Whether this is, or was a short time ago, a watched folder. */
  watches(folder: string): boolean {
    return this.#hints.watches(folder);
  }

  /** Number of watched folders. */
  get folders(): number {
    return this.#hints.count;
  }

  close(): void {
    this.#hints.close();
  }

  async #scan(locations: readonly string[]): Promise<Scan | undefined> {
    const seen = await scan(this.#globs, locations, this.#signal, (folder, id) => this.#hints.watchFolder(folder, id));
    return this.#signal.aborted ? undefined : seen;
  }

  #bases(): string[] {
    return this.#globs.bases.map((base) => base.path);
  }
}

function isWithin(locations: ReadonlySet<string>, file: string): boolean {
  for (let at = file; at !== path.dirname(at); at = path.dirname(at)) if (locations.has(at)) return true;
  return false;
}
