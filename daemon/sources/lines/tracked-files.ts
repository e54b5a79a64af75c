import path from 'node:path';
import type { Globs } from '../watching/globs.ts';
import type { FileState, Scan } from '../watching/scan.ts';
import { TrackedFile } from './tracked-file.ts';
import { FILE_KEY, decodeRecord, encodeRecord, keyOf, type LineRecord, newRecord } from './record.ts';
import { idOf, InodeSearch } from './inode-search.ts';
import type { Checkpoint } from '../source.ts';

/** A stored record of a file that is not followed now. */
interface Stored {
  readonly key: string;
  readonly record: LineRecord;
  readonly value: string;
}

/** The monotonic and the wall clock, milliseconds. */
export interface Times {
  readonly now: number;
  readonly wall: number;
}

/** Missing files that are remembered: in a folder that is not mounted all files seem to be missing. */
const MAX_GONE = 10_000;

/**
 * The files that are followed. A file is identified by device and inode, so that it stays the same when it is renamed; a file
 * with several names is followed once.
 */
export class TrackedFiles {
  readonly #globs: Globs;
  readonly #byId = new Map<string, TrackedFile>();
  readonly #byPath = new Map<string, TrackedFile>();
  /** Renamed and deleted files that still have lines to read; a file that took such a name waits for them. */
  readonly #draining = new Set<TrackedFile>();
  readonly #due = new Set<TrackedFile>();
  /** By inode, the most recent last. */
  readonly #stored = new Map<string, Stored[]>();
  /** Checkpoints of missing files that are not saved yet. */
  #gone: Checkpoint[] = [];
  #hasNew = false;

  constructor(globs: Globs, checkpoints: ReadonlyMap<string, string>) {
    this.#globs = globs;
    for (const [key, value] of checkpoints) {
      const record = key.startsWith(FILE_KEY) ? decodeRecord(value) : undefined;
      if (record !== undefined) this.#remember({ key, record, value });
    }
  }

  /** Number of followed files whose path matches the globs. */
  get count(): number {
    return [...this.#byPath.keys()].filter((filePath) => this.#globs.matches(filePath)).length;
  }

  /** Paths of the followed files. */
  paths(): Iterable<string> {
    return this.#byPath.keys();
  }

  /** Queues a file to be read. */
  markDue(file: TrackedFile): void {
    if (this.#isTracked(file)) this.#due.add(file);
  }

  /** Takes the file that has been due for the longest time. A file that took the name of another one waits until that is read. */
  takeDue(isBusy: (file: TrackedFile) => boolean): TrackedFile | undefined {
    for (const file of this.#due) {
      if (isBusy(file) || this.#isBlocked(file)) continue;
      this.#due.delete(file);
      return file;
    }
    return undefined;
  }

  /** Files whose path does not match the globs any more. Their writer may use them for a short time yet. */
  orphans(): readonly TrackedFile[] {
    return [...this.#byId.values()].filter((file) => this.isOrphan(file));
  }

  /** Queues an orphan after a notification. Files that match the globs are compared by a scan instead. */
  hint(filePath: string): void {
    const file = this.#byPath.get(filePath);
    if (file !== undefined && this.isOrphan(file)) this.markDue(file);
  }

  isOrphan({ currentPath }: TrackedFile): boolean {
    return currentPath === undefined || !this.#globs.matches(currentPath);
  }

  /** Compares the followed files with a scan. `candidates`: paths that the scan covers. */
  async compare(seen: Scan, candidates: Iterable<string>, { now, wall }: Times): Promise<void> {
    const detached = new Set<TrackedFile>();
    for (const filePath of candidates) {
      const file = this.#byPath.get(filePath);
      if (file === undefined || this.isOrphan(file)) continue;
      if (!seen.files.has(filePath) && seen.covers(filePath)) this.#detach(file, detached);
    }
    for (const [filePath, state] of seen.files) {
      const file = this.#byPath.get(filePath);
      if (file === undefined || !isOf(state, file.record.ino))
        await this.#discover(filePath, state, detached, { now, wall });
      else if (file.state !== state) {
        file.state = state;
        this.#markActive(file, now);
      }
    }
    const search = new InodeSearch();
    for (const file of detached) if (file.currentPath === undefined) await this.locate(file, now, search);
  }

  /** Searches the folder of a file that is not at its path any more. */
  async locate(file: TrackedFile, now: number, search = new InodeSearch()): Promise<void> {
    if (!this.#isTracked(file)) return;
    if (file.currentPath !== undefined && this.#byPath.get(file.currentPath) === file)
      this.#byPath.delete(file.currentPath);
    file.currentPath = undefined;
    this.#draining.add(file);
    this.#markActive(file, now);
    const filePath = await search.find(file.record);
    if (filePath === undefined || (await idOf(filePath)) !== file.id) return;
    if (this.#isTracked(file) && file.currentPath === undefined) this.#move(file, filePath, now);
  }

  /** Finds files that were renamed while the source was stopped: they have a record, but no matching path. */
  async findRenamed(seen: Scan, { now, wall }: Times): Promise<void> {
    const search = new InodeSearch();
    for (const stored of [...this.#stored.values()].flat()) {
      const name = stored.record.path;
      if (stored.record.gone !== undefined || (this.#globs.matches(name) && !seen.covers(name))) continue;
      const filePath = this.#globs.matches(name) ? await search.find(stored.record) : undefined;
      const id = filePath === undefined ? undefined : await idOf(filePath);
      this.#forget(stored);
      if (id !== undefined && !this.#byId.has(id)) this.#resume(stored, id, filePath!, now);
      else this.#rememberGone(stored.key, stored.record, wall);
    }
  }

  /** The file has been read to its end. */
  endReached(file: TrackedFile): void {
    this.#draining.delete(file);
    if (file.currentPath !== undefined && file.isRenamed && this.#globs.matches(file.currentPath))
      file.rename(file.currentPath);
  }

  /** Stops following a file and remembers its position. */
  untrack(file: TrackedFile, wall: number): void {
    this.#draining.delete(file);
    this.#due.delete(file);
    this.#byId.delete(file.id);
    if (file.currentPath !== undefined && this.#byPath.get(file.currentPath) === file)
      this.#byPath.delete(file.currentPath);
    this.#rememberGone(file.key, file.record, wall);
  }

  /** Whether a file has no saved record yet, so that it could not be found if it were renamed after a crash. */
  get hasNew(): boolean {
    return this.#hasNew;
  }

  /** Checkpoints to save. Also deletes those of missing files beyond the limit. */
  unstored(): readonly Checkpoint[] {
    const checkpoints = [...this.#gone, ...this.#excessGone()];
    for (const file of this.#byId.values()) if (file.unstored !== undefined) checkpoints.push(file.unstored);
    return checkpoints;
  }

  /** Call when the checkpoints are durable. */
  stored(checkpoints: readonly Checkpoint[]): void {
    this.#hasNew = false;
    const values = new Map(checkpoints.map(({ key, value }) => [key, value]));
    this.#gone = this.#gone.filter(({ key }) => !values.has(key));
    for (const file of this.#byId.values()) file.stored = values.get(file.key) ?? file.stored;
  }

  #excessGone(): readonly Checkpoint[] {
    const gone = [...this.#stored.values()].flat().filter(({ record }) => record.gone !== undefined);
    if (gone.length <= MAX_GONE) return [];
    gone.sort((one, other) => one.record.gone! - other.record.gone!);
    const oldest = gone.slice(0, gone.length - MAX_GONE);
    for (const stored of oldest) this.#forget(stored);
    return oldest.map(({ key }) => ({ key, value: null }));
  }

  #isBlocked(file: TrackedFile): boolean {
    const isDraining = this.#draining.has(file);
    for (const other of this.#draining)
      if (other !== file && other.record.path === file.record.path && (!isDraining || other.precedes(file)))
        return true;
    return false;
  }

  async #discover(filePath: string, state: FileState, detached: Set<TrackedFile>, { now, wall }: Times): Promise<void> {
    const id = await idOf(filePath);
    // Another file than the scan has found may be one to which a link leads out of the folder; the next scan examines it.
    if (id === undefined || !isOf(state, inodeOf(id))) return;
    const before = this.#byPath.get(filePath);
    if (before?.id === id) return;
    if (before !== undefined) this.#detach(before, detached);
    const file = this.#byId.get(id);
    const isElsewhere = file?.currentPath !== undefined && (await idOf(file.currentPath)) === id;
    // The file may have been untracked in the meantime.
    if (file === undefined || !this.#isTracked(file)) return this.#track(filePath, state, id, { now, wall });
    if (isElsewhere) return;
    this.#draining.add(file);
    this.#move(file, filePath, now);
  }

  #track(filePath: string, state: FileState, id: string, { now, wall }: Times): void {
    const ino = inodeOf(id);
    const known = this.#stored.get(ino) ?? [];
    const stored = known.findLast(({ record }) => record.path === filePath) ?? known.at(-1);
    if (stored !== undefined) {
      this.#forget(stored);
      this.#gone = this.#gone.filter(({ key }) => key !== stored.key);
      const { gone: _, ...record } = stored.record;
      this.#resume({ ...stored, record }, id, filePath, now).state = state;
      return;
    }
    const record = newRecord(filePath, path.dirname(filePath), ino, wall);
    this.#hasNew = true;
    this.#add(new TrackedFile(keyOf(record), id, filePath, record, undefined), now).state = state;
  }

  #resume({ key, record, value }: Stored, id: string, filePath: string, now: number): TrackedFile {
    const file = this.#add(new TrackedFile(key, id, filePath, record, value), now);
    if (file.isRenamed) this.#draining.add(file);
    return file;
  }

  #add(file: TrackedFile, now: number): TrackedFile {
    this.#byId.set(file.id, file);
    this.#byPath.set(file.currentPath!, file);
    this.#markActive(file, now);
    return file;
  }

  #detach(file: TrackedFile, detached: Set<TrackedFile>): void {
    this.#byPath.delete(file.currentPath!);
    file.currentPath = undefined;
    detached.add(file);
  }

  #isTracked(file: TrackedFile): boolean {
    return this.#byId.get(file.id) === file;
  }

  #markActive(file: TrackedFile, now: number): void {
    this.markDue(file);
    file.lastActivity = now;
  }

  #move(file: TrackedFile, filePath: string, now: number): void {
    if (file.currentPath !== undefined && this.#byPath.get(file.currentPath) === file)
      this.#byPath.delete(file.currentPath);
    file.currentPath = filePath;
    this.#markActive(file, now);
    this.#byPath.set(filePath, file);
  }

  #rememberGone(key: string, record: LineRecord, wall: number): void {
    const gone = { ...record, gone: wall };
    const value = encodeRecord(gone);
    this.#remember({ key, record: gone, value });
    this.#gone.push({ key, value });
  }

  #remember(stored: Stored): void {
    const same = this.#stored.get(stored.record.ino);
    if (same === undefined) this.#stored.set(stored.record.ino, [stored]);
    else same.push(stored);
  }

  #forget({ key, record: { ino } }: Stored): void {
    const left = (this.#stored.get(ino) ?? []).filter((stored) => stored.key !== key);
    if (left.length === 0) this.#stored.delete(ino);
    else this.#stored.set(ino, left);
  }
}

/** Inode of `device:inode`. */
const inodeOf = (id: string): string => id.slice(id.indexOf(':') + 1);

function isOf(state: FileState, ino: string): boolean {
  return state.slice(state.lastIndexOf(',') + 1) === ino;
}
